"""Log ids, entries and bodies against entries.json."""

from dataclasses import fields, replace

import pytest
from eth_abi.exceptions import EncodingError

from creditchain.hashing import keccak256
from creditchain.log.entries import (
    BODIES,
    ENTRY_VERSION,
    AnchorBody,
    Body,
    EntryKind,
    body_hash,
    entry_hash,
    log_id,
    parse_body,
    region_code,
)
from creditchain.log.query_items import ITEM_BYTES, QueryItem
from creditchain.merkle import Frontier
from vectors.reading import load

VECTORS = load("entries")
LOG = VECTORS["log"]


#: Kinds whose bodies are no ABI encoding.
PACKED = (EntryKind.CONSENT, EntryKind.QUERIES)


def _fields(case: dict) -> dict:
    """The fields of a body; items as such."""
    if case["kind"] != EntryKind.QUERIES:
        return case["fields"]
    return {"items": tuple(QueryItem(**item) for item in case["fields"]["items"])}


def vars_of(body: Body) -> dict:
    return {field.name: getattr(body, field.name) for field in fields(body)}


@pytest.mark.parametrize("case", VECTORS["log_ids"], ids=lambda case: case["region"])
def test_log_ids(case: dict) -> None:
    assert log_id(case["chain_id"], case["address"], case["region"], case["parent"]) == case["log_id"]


@pytest.mark.parametrize("case", LOG, ids=lambda case: f"{case['index']}-{EntryKind(case['kind']).label}")
def test_bodies_and_entries(case: dict) -> None:
    assert body_hash(EntryKind(case["kind"]), **_fields(case)) == case["body_hash"]
    of_log = VECTORS["log_ids"][0]["log_id"]
    head = VECTORS["version"], case["kind"], of_log, case["index"], case["writer"], case["time"]
    assert entry_hash(*head, case["body_hash"], keccak256(case["writes"])) == case["entry"]


@pytest.mark.parametrize("case", LOG, ids=lambda case: f"{case['index']}-{EntryKind(case['kind']).label}")
def test_bodies_are_parsed_strictly(case: dict) -> None:
    kind, data = case["kind"], case["body"]
    body = parse_body(kind, data)
    assert body is not None
    assert (body.KIND, body.encode()) == (kind, data)
    assert {name: value for name, value in vars_of(body).items() if not isinstance(value, str)} == {
        name: value for name, value in _fields(case).items() if not isinstance(value, str)
    }
    others = [data[:-1], data + b"\x00", data + bytes(32), data[32:]]
    # Whatever has the length of items, or of a consent, is that.
    if kind not in PACKED:
        others.append(b"\xff" * len(data))
    for other in others:
        assert parse_body(kind, other) is None or EntryKind(kind) in (EntryKind.REGION,)
    assert parse_body(31, data) is None


def test_the_vectors_cover_every_kind_with_a_body() -> None:
    assert {case["kind"] for case in LOG} == set(BODIES)


def test_replaying_the_log_gives_the_root_after_each_entry() -> None:
    frontier = Frontier()
    for case in LOG:
        assert frontier.append(case["entry"]) == case["index"]
        assert frontier.root == case["root"]


@pytest.mark.parametrize("kind", [kind for kind in BODIES if kind not in PACKED])
def test_a_body_has_a_type_for_each_field(kind: EntryKind) -> None:
    assert BODIES[kind].KIND is kind
    assert len(BODIES[kind].TYPES) == len(fields(BODIES[kind]))


def test_items_are_laid_out_by_the_byte() -> None:
    item = next(_fields(case)["items"][0] for case in LOG if case["kind"] == EntryKind.QUERIES)
    assert QueryItem.parse(item.encode()) == item
    assert len(item.encode()) == ITEM_BYTES == 224
    for name in ("institution", "nonce", "meter_within", "flags"):
        for value in (-1, 2**48):
            with pytest.raises(ValueError, match="does not fit"):
                replace(item, **{name: value}).encode()
    with pytest.raises(ValueError, match="224 bytes, not 223"):
        QueryItem.parse(item.encode()[1:])
    assert parse_body(EntryKind.QUERIES, b"") is None


def test_every_field_of_an_entry_changes_its_hash() -> None:
    case, of_log = LOG[0], VECTORS["log_ids"][0]["log_id"]
    hashes = [case["body_hash"], keccak256(case["writes"])]
    values = [ENTRY_VERSION, case["kind"], of_log, case["index"], case["writer"], case["time"], *hashes]
    others = [2, 13, bytes(32), 1, "0x" + "11" * 20, case["time"] + 1, bytes(32), bytes(32)]
    hashes = {entry_hash(*values)} | {
        entry_hash(*values[:i], other, *values[i + 1 :]) for i, other in enumerate(others)
    }
    assert len(hashes) == len(values) + 1


def test_a_value_past_its_type_is_refused() -> None:
    good = next(case["fields"] for case in LOG if case["kind"] == EntryKind.ANCHOR)
    with pytest.raises(EncodingError):
        AnchorBody(**{**good, "node": 2**24}).body_hash()
    with pytest.raises(EncodingError):
        AnchorBody(**{**good, "size": -1}).body_hash()


@pytest.mark.parametrize("region", ["", "X" * 33, "长三角"])
def test_region_codes_that_do_not_fit(region: str) -> None:
    with pytest.raises(ValueError, match=r"ASCII|ascii"):
        region_code(region)
