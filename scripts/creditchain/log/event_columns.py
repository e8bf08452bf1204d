"""Decode the events of a region log, as JSON-RPC gives them, into columns: strictly, and many at once.

    Appended(uint64 indexed index, uint8 indexed kind, address indexed writer, uint64 time, bytes body, bytes writes)

The data of an event are words of 32 bytes: time, place of the body (always 96), place of the writes (right after the
body), length of the body, the body padded with zeros to whole words, length of the writes, the writes. There is one
encoding of each entry, and any other is refused: what two readers could understand differently is no entry.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entry_columns import EntryColumns, Numbers
from creditchain.merkle import lanes
from creditchain.merkle.rows import Places, Rows

TOPIC: Final = keccak256(b"Appended(uint64,uint8,address,uint64,bytes,bytes)")

WORD: Final = 32
#: time, two places, length of the body
HEAD: Final = 4 * WORD
#: … and length of the writes, without body and writes
SHORTEST: Final = HEAD + WORD
BODY_PLACE: Final = 3 * WORD


class EventError(InputError):
    """An event is not an encoding of an entry. The message gives its place in the list, from 0."""


class EventLog(Protocol):
    """An event as JSON-RPC has it: `0x` and hex digits everywhere."""

    @property
    def address(self) -> str:
        """The contract that emitted it."""

    @property
    def topics(self) -> Sequence[str]:
        """The hash of the event's signature, and its indexed values."""

    @property
    def data(self) -> str:
        """The encoding of its other values."""


class JsonLog(msgspec.Struct, frozen=True):
    """The members of a JSON-RPC log that are read here; others are ignored."""

    address: str
    topics: list[str]
    data: str


def read_logs(raw: bytes) -> list[JsonLog]:
    """The events in the result of `eth_getLogs`, a JSON array. Raises EventError."""
    try:
        return msgspec.json.decode(raw, type=list[JsonLog])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventError("these are no logs", expected="a JSON array of logs", found=str(error)) from error


def decode_events(logs: Sequence[EventLog], address: str) -> EntryColumns:
    """The entries of `Appended` events of the log at `address` (0x hex in any case), in the order given.

    Checks each event on its own; `replay` checks that they follow each other. Raises EventError.
    """
    _require_address(logs, address)
    for place, log in enumerate(logs):
        _require_four(place, len(log.topics))
    topics, topic_ends = _bytes_of([topic for log in logs for topic in log.topics], "topic", each=4)
    data, ends = _bytes_of([log.data for log in logs], "data")
    return _decoded(_topics(topics, topic_ends), data, ends)


def decode_binary(topics: Sequence[Sequence[bytes]], data: Sequence[bytes]) -> EntryColumns:
    """As `decode_events`, from topics and data of each event as bytes. It does not see which contract emitted them."""
    for place, found in enumerate(topics):
        _require_four(place, len(found))
    flat = [topic for found in topics for topic in found]
    joined, ends = _joined(data)
    return _decoded(_topics(*_joined(flat)), joined, ends)


def _decoded(topics: Rows, data: Rows, ends: Places) -> EntryColumns:
    body = _body(data, ends)
    # Four pieces of each event: head; body; padding and length of the writes; writes.
    starts, count = ends[:-1], len(topics)
    cuts = np.stack([starts, starts + HEAD, starts + HEAD + body.size, starts + body.writes_place + WORD], axis=1)
    pieces, event = np.append(cuts.reshape(-1), ends[-1]), 4 * np.arange(count, dtype=np.int64)
    bodies, body_ends = lanes.join_columns([(data, pieces, event + 1)], count)
    writes, write_ends = lanes.join_columns([(data, pieces, event + 3)], count)
    return EntryColumns(
        indices=_number(topics[:, 1], "index"),
        kinds=_number(topics[:, 2], "kind", width=1).astype(np.uint8),
        writers=_padded(topics[:, 3], "writer", width=20),
        times=_number(_words(data, starts), "time"),
        bodies=bodies,
        body_ends=body_ends,
        writes=writes.reshape(-1, WRITE_BYTES),
        write_ends=write_ends // WRITE_BYTES,
    )


def _joined(pieces: Sequence[bytes]) -> tuple[Rows, Places]:
    """All pieces, one after another, and where each ends."""
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    return np.frombuffer(b"".join(pieces), np.uint8), np.concatenate([[0], np.cumsum(lengths)])


def _require_address(logs: Sequence[EventLog], address: str) -> None:
    expected = address.lower()
    for place, log in enumerate(logs):
        if log.address.lower() != expected:
            raise _error(place, "it is of another contract", expected, log.address)


def _require_four(place: int, count: int) -> None:
    if count != 4:
        raise _error(place, "it has another number of topics", "4", str(count))


def _topics(data: Rows, ends: Places) -> Rows:
    """The topics (n, 4, 32), the first of which is the event's, from four pieces of each event."""
    _refuse(np.diff(ends) != WORD, "a topic has a wrong length", f"{WORD} bytes", np.diff(ends), each=4)
    topics = data.reshape(-1, 4, WORD)
    other = (topics[:, 0] != np.frombuffer(TOPIC, np.uint8)).any(axis=1)
    _refuse(other, "it is another event", "0x" + TOPIC.hex(), topics[:, 0])
    return topics


