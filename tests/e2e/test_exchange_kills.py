"""An exchange that is killed again and again under load: what was handed out is metered, each delivery once."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from exchange_world import World
from exchanges import Exchange, exchange
from region_world import PLATFORM, region_of
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.client import ExchangeClient
from creditchain.index.queries import metered_for
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import DeliveryState
from ports import reserved_port

CLIENTS = 4


@pytest.mark.parametrize(
    ("kills", "requests"), [(2, 8), pytest.param(10, 60, marks=pytest.mark.slow)], ids=["twice", "ten times"]
)
def test_killed_under_load(kept: Kept, tmp_path: Path, kills: int, requests: int) -> None:
    place = kept.fresh(tmp_path / "world")
    with region_of(place) as region, reserved_port() as port:
        words = ("--meter-after", "1", "--port", str(port))
        url, done, seed = f"http://127.0.0.1:{port}", threading.Event(), random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}, kills {kills}, requests {requests}")
        chance = random.Random(seed)  # noqa: S311 - a test

        def kept_running() -> None:
            """Serve, and be killed at random moments, until the load is over."""
            for _ in range(kills):
                with exchange(place, PLATFORM, *words) as one:
                    done.wait(chance.uniform(0.2, 4.0))
                    one.stop(signal.SIGKILL)
            with exchange(place, PLATFORM, *words) as last:
                done.wait()
                _wait_for_metering(last, world, requests)

        # The exchange that the world names is whichever runs.
        world = World(opened(place), region, None, None)  # type: ignore[arg-type]
        consent = granted(world.market, region, uses=requests)
        first = world.request(consent)
        files = [first, *(world.request(consent, nonce=first.request.nonce + more) for more in range(1, requests))]
        key = world.key(BANK)

        def asked(part: list[RequestFile]) -> list[bytes]:
            with ExchangeClient(url, region.deployment.log_id, BANK, key, patience=600) as client:
                return [client.ask(file).package for file in part]

        with ThreadPoolExecutor(CLIENTS + 1) as together:
            serving = together.submit(kept_running)
            try:
                parts = [files[start::CLIENTS] for start in range(CLIENTS)]
                packages = [one for part in together.map(asked, parts) for one in part]
            finally:
                done.set()
            serving.result()
        counts, on_chain = world.deliveries(), metered_for(region, [one.request for one in files])
        print(f"delivered {len(packages)}, journaled {sum(counts.values())}, on chain {len(on_chain)}")
        assert counts == {**dict.fromkeys(DeliveryState, 0), DeliveryState.METERED: requests}
        handed = {parse_report_package(one).report.commitment for one in packages}
        assert {one.item.report for one in on_chain.values()} == handed
        assert {one.item.flags for one in on_chain.values()} == {0}
        assert len(on_chain) == len(handed) == requests


def _wait_for_metering(running: Exchange, world: World, requests: int) -> None:
    while world.deliveries()[DeliveryState.METERED] < requests:
        assert running.process.poll() is None, running.log.read_text()
        time.sleep(0.1)
