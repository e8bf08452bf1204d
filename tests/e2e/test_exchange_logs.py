"""The log of an exchange: JSON lines, one a call, and nothing in them tells whom it is about. Slow callers are cut."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from exchange_world import World, exchange_world
from exchanges import PATIENCE, exchange
from region_world import PLATFORM, region_of
from report_market import granted, opened
from worlds import Kept

from creditchain.packages.report_package import parse_report_package
from creditchain.store.deliveries import DeliveryState

JSON = {"Content-Type": "application/json"}
#: More than may be under way at once.
SLOW = 80


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_one_line_a_call_and_nothing_identifying(kept: Kept, tmp_path: Path) -> None:
    place = kept.fresh(tmp_path / "world")
    words = ("--meter-after", "0", "-vv", "--log-format", "json")
    with region_of(place) as region, exchange(place, PLATFORM, *words) as running, running.client() as client:
        world = World(opened(place), region, running, client)
        bank, file = world.bank(), world.request(granted(world.market, region))
        token = bank.headers["Authorization"].split()[1]
        answers = [
            bank.post("/v1/reports", content=file.to_json(), headers=JSON),
            bank.post("/v1/reports", content=file.to_json(), headers=JSON),
            bank.post("/v1/reports", content=b'{"number": "' + world.market.number.encode() + b'"}', headers=JSON),
            bank.get(f"/v1/{world.market.number}"),
            bank.get("/healthz"),
        ]
        assert [one.status_code for one in answers] == [200, 200, 422, 404, 200]
        world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
        assert running.stop() == 0
        told, lines = running.log.read_text(), lines_of(running.log)
        calls = {one["request"]: one for one in lines if one["message"] == "call"}
        wanted = {"time", "level", "logger", "message", "route", "method", "status", "seconds", "code", "request"}
        assert all(set(one) == wanted for one in calls.values())
        found = [calls[one.headers["X-Request-ID"]] for one in answers]
        assert [(one["route"], one["method"], one["status"], one["code"]) for one in found] == [
            ("/v1/reports", "POST", 200, None),
            ("/v1/reports", "POST", 200, None),
            ("/v1/reports", "POST", 422, "package"),
            ("none", "GET", 404, "not-found"),
            ("/healthz", "GET", 200, None),
        ]
        package = parse_report_package(answers[0].content)
        records = [record.record for record in package.records]
        secrets = [
            *(world.market.number, token, file.subject_salt.hex(), file.request.subject.hex(), file.signature.hex()),
            *(one.tag.subject_tag.hex() for one in package.tags),
            *(json.loads(one.content)["data"].get("name", token) for one in records),
            *(one.salt.hex() for one in records),
        ]
        assert [one for one in secrets if one in told] == []


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: applic",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{",
    ],
    ids=["in their heads", "in their bodies"],
)
def test_slow_callers_are_cut_and_others_served(kept: Kept, tmp_path: Path, head: bytes) -> None:
    """More of them than calls may be under way, each sending a byte now and then."""
    with exchange_world(kept.fresh(tmp_path / "world")) as world, ExitStack() as stack:
        host, port = world.exchange.url.removeprefix("http://").split(":")
        slow = [stack.enter_context(socket.create_connection((host, int(port)), PATIENCE)) for _ in range(SLOW)]
        for count, one in enumerate(slow):
            one.sendall(head)
            if count % 10 == 0:  # calls are counted before it is known that they are slow
                world.client.get("/healthz")
        answer = world.bank().post(
            "/v1/reports", content=world.request(granted(world.market, world.region)).to_json(), headers=JSON
        )
        assert answer.status_code == 200, answer.text
        for one in slow:
            _until_cut(one)
        world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)


def _until_cut(one: socket.socket) -> None:
    one.settimeout(0.2)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            one.sendall(b" ")
            if not one.recv(1 << 16):
                return
        except TimeoutError:
            continue
        except OSError:
            return
    pytest.fail("it was never cut")
