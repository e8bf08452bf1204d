"""What a regulator gets from an exchange, over real HTTP: the log of queries as a signed file, and disputes."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from collections.abc import Iterator

import httpx
import pyarrow.parquet as pq
import pytest
from exchange_world import World
from exchanges import signed_in
from region_world import PLATFORM, REGULATOR, SOURCE, send
from report_market import BANK, PRODUCT, granted

from creditchain.errors import NotValidError
from creditchain.hashing import keccak256
from creditchain.messages import recover
from creditchain.packages.query_export import parse_query_export, require_file

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def regulator(world: World) -> Iterator[httpx.Client]:
    with world.exchange.client() as client:
        yield signed_in(client, world.key(REGULATOR), REGULATOR)


def test_the_log_of_queries_as_signed_files(world: World, regulator: httpx.Client) -> None:
    consent, bank = granted(world.market, world.region), world.bank()
    files = [world.request(consent)]
    files.append(world.request(consent, nonce=files[0].request.nonce + 1))
    for file in files:
        assert bank.post("/v1/reports", content=file.to_json(), headers=JSON).status_code == 200
    until = max(int(time.time()), world.region.chain.head().time) + 1  # deliveries are dated by the later one
    period = {"since": until - 86_400, "until": until}
    told = {}
    for kind in ("csv", "parquet"):
        answer = regulator.get("/v1/regulator/queries", params=period | {"format": kind})
        assert answer.status_code == 200, answer.text
        export = parse_query_export(answer.headers["Creditchain-Export"].encode())
        assert export.message.file == hashlib.sha256(answer.content).digest()
        require_file(export, hashlib.sha256(answer.content).digest())
        assert (export.message.exchange, export.message.rows) == (PLATFORM, 2)
        assert (export.message.since, export.message.until) == (period["since"], period["until"])
        assert recover(export.message, export.signature) == world.key(PLATFORM).address
        told[kind] = answer.content
    with pytest.raises(NotValidError):
        require_file(export, hashlib.sha256(told["csv"]).digest())
    rows = list(csv.DictReader(io.StringIO(told["csv"].decode(), newline="")))
    listed = pq.read_table(io.BytesIO(told["parquet"])).to_pylist()
    changing = ("state", "entry")  # it may be metered between the two calls
    for one, other in zip(rows, listed, strict=True):
        assert one.keys() == other.keys()
        assert all(one[name] == str(other[name]) for name in one if name not in changing)
    for one, file in zip(rows, files, strict=True):
        assert (one["institution"], one["product"], one["purpose_name"]) == (str(BANK), PRODUCT, "loan_application")
        assert one["staff"] == "0x" + file.request.staff.hex()
        assert one["request"] == "0x" + file.request.id.hex()
    assert world.market.number.encode() not in told["csv"]


def test_a_period_without_queries(world: World, regulator: httpx.Client) -> None:
    answer = regulator.get("/v1/regulator/queries", params={"since": 1, "until": 2})
    assert len(answer.text.splitlines()) == 1
    assert parse_query_export(answer.headers["Creditchain-Export"].encode()).message.rows == 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"since": 2, "until": 1}, "input"),
        ({"until": 2**40 - 1}, "input"),
        ({"since": "x"}, "input"),
        ({"format": "xls"}, "parameter"),
    ],
)
def test_a_period_that_is_none(regulator: httpx.Client, asked: dict[str, object], code: str) -> None:
    answer = regulator.get("/v1/regulator/queries", params=asked)
    assert (answer.status_code, answer.json()["type"]) == (422, code)


def test_only_a_regulator_may(world: World) -> None:
    for path in ("/v1/regulator/queries", "/v1/regulator/disputes"):
        assert world.client.get(path).status_code == 401
        answer = world.bank().get(path)
        assert (answer.status_code, answer.json()["type"]) == (403, "not-a-regulator")
        world.client.headers.pop("Authorization")


def test_disputes_that_are_due_and_overdue(world: World, regulator: httpx.Client) -> None:
    leaf = keccak256(b"a record")
    call = world.region.calls.file_dispute(PLATFORM, SOURCE, leaf, keccak256(b"reason"))
    send(world.market.place, world.region, PLATFORM, "dispute", call)
    (found,) = regulator.get("/v1/regulator/disputes").json()["disputes"]
    assert (found["publisher"], found["leaf"], found["state"]) == (SOURCE, "0x" + leaf.hex(), "open")
    assert (found["overdue"], found["due_at"] - found["filed_at"]) == (False, 20 * 86_400)
    assert regulator.get("/v1/regulator/disputes", params={"state": "overdue"}).json()["disputes"] == []
    assert regulator.get("/v1/regulator/disputes", params={"state": "late"}).status_code == 422