class _Body(NamedTuple):
    """Where the parts of each event's data are, in bytes from its start."""

    size: Places  #: length of the body
    writes_place: Places


def _body(data: Rows, ends: Places) -> _Body:
    """The parts of the data of each event, whose layout is checked: places, lengths, padding."""
    starts, lengths = ends[:-1], np.diff(ends)
    _refuse(
        (lengths < SHORTEST) | (lengths % WORD != 0), "the data have a wrong length", "whole words, at least 5", lengths
    )
    body_place = _number(_words(data, starts + WORD), "place of the body")
    _refuse(body_place != BODY_PLACE, "the body is at another place", str(BODY_PLACE), body_place)
    size = _length(_words(data, starts + BODY_PLACE), "body", lengths - SHORTEST)
    padded = -(-size // WORD) * WORD
    writes_place = _number(_words(data, starts + 2 * WORD), "place of the writes")
    # Padded, the body still ends within the data, since those are whole words.
    _refuse(writes_place != HEAD + padded, "the writes do not follow the body", HEAD + padded, writes_place)
    writes = _length(_words(data, starts + HEAD + padded), "writes", lengths - SHORTEST - padded)
    left = lengths - SHORTEST - padded
    _refuse(writes != left, "the data go on after the writes", left, writes)
    _refuse(writes % WRITE_BYTES != 0, "the writes have a wrong length", f"a multiple of {WRITE_BYTES}", writes)
    _require_padding(data, starts + HEAD + size, padded - size)
    return _Body(size, HEAD + padded)


def _require_padding(data: Rows, starts: Places, sizes: Places) -> None:
    """EventError unless the `sizes` bytes (0 to 31) at `starts` are zero."""
    # 32 bytes from there on are still data: the length of the writes follows.
    tails = _words(data, starts)
    tails[np.arange(WORD) >= sizes[:, None]] = 0
    _refuse(tails.any(axis=1), "the padding of the body is not zero", "zeros", tails)


def _words(data: Rows, starts: Places) -> Rows:
    """The 32 bytes at each of `starts` (n, 32), as a copy."""
    words: Rows = data[starts[:, None] + np.arange(WORD)]
    return words


def _number(words: Rows, name: str, *, width: int = 8) -> Numbers:
    """Numbers of at most `width` bytes, which stand at the end of their words."""
    digits = np.zeros((len(words), 8), np.uint8)
    digits[:, 8 - width :] = _padded(words, name, width=width)
    return digits.view(">u8").reshape(-1).astype(np.uint64)


def _padded(words: Rows, name: str, *, width: int) -> Rows:
    """The last `width` bytes of each word; EventError if those before are not zero."""
    _refuse(words[:, :-width].any(axis=1), f"the {name} is too large", f"at most {width} bytes", words)
    return np.ascontiguousarray(words[:, -width:])


def _length(words: Rows, name: str, most: Places) -> Places:
    """A length in bytes, which is at most what is left of the data."""
    found = _number(words, f"length of the {name}")
    _refuse(found > most.astype(np.uint64), f"the {name} end after the data", most, found)
    return found.astype(np.int64)


def _bytes_of(texts: Sequence[str], name: str, *, each: int = 1) -> tuple[Rows, Places]:
    """What the hex digits of all texts say, and where each ends. `each`: texts of an event."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    _refuse((lengths < 2) | (lengths % 2 != 0), f"the {name} is no hex", "0x and pairs of digits", lengths, each=each)
    try:
        joined = binascii.unhexlify("".join([text[2:] for text in texts]))
    except ValueError:
        joined = b""
    ends = np.concatenate([[0], np.cumsum(lengths // 2 - 1)])
    if len(joined) != ends[-1] or not all(text.startswith("0x") for text in texts):
        raise _first_without_hex(texts, name, each)
    return np.frombuffer(joined, np.uint8), ends


def _first_without_hex(texts: Sequence[str], name: str, each: int) -> EventError:
    wrong = (place for place, text in enumerate(texts) if not _is_hex(text))
    place = next(wrong)
    return _error(place // each, f"the {name} is no hex", "0x and pairs of digits", f"{len(texts[place])} characters")


def _is_hex(text: str) -> bool:
    try:
        binascii.unhexlify(text[2:])
    except ValueError:
        return False
    return text.startswith("0x")


def _refuse(
    wrong: npt.NDArray[np.bool_] | np.bool_,
    message: str,
    expected: str | Places,
    found: npt.NDArray[np.generic],
    *,
    each: int = 1,
) -> None:
    """EventError for the first wrong event, if there is one. `each`: rows of an event."""
    if wrong.any():
        row = int(np.argmax(wrong))
        wanted = expected if isinstance(expected, str) else str(expected[row])
        value = found[row]
        raise _error(row // each, message, wanted, "0x" + value.tobytes().hex() if value.ndim else str(value))


def _error(place: int, message: str, expected: str, found: str) -> EventError:
    return EventError(f"event {place}: {message}", expected=expected, found=found)
