"""What tests build on: a kept world is the same each time, and no test takes another's away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from region_world import GOVERNOR, SOURCE, Place, region_of, send
from worlds import Kept, kept_region

from creditchain.chain.connect import LogRange
from creditchain.chain.deployments import check_deployment
from creditchain.documents import Domain, domain_mask


def _act(place: Place) -> None:
    with region_of(place) as region:
        changed = domain_mask([Domain.TAX if region.log_size() % 2 else Domain.REGISTRY])
        send(place, region, GOVERNOR, f"domains {region.log_size()}", region.calls.set_domains(SOURCE, changed))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("anvil", tmp_path_factory.mktemp("region"), _act) as made:
        yield made


def _story(place: Place) -> list[object]:
    """Every block, what the log was then, and all events."""
    with region_of(place) as region:
        check_deployment(region.chain, region.deployment)
        head = region.chain.head().number
        log = region.deployment.contracts["RegionLog"]
        heads = [region.log_head(block) for block in range(log.block, head + 1)]
        logs = region.chain.logs(LogRange((log.address,), (), 0, head))
        return [head, [region.chain.block(number) for number in range(head + 1)], heads, list(logs)]


def test_a_lasting_world_stays_while_fresh_ones_come_and_go(kept: Kept, tmp_path: Path) -> None:
    before = _story(kept.place)
    with kept.lasting(tmp_path / "lasting") as lasting:
        assert _story(lasting) == before
        _act(lasting)
        after = _story(lasting)
        assert after != before
        for again in range(2):
            fresh = kept.fresh(tmp_path / f"fresh {again}")
            assert _story(fresh) == before
            _act(fresh)
        assert _story(lasting) == after
