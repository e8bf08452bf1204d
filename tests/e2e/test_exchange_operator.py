"""What the operator of an exchange does, over real HTTP: it uploads, follows the anchoring, sees what is due."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from exchange_world import World
from exchanges import ENDED_WHEN_IT_TELLS, PATIENCE, exchange, signed_in
from region_world import PLATFORM, SOURCE, send
from report_market import granted

from creditchain.hashing import keccak256

JSON = {"Content-Type": "application/json"}
OCTETS = {"Content-Type": "application/octet-stream"}
ASKED = {"product": "registry-basic/1", "name": "records.jsonl"}


@pytest.fixture
def operator(world: World) -> Iterator[httpx.Client]:
    with world.exchange.client() as client:
        yield signed_in(client, world.key(PLATFORM), PLATFORM)


def records(world: World, folder: Path, count: int = 30) -> bytes:
    out = folder / "records.jsonl"
    world.market.commands.done(
        *("sample", "--product", "registry-basic/1", "--records", str(count), "--seed", "77", "-o", str(out))
    )
    documents = [json.loads(line) for line in out.read_text().splitlines()]
    for place, one in enumerate(documents):
        one["as_of"] = (date.today() - timedelta(days=30 + place)).isoformat()
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents).encode()


def done(world: World, client: httpx.Client, id_: str) -> dict[str, Any]:
    """How an upload ended."""
    world.until(lambda: client.get(f"/v1/operator/uploads/{id_}").json()["state"] not in ("received", "checked"))
    return dict(client.get(f"/v1/operator/uploads/{id_}").json())


def stored(world: World) -> list[Path]:
    folder = world.market.place.folder / "home" / "regions" / world.region.deployment.log_id.hex() / "uploads"
    folder /= str(PLATFORM)
    return list(folder.iterdir()) if folder.is_dir() else []


def test_an_upload_is_checked_and_anchored_once(world: World, operator: httpx.Client, tmp_path: Path) -> None:
    content = records(world, tmp_path)
    answer = operator.post("/v1/operator/uploads", params=ASKED, content=content, headers=OCTETS)
    assert answer.status_code == 202, answer.text
    assert answer.json()["digest"] == "0x" + hashlib.sha256(content).hexdigest()
    found = done(world, operator, answer.json()["id"])
    assert (found["state"], found["told"]["records"], found["told"]["faults"]) == ("anchored", 30, 0), found
    again = operator.post("/v1/operator/uploads", params=ASKED, content=iter([content]), headers=OCTETS)
    same = done(world, operator, again.json()["id"])
    assert (same["root"], same["entry"]) == (found["root"], found["entry"])
    listed = operator.get("/v1/operator/uploads").json()
    assert [one["id"] for one in listed] == [again.json()["id"], answer.json()["id"]]
    assert stored(world) == []


def test_a_faulty_upload_is_told_and_nothing_anchored(world: World, operator: httpx.Client, tmp_path: Path) -> None:
    content = records(world, tmp_path, 3) + b'{"product": "registry-basic/1"}\n'
    answer = operator.post("/v1/operator/uploads", params=ASKED, content=content, headers=OCTETS)
    found = done(world, operator, answer.json()["id"])
    assert (found["state"], found["told"]["bad_lines"], found["root"]) == ("faulty", 1, None)
    assert world.market.number not in json.dumps(found)
    assert stored(world) == []


def test_killed_in_between_it_is_anchored_once(world: World, operator: httpx.Client, tmp_path: Path) -> None:
    content = records(world, tmp_path)
    id_ = operator.post("/v1/operator/uploads", params=ASKED, content=content, headers=OCTETS).json()["id"]
    assert world.exchange.stop(signal.SIGKILL) == -signal.SIGKILL
    with exchange(world.market.place, PLATFORM, "--meter-after", "0") as running, running.client() as client:
        back = World(world.market, world.region, running, client)
        found = done(back, signed_in(client, world.key(PLATFORM), PLATFORM), id_)
        assert found["state"] == "anchored", found
    assert stored(world) == []


def test_an_upload_that_is_cut_off_leaves_nothing(world: World, operator: httpx.Client) -> None:
    address = urlsplit(world.exchange.url)
    with socket.create_connection((address.hostname, address.port)) as raw:
        raw.sendall(
            b"POST /v1/operator/uploads?product=registry-basic/1&name=a.jsonl HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Length: 1000\r\nAuthorization: "
            + operator.headers["Authorization"].encode()
            + b"\r\n\r\n{"
        )
        world.until(lambda: len(stored(world)) == 1)
    world.until(lambda: stored(world) == [])
    assert operator.get("/v1/operator/uploads").json() == []


@pytest.mark.parametrize(
    ("asked", "headers", "content", "status", "code"),
    [
        (ASKED | {"product": "nothing/1"}, OCTETS, b"{}", 422, "input"),
        (ASKED | {"product": "working-capital-report/1"}, OCTETS, b"{}", 422, "input"),
        (ASKED | {"name": "../a.jsonl"}, OCTETS, b"{}", 422, "parameter"),
        (ASKED | {"name": "a.exe"}, OCTETS, b"{}", 422, "upload"),
        (ASKED, JSON, b"{}", 415, "media-type"),
        (ASKED, OCTETS, b"", 422, "empty"),
    ],
)
def test_what_is_no_upload(
    world: World, operator: httpx.Client, asked: dict[str, str], headers: dict[str, str], content: bytes, status: int,
    code: str,
) -> None:  # fmt: skip
    answer = operator.post("/v1/operator/uploads", params=asked, content=content, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, code), answer.text
    assert operator.get("/v1/operator/uploads").json() == []
    assert stored(world) == []


def test_queries_consents_and_disputes(world: World, operator: httpx.Client) -> None:
    consent = granted(world.market, world.region)
    file = world.request(consent)
    assert world.bank().post("/v1/reports", content=file.to_json(), headers=JSON).status_code == 200
    queries = operator.get("/v1/operator/queries").json()
    assert [one["request"] for one in queries["queries"]] == ["0x" + file.request.id.hex()]
    assert (queries["more"], queries["next"]) == (False, None)
    behind = {"cursor": f"{queries['queries'][0]['delivered_at']}-0-999"}
    assert operator.get("/v1/operator/queries", params=behind).json()["queries"] == []
    assert operator.get("/v1/operator/queries", params={"cursor": "0-0-0"}).json() == queries
    assert operator.get("/v1/operator/queries", params={"cursor": "x"}).status_code == 422
    consents = operator.get("/v1/operator/consents").json()["consents"]
    assert [one["id"] for one in consents] == ["0x" + consent.message.id.hex()]
    call = world.region.calls.file_dispute(PLATFORM, SOURCE, keccak256(b"a record"), keccak256(b"reason"))
    send(world.market.place, world.region, PLATFORM, "dispute", call)
    assert operator.get("/v1/operator/disputes").json()["disputes"] == []  # about another node's record


def test_only_the_exchanges_own_node_may(world: World) -> None:
    bank = world.bank()
    for path in ("uploads", "queries", "consents", "disputes", "uploads/" + "0" * 32):
        answer = bank.get(f"/v1/operator/{path}")
        assert (answer.status_code, answer.json()["type"]) == (403, "not-the-operator")
    answer = bank.post("/v1/operator/uploads", params=ASKED, content=b"{}", headers=OCTETS)
    assert answer.status_code == 403
    assert stored(world) == []


def test_backups_are_made_by_themselves(world: World, tmp_path: Path) -> None:
    place = tmp_path / "backup"
    assert world.exchange.stop() == 0
    words = ("--backup-to", str(place), "--backup-every", "24")
    secret = {"CREDITCHAIN_PASSWORD": "a password of the tests"}
    with exchange(world.market.place, PLATFORM, *words, environment=secret) as running, running.client() as client:
        back = World(world.market, world.region, running, client)
        back.until(lambda: "creditchain_exchange_backed_up_at 1" in client.get("/metrics").text)
    assert list(place.iterdir())
    # A signal at the very moment when it tells that it serves is a good end, too.
    with exchange(world.market.place, PLATFORM, *words, environment=secret, command=ENDED_WHEN_IT_TELLS) as ended:
        assert ended.process.wait(PATIENCE) == 0, ended.log.read_text()
    with (
        pytest.raises(AssertionError, match="needs its password"),
        exchange(world.market.place, PLATFORM, *words),
    ):
        pytest.fail("it serves without a password")
