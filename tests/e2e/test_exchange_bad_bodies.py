"""Bodies that are cut off, come slowly or are no clean JSON: a code each, nothing consumed, the service goes on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from exchange_world import World, exchange_world, kept_market
from exchanges import PATIENCE
from report_market import granted

from creditchain.packages.request_file import RequestFile

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        kept_market(tmp_path_factory) as kept,
        kept.lasting(tmp_path_factory.mktemp("bad") / "world") as place,
        exchange_world(place, meter_after=600) as made,
    ):
        yield made


@pytest.fixture
def file(world: World) -> Iterator[RequestFile]:
    """A request that is good. After the test nothing of it is consumed: it is answered when it comes whole."""
    before = sum(world.deliveries().values())  # none is metered here, so the chain would give each the same nonce
    found = world.request(granted(world.market, world.region), nonce=before)
    yield found
    assert sum(world.deliveries().values()) == before
    answer = world.bank().post("/v1/reports", content=found.to_json(), headers=JSON)
    assert (answer.status_code, answer.headers["Creditchain-Answered-Before"]) == (200, "no"), answer.text
    assert sum(world.deliveries().values()) == before + 1


def _sending(world: World, file: RequestFile, part: int) -> socket.socket:
    """A connection on which so many bytes of a request's body were sent, and all were announced."""
    host, port = world.exchange.url.removeprefix("http://").split(":")
    body, token = file.to_json(), world.bank().headers["Authorization"]
    head = f"POST /v1/reports HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAuthorization: {token}\r\n"
    one = socket.create_connection((host, int(port)), PATIENCE)
    one.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:part])
    return one


def _counted(world: World, code: str) -> float:
    line = f'creditchain_exchange_problems_total{{code="{code}"}} '
    found = [one for one in world.client.get("/metrics").text.splitlines() if one.startswith(line)]
    return float(found[0].removeprefix(line)) if found else 0.0


@pytest.mark.parametrize("part", [0, 1, 1000])
def test_cut_off_in_the_middle(world: World, file: RequestFile, part: int) -> None:
    before = _counted(world, "body-incomplete")
    with _sending(world, file, part):
        pass
    world.until(lambda: _counted(world, "body-incomplete") == before + 1)


def test_a_slow_client(world: World, file: RequestFile) -> None:
    with _sending(world, file, 1000) as one:
        told = one.recv(1 << 16)
        while b'"status"' not in told:
            told += one.recv(1 << 16)
    assert told.startswith(b"HTTP/1.1 408")
    assert b'"type":"body-timeout"' in told


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.rstrip()[:-1],
        lambda body: body + b"}",
        lambda body: body.rstrip()[:-1] + b',"format":"again"}',
        lambda body: b"[" * 100_000,
        lambda body: body.replace(b'"nonce": 0', b'"nonce": NaN') if b'"nonce": 0' in body else b'{"nonce": NaN}',
        lambda body: body.decode().encode("utf-16"),
        lambda body: b"",
        lambda body: b"\xef\xbb\xbf" + body,
    ],
    ids=[
        "without its end",
        "with more",
        "a name twice",
        "deep",
        "not a number",
        "UTF-16",
        "nothing",
        "byte order mark",
    ],
)
def test_malformed_json(world: World, file: RequestFile, change) -> None:  # type: ignore[no-untyped-def]
    answer = world.bank().post("/v1/reports", content=change(file.to_json()), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (422, "package"), answer.text
