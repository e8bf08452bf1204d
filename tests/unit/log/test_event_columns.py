"""Events as JSON-RPC gives them: there is one encoding of each entry, and every other is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest
from random_logs import ADDRESS, event, random_log, word

from creditchain.log.event_columns import TOPIC, EventError, JsonLog, decode_events, read_logs
from vectors.reading import load

ENTRIES, _ = random_log(120, seed=2)
EVENTS = [event(entry) for entry in ENTRIES]
#: An entry with a padded body and two writes.
PLACE = next(n for n, entry in enumerate(ENTRIES) if 33 < len(entry.body) < 63 and len(entry.writes) == 192)


def changed(**members: object) -> list[JsonLog]:
    return [*EVENTS[:PLACE], msgspec.structs.replace(EVENTS[PLACE], **members), *EVENTS[PLACE + 1 :]]


def refused(logs: list[JsonLog], match: str) -> None:
    with pytest.raises(EventError, match=f"event {PLACE}: {match}"):
        decode_events(logs, ADDRESS)


def data_with(start: int, replacement: bytes) -> list[JsonLog]:
    data = bytearray.fromhex(EVENTS[PLACE].data[2:])
    data[start : start + len(replacement)] = replacement
    return changed(data="0x" + data.hex())


def test_the_events_of_the_vectors():
    log = load("cells")["log"]
    events = [case["event"] for case in log]
    texts = [
        {**one, "topics": [f"0x{topic.hex()}" for topic in one["topics"]], "data": f"0x{one['data'].hex()}"}
        for one in events
    ]
    columns = decode_events(read_logs(json.dumps(texts).encode()), texts[0]["address"])
    for place, case in enumerate(log):
        entry = columns.entry(place)
        assert (entry.index, entry.kind, entry.time) == (case["index"], case["kind"], case["time"])
        assert (entry.body, entry.writes, "0x" + entry.writer.hex()) == (
            case["body"],
            case["packed"],
            case["writer"].lower(),
        )


def test_entries_come_back():
    columns = decode_events(EVENTS, ADDRESS)
    assert [columns.entry(place) for place in range(len(columns))] == ENTRIES


def test_no_event():
    assert len(decode_events(read_logs(b"[]"), ADDRESS)) == 0


def test_each_event_alone():
    for one, entry in zip(EVENTS, ENTRIES, strict=True):
        assert decode_events([one], ADDRESS).entry(0) == entry


def test_hex_in_upper_case_and_members_that_are_not_read():
    log = {
        "address": ADDRESS.upper().replace("X", "x"),
        "topics": EVENTS[PLACE].topics,
        "blockNumber": "0x1",
        "removed": False,
    }
    log["data"] = "0x" + EVENTS[PLACE].data[2:].upper()
    assert decode_events(read_logs(json.dumps([log]).encode()), ADDRESS).entry(0) == ENTRIES[PLACE]


@pytest.mark.parametrize("raw", [b"", b"{}", b"[1]", b"[{}]", b'[{"address":"0x","topics":[],"data":null}]', b"\xff"])
def test_what_is_no_list_of_logs(raw: bytes):
    with pytest.raises(EventError, match="expected a JSON array of logs"):
        read_logs(raw)


def test_another_contract_or_event():
    refused(changed(address="0x" + "ac" * 20), f"it is of another contract; expected {ADDRESS}")
    topics = EVENTS[PLACE].topics
    refused(changed(topics=["0x" + bytes(32).hex(), *topics[1:]]), f"it is another event; expected 0x{TOPIC.hex()}")
    refused(changed(topics=topics[:3]), "it has another number of topics; expected 4; found 3")
    refused(changed(topics=[*topics, topics[0]]), "it has another number of topics; expected 4; found 5")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_topics_that_are_too_large(at: int):
    topics = list(EVENTS[PLACE].topics)
    room = {1: 8, 2: 1, 3: 20}[at]
    topics[at] = "0x" + (1 << 8 * room).to_bytes(32).hex()
    refused(
        changed(topics=topics), f"the {('index', 'kind', 'writer')[at - 1]} is too large; expected at most {room} bytes"
    )


@pytest.mark.parametrize(
    "text", ["", "0x", "0x00", "00" * 33, "0x" + "0" * 63, "0x" + "00" * 33, "0x" + "zz" * 32, "0X" + "00" * 32]
)
@pytest.mark.parametrize("at", range(4))
def test_topics_of_another_form(at: int, text: str):
    topics = list(EVENTS[PLACE].topics)
    topics[at] = text
    refused(changed(topics=topics), "(the topic is no hex|a topic has a wrong length)")


HEX: dict[str, Callable[[str], str]] = {
    "no prefix": lambda data: "00" + data[2:],
    "an odd digit": lambda data: data + "0",
    "another letter": lambda data: data[:-1] + "g",
    "white space": lambda data: data[:-2] + "  ",
    "a letter beyond ASCII": lambda data: data[:-1] + "\u0661",
    "nothing": lambda data: "",
}


@pytest.mark.parametrize("make", HEX.values(), ids=HEX.keys())
def test_data_that_are_no_hex(make: Callable[[str], str]):
    refused(changed(data=make(EVENTS[PLACE].data)), "the data is no hex")


def test_two_odd_data_that_are_even_together():
    logs = list(EVENTS)
    logs[PLACE] = msgspec.structs.replace(logs[PLACE], data=logs[PLACE].data + "0")
    logs[PLACE + 1] = msgspec.structs.replace(logs[PLACE + 1], data=logs[PLACE + 1].data[:-1])
    refused(logs, "the data is no hex")


def test_data_that_are_cut_or_longer():
    data = EVENTS[PLACE].data
    for length in range(2, len(data), 2):
        with pytest.raises(EventError, match=f"event {PLACE}: "):
            decode_events(changed(data=data[:length]), ADDRESS)
    for tail in ("00", "00" * 31, "00" * 32, "00" * 96):
        with pytest.raises(EventError, match=f"event {PLACE}: "):
            decode_events(changed(data=data + tail), ADDRESS)


def test_places_and_lengths_that_are_others():
    body = ENTRIES[PLACE].body
    refused(data_with(0, b"\x01"), "the time is too large; expected at most 8 bytes")
    for other in (0, 32, 64, 95, 97, 128, 2**255):
        refused(data_with(32, word(other)), "the (body is at another place|place of the body is too large)")
    for other in (0, 96, 128, 160, 193, 224, 2**63, 2**255):
        refused(data_with(64, word(other)), "the (writes do not follow the body|place of the writes is too large)")
    for other in (0, 32, len(body) + 32, 2**63, 2**64 - 1, 2**255):
        refused(data_with(96, word(other)), "the ")
    for other in (0, 96, 191, 193, 288, 2**63, 2**64 - 1, 2**255):
        refused(data_with(128 + 64, word(other)), "the ")


def test_a_body_said_to_be_shorter_leaves_padding_that_is_not_zero():
    body = ENTRIES[PLACE].body
    assert body[-1]
    refused(data_with(96, word(len(body) - 1)), "the padding of the body is not zero")


def test_every_byte_of_the_padding():
    size = len(ENTRIES[PLACE].body)
    for at in range(size, 64):
        refused(data_with(128 + at, b"\x01"), "the padding of the body is not zero")


def test_writes_of_another_length():
    entry = ENTRIES[PLACE]
    for size in (1, 32, 64, 95, 97):
        data = word(entry.time) + word(96) + word(128) + word(0) + word(size) + bytes(size)
        with pytest.raises(EventError, match=f"event {PLACE}: "):
            decode_events(changed(data="0x" + data.hex()), ADDRESS)


def test_every_other_byte_of_the_data_is_part_of_the_entry():
    """Whatever bit is changed, the event is refused or is another entry: there is no second encoding."""
    data = bytes.fromhex(EVENTS[PLACE].data[2:])
    for at in range(len(data)):
        other = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            columns = decode_events([msgspec.structs.replace(EVENTS[PLACE], data="0x" + other.hex())], ADDRESS)
        except EventError:
            continue
        assert columns.entry(0) != ENTRIES[PLACE]
