"""An exchange of several processes: started, replaced and ended together, and never more than one of them meters."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from commands import Commands
from exchange_world import World
from exchanges import ENDED_WHEN_IT_TELLS, PATIENCE, Exchange, exchange, signed_in
from region_world import PLATFORM, Place, region_of
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.client import ExchangeClient
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.index.queries import metered_for
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.order_file import OrderFile
from creditchain.store.deliveries import Deliveries, DeliveryState
from postgres import Postgres


class At(Commands):
    def __init__(self, place: Place, address: DatabaseAddress) -> None:
        self._options = [*place.options, "--database", address.given]


def workers_of(first: int) -> list[int]:
    """The processes that a process started."""
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(first)], capture_output=True, text=True, check=False)
    return [int(one) for one in told.stdout.split()]


def until_gone(processes: list[int]) -> None:
    """Wait until processes ended, that may be nobody's children here."""
    end = time.monotonic() + PATIENCE
    for one in processes:
        while Path(f"/proc/{one}").exists():
            assert time.monotonic() < end, f"process {one} goes on"
            time.sleep(0.05)


def counts(place: Place, world: World, address: DatabaseAddress) -> dict[DeliveryState, int]:
    with open_journal(place.folder / "home" / "journal.sqlite", address) as journal:
        return Deliveries(journal, world.region.deployment.log_id).counts(PLATFORM)


def until_metered(place: Place, world: World, address: DatabaseAddress, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while counts(place, world, address)[DeliveryState.METERED] < count:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_with_an_sqlite_file_one_worker_is_all(kept: Kept, tmp_path: Path) -> None:
    place = kept.fresh(tmp_path / "world")
    with (
        pytest.raises(AssertionError, match="several workers need a journal in PostgreSQL"),
        exchange(place, PLATFORM, "--workers", "2"),
    ):
        pytest.fail("it serves")


def asked(running: Exchange, world: World, consent: PackagedConsent, requests: int, first: int) -> None:
    """Ask for reports, each over a connection of its own, so that both workers get some."""
    for nonce in range(first, first + requests):
        with running.client() as client:
            bank = signed_in(client, world.key(BANK), BANK)
            answer = bank.post(
                "/v1/reports", content=world.request(consent, nonce=nonce).to_json(),
                headers={"Content-Type": "application/json"},
            )  # fmt: skip
            assert answer.status_code == 200, answer.text


def test_workers_are_replaced_and_end_together(kept: Kept, tmp_path: Path, postgres: Postgres) -> None:
    place, address = kept.fresh(tmp_path / "world"), postgres.database()
    with region_of(place) as region:
        consent = granted(opened(place), region, uses=20)
    At(place, address).done("journal", "move")
    words = ("--workers", "2", "--meter-after", "0", "--database", address.given)
    with region_of(place) as region, exchange(place, PLATFORM, *words) as running:
        world = World(opened(place), region, running, httpx.Client())
        first = world.request(consent).request.nonce
        asked(running, world, consent, 3, first)
        until_metered(place, world, address, 3)

        # Each of them is killed in turn, the one that meters too.
        for place_of, killed in enumerate(workers_of(running.process.pid)):
            os.kill(killed, signal.SIGKILL)
            asked(running, world, consent, 2, first + 3 + 2 * place_of)
            until_metered(place, world, address, 5 + 2 * place_of)
        now = workers_of(running.process.pid)
        assert len(now) == 2
        assert killed not in now
        told = httpx.get(running.url + "/metrics").text
        assert "creditchain_exchange_delivered_total" in told

        assert running.stop() == 0
        until_gone(now)
        requests = [world.request(consent, nonce=first + at).request for at in range(7)]
        assert len(metered_for(region, requests)) == 7
        assert counts(place, world, address) == {**dict.fromkeys(DeliveryState, 0), DeliveryState.METERED: 7}


def test_an_order_is_delivered_once_whichever_worker_has_it(kept: Kept, tmp_path: Path, postgres: Postgres) -> None:
    """Each call over a connection of its own; all workers are killed once it is accepted."""
    place, address = kept.fresh(tmp_path / "world"), postgres.database()
    with region_of(place) as region:
        consent = granted(opened(place), region, uses=1)
    At(place, address).done("journal", "move")
    words = ("--workers", "2", "--meter-after", "0", "--database", address.given)
    with region_of(place) as region, exchange(place, PLATFORM, *words) as running:
        world = World(opened(place), region, running, httpx.Client())
        file, log_id = world.request(consent), region.deployment.log_id
        order = file.request.id

        def client(node: int) -> ExchangeClient:
            return ExchangeClient(running.url, log_id, node, world.key(node), patience=PATIENCE)

        for _ in range(3):
            with client(BANK) as bank:
                bank.place(OrderFile(file))
        with client(PLATFORM) as officer:
            officer.accept(order)
        for killed in workers_of(running.process.pid):
            os.kill(killed, signal.SIGKILL)
        packages, end = set(), time.monotonic() + PATIENCE
        while len(packages) == 0:
            assert time.monotonic() < end
            with client(BANK) as bank:
                if bank.order(order)["state"] == "delivered":
                    packages = {bank.fetch(order).package, bank.fetch(order).package}
        assert len(packages) == 1
        with client(BANK) as bank:
            bank.received(order)
        until_metered(place, world, address, 1)
        assert sum(counts(place, world, address).values()) == 1


def test_workers_end_when_the_first_process_is_killed(kept: Kept, tmp_path: Path, postgres: Postgres) -> None:
    place, address = kept.fresh(tmp_path / "world"), postgres.database()
    At(place, address).done("journal", "move")
    words = ("--workers", "2", "--database", address.given)
    with exchange(place, PLATFORM, *words) as running:
        orphans = workers_of(running.process.pid)
        assert len(orphans) == 2
        assert running.stop(signal.SIGKILL) == -signal.SIGKILL
        until_gone(orphans)
    # A signal at the very moment when all serve is a good end for each of them.
    with exchange(place, PLATFORM, *words, command=ENDED_WHEN_IT_TELLS) as ended:
        assert ended.process.wait(PATIENCE) == 0, ended.log.read_text()
        assert "did not end well" not in ended.log.read_text()
    with exchange(place, PLATFORM, *words) as again:
        assert httpx.get(again.url + "/healthz").status_code == 200
