"""Orders over real HTTP: placed, looked at, accepted or declined, delivered once whatever is killed when."""

from __future__ import annotations

import base64
import secrets
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from exchange_world import World, exchange_world
from exchanges import PATIENCE, exchange
from region_world import PLATFORM, SOURCE, Place, pass_time, region_of
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.client import ExchangeClient, ExchangeRefusedError
from creditchain.index.queries import metered_for
from creditchain.messages import NO_KEY, salted_digest
from creditchain.packages.order_file import OrderFile, parse_order
from creditchain.packages.report_package import parse_report_package
from creditchain.store.deliveries import DeliveryState
from creditchain.store.orders import OrderState
from ports import reserved_port

SCAN, SALT = b"%PDF-1.7 the scan", bytes(range(32))


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    return kept.fresh(tmp_path / "world")


def client(world: World, node: int, url: str = "") -> ExchangeClient:
    log_id = world.region.deployment.log_id
    clock = lambda: max(time.time(), world.region.chain.head().time)  # noqa: E731 - as the exchange dates
    return ExchangeClient(url or world.exchange.url, log_id, node, world.key(node), patience=PATIENCE, clock=clock)


def refused(act: Any, status: int, code: str) -> None:
    with pytest.raises(ExchangeRefusedError) as caught:
        act()
    assert (caught.value.status, caught.value.code) == (status, code)


def until(asking: ExchangeClient, order: bytes, state: OrderState) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while (found := asking.order(order))["state"] != state:
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def test_from_placed_to_metered(place: Place, tmp_path: Path) -> None:
    with exchange_world(place) as world, client(world, BANK) as bank, client(world, PLATFORM) as officer:
        file = world.request(granted(world.market, world.region, uses=1))
        order, own = file.request.id, OrderFile(file)
        assert bank.place(own)["state"] == "placed"
        again = bank.place(own)
        assert (again["order"], len(bank.orders())) == ("0x" + order.hex(), 1)
        refused(lambda: bank.fetch(order), 409, "order-state")
        refused(lambda: bank.accept(order), 403, "not-this-side")
        refused(lambda: officer.received(order), 403, "not-this-side")
        with client(world, SOURCE) as stranger:
            refused(lambda: stranger.order(order), 404, "order-unknown")
            refused(lambda: stranger.place(own), 403, "not-the-asker")
            assert stranger.orders() == []
        assert parse_order(officer.ordered(order)) == own
        assert [one["order"] for one in officer.orders()] == ["0x" + order.hex()]
        assert officer.accept(order)["state"] in ("accepted", "assembling", "delivered")
        until(bank, order, OrderState.DELIVERED)
        refused(lambda: officer.decline(order, "too late"), 409, "order-state")
        first, second = bank.fetch(order).package, bank.fetch(order).package
        assert first == second
        bank.received(order)
        bank.received(order)
        refused(lambda: bank.fetch(order), 410, "order-forgotten")
        times = until(bank, order, OrderState.METERED)["times"]
        assert list(times) == ["placed", "accepted", "assembling", "delivered", "received", "metered"]
        assert list(times.values()) == sorted(times.values())
        code, found = world.market.verify(parse_report_package(first), tmp_path)
        assert code == 0, [one for one in found["steps"] if one["outcome"] != "passed"]
        assert sum(world.deliveries().values()) == 1
        assert "creditchain_exchange_delivered_total 1.0" in world.client.get("/metrics").text.splitlines()


def test_a_paper_consent_is_looked_at_and_declined(place: Place) -> None:
    with exchange_world(place) as world, client(world, BANK) as bank, client(world, PLATFORM) as officer:
        consent = granted(world.market, world.region, key=NO_KEY, paper=salted_digest(SALT, SCAN))
        file = world.request(consent)
        other = OrderFile(file, SALT, SCAN + b" altered").to_json()
        headers = {"Content-Type": "application/json"}
        answer = world.bank().post("/v1/orders", content=other, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "content")
        assert bank.orders() == []
        order = file.request.id
        bank.place(OrderFile(file, SALT, SCAN))
        assert parse_order(officer.ordered(order)).paper == SCAN
        refused(lambda: officer.decline(order, "two\nlines"), 422, "input")
        found = officer.decline(order, "The paper has no seal.")
        assert (found["state"], found["reason"]) == ("declined", "The paper has no seal.")
        assert bank.order(order)["reason"] == "The paper has no seal."
        refused(lambda: officer.accept(order), 409, "order-state")
        refused(lambda: officer.ordered(order), 410, "order-forgotten")
        assert sum(world.deliveries().values()) == 0
        stored = b"".join(path.read_bytes() for path in (place.folder / "home").glob("journal.sqlite*"))
        for secret in (world.market.number.encode(), SCAN, base64.b64encode(SCAN), file.subject_salt.hex().encode()):
            assert secret not in stored


