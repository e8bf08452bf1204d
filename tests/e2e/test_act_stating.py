"""Tag statements without the command line: who may state is checked when a statement is made, not when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from region_world import GOVERNOR, PLATFORM, REGULATOR, SOURCE, TAG_KEY, anchor_documents, region_of, send
from worlds import kept_region

from creditchain.acts.stating import check_statement, put_statement, state_tag
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import ConfigError, InputError, NotValidError, RefusedError
from creditchain.hashing import keccak256
from creditchain.log.views import Admission
from creditchain.packages.record_package import RecordPackage
from creditchain.vocabulary import Role

SECOND_PLATFORM = 4


@dataclass(frozen=True)
class World:
    """A region with two platforms and one record. Nothing here writes, so all tests share it."""

    region: Region
    package: RecordPackage


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as kept:
        packages = anchor_documents(kept.place, (2024,), 1)
        with region_of(kept.place) as region:
            operator = dev_signer(SECOND_PLATFORM, region.chain).address
            admission = Admission(operator, Role.PLATFORM, 310000, 0, 1, 0, keccak256(b"second"))
            send(kept.place, region, GOVERNOR, "admit second", region.calls.admit(admission))
            yield World(region, packages[0])


def test_a_platform_states_and_it_holds(world: World) -> None:
    region, package = world.region, world.package
    bare = replace(package, tag=replace(package.tag, statement=None))
    statement = state_tag(region, dev_signer(PLATFORM, region.chain), PLATFORM, package.record.subject, TAG_KEY)
    assert check_statement(region, statement, TAG_KEY).computed
    assert put_statement(region, bare, statement).tag.statement == statement


@pytest.mark.parametrize(
    ("key", "node"),
    [
        (SOURCE, SOURCE),
        (REGULATOR, REGULATOR),
        (SOURCE, PLATFORM),
        (PLATFORM, SECOND_PLATFORM),
        (PLATFORM, 99),
        (40, PLATFORM),
    ],
)
def test_nobody_else_states(world: World, key: int, node: int) -> None:
    region = world.region
    with pytest.raises(InputError):
        state_tag(region, dev_signer(key, region.chain), node, world.package.record.subject, TAG_KEY)


def test_a_key_of_no_epoch(world: World) -> None:
    region = world.region
    with pytest.raises(ConfigError):
        state_tag(region, dev_signer(PLATFORM, region.chain), PLATFORM, world.package.record.subject, bytes(31) + b"1")


def test_a_statement_that_holds_is_not_replaced_by_another_platforms(world: World) -> None:
    region, package = world.region, world.package
    signer = dev_signer(SECOND_PLATFORM, region.chain)
    other = state_tag(region, signer, SECOND_PLATFORM, package.record.subject, TAG_KEY)
    with pytest.raises(RefusedError, match="platform 2"):
        put_statement(region, package, other)
    assert put_statement(region, package, other, instead=True).tag.statement == other


def test_a_statement_that_does_not_hold_is_replaced(world: World) -> None:
    region, package = world.region, world.package
    assert package.tag.statement is not None
    bent = replace(package.tag.statement, signature=bytes(64) + b"\x1b")
    with pytest.raises(NotValidError):
        check_statement(region, bent)
    signer = dev_signer(SECOND_PLATFORM, region.chain)
    other = state_tag(region, signer, SECOND_PLATFORM, package.record.subject, TAG_KEY)
    bad = replace(package, tag=replace(package.tag, statement=bent))
    assert put_statement(region, bad, other).tag.statement == other


def test_a_statement_about_another_enterprise(world: World) -> None:
    region, package = world.region, world.package
    signer = dev_signer(PLATFORM, region.chain)
    other = replace(package.record.subject, number="91330100799655058B")
    if other == package.record.subject:
        other = replace(other, number="914403001922038216")
    with pytest.raises(InputError, match="not this subject's"):
        put_statement(region, package, state_tag(region, signer, PLATFORM, other, TAG_KEY))