def test_an_order_that_nobody_accepts_expires(place: Place) -> None:
    with exchange_world(place) as world, client(world, BANK) as bank, client(world, PLATFORM) as officer:
        file = world.request(granted(world.market, world.region))
        bank.place(OrderFile(file))
        pass_time(place, file.request.deadline - file.request.issued_at + 1)
        found = until(bank, file.request.id, OrderState.EXPIRED)
        assert found["times"]["expired"] > file.request.deadline
        refused(lambda: officer.accept(file.request.id), 409, "order-state")
        assert sum(world.deliveries().values()) == 0


def test_killed_after_every_step(place: Place) -> None:
    """The exchange dies after each thing that was said to be done, and also while the report is made."""
    with region_of(place) as region, reserved_port() as port:
        words, url = ("--meter-after", "1", "--port", str(port)), f"http://127.0.0.1:{port}"
        world = World(opened(place), region, None, None)  # type: ignore[arg-type]
        file = world.request(granted(world.market, region, uses=1))
        order = file.request.id
        packages: set[bytes] = set()

        def fetched(asking: ExchangeClient) -> None:
            until(asking, order, OrderState.DELIVERED)
            packages.add(asking.fetch(order).package)

        steps: list[tuple[int, Any]] = [
            (BANK, lambda one: one.place(OrderFile(file))),
            (BANK, lambda one: one.place(OrderFile(file))),
            (PLATFORM, lambda one: one.accept(order)),
            (BANK, fetched),
            (BANK, fetched),
            (BANK, lambda one: one.received(order)),
        ]
        for node, step in steps:
            with exchange(place, PLATFORM, *words) as running:
                with client(world, node, url) as asking:
                    step(asking)
                running.stop(signal.SIGKILL)
        with exchange(place, PLATFORM, *words), client(world, BANK, url) as bank:
            times = until(bank, order, OrderState.METERED)["times"]
        assert len(packages) == 1
        assert list(times) == ["placed", "accepted", "assembling", "delivered", "received", "metered"]
        (metered,) = metered_for(region, [file.request]).values()
        assert metered.item.report == parse_report_package(packages.pop()).report.commitment
        assert world.deliveries()[DeliveryState.METERED] == sum(world.deliveries().values()) == 1


def test_by_commands(place: Place, tmp_path: Path) -> None:
    with exchange_world(place) as world:
        commands, request = world.market.commands, tmp_path / f"{secrets.token_hex(2)}.json"
        file = world.request(granted(world.market, world.region))
        request.write_bytes(file.to_json())
        bank = ("--exchange", world.exchange.url, "--signer", f"dev:{BANK}")
        officer = ("--exchange", world.exchange.url, "--signer", f"dev:{PLATFORM}", "--node", str(PLATFORM))
        order = commands.done("order", "place", str(request), *bank)["order"]
        listed = commands.done("order", "list", *officer)
        assert [one["order"] for one in listed] == [order]
        commands.done("order", "show", order, *officer, "--request", str(tmp_path / "seen.json"))
        assert (tmp_path / "seen.json").read_bytes() == file.to_json()
        commands.done("order", "accept", order, *officer)
        mine = (*bank, "--node", str(BANK))
        world.until(lambda: commands.done("order", "show", order, *mine)["state"] == "delivered")
        out = tmp_path / "delivered.json"
        told = commands.done("order", "receive", order, *mine, "-o", str(out))
        assert (told["state"], told["encrypted"]) == ("received", False)
        package = parse_report_package(out.read_bytes())
        assert package.delivery is not None
        assert package.consent is not None
        with closing(sqlite3.connect(place.folder / "home" / "journal.sqlite")) as journal:
            ((drop_after,),) = journal.execute("SELECT drop_after FROM orders").fetchall()
        assert drop_after == package.delivery.receipt.delivered_at + package.consent.message.keep_days * 86_400
        (kept,) = commands.done("query", "kept")
        assert kept["request"] == "0x" + file.request.id.hex()
        second = world.request(granted(world.market, world.region), nonce=file.request.nonce + 1)
        request.write_bytes(second.to_json())
        order = commands.done("order", "place", str(request), *bank)["order"]
        told = commands.done("order", "decline", order, *officer, "--reason", "No paper.")
        assert told["reason"] == "No paper."
