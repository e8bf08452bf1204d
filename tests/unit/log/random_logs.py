"""A random log, with its cells after every entry; and the events of entries."""

from __future__ import annotations

from random import Random

from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import NO_WORD, CellWrite, cell_key, cell_word, pack_writes
from creditchain.log.event_columns import TOPIC, JsonLog

LOG_ID = bytes(range(32))
ADDRESS = "0x" + "ab" * 20


def random_log(length: int, seed: int = 1) -> tuple[list[AppendedEntry], list[dict[bytes, bytes]]]:
    """Entries, and the cells after each: few cells, so that most are written many times."""
    random, cells, entries, states = Random(seed), dict[bytes, bytes](), [], []  # noqa: S311 - not for keys
    keys = [cell_key(space, number) for space in (1, 2, 255) for number in (1, 2, 2**200, 2**248 - 1)]
    for index in range(length):
        writes = []
        for key in random.sample(keys, random.randrange(4) if index else 0):
            new = cell_word(random.getrandbits(200), index)
            writes.append(CellWrite(key, cells.get(key, NO_WORD), new))
            cells[key] = new
        body, time = random.randbytes(random.randrange(100)), random.getrandbits(64)
        writer = random.randbytes(20)
        entries.append(AppendedEntry(index, random.randrange(256), writer, time, body, pack_writes(writes)))
        states.append(dict(cells))
    return entries, states


def word(number: int) -> bytes:
    return number.to_bytes(32)


def event(entry: AppendedEntry) -> JsonLog:
    """The event of an entry, encoded as Solidity does."""
    padded = entry.body + bytes(-len(entry.body) % 32)
    head = word(entry.time) + word(96) + word(128 + len(padded)) + word(len(entry.body))
    data = head + padded + word(len(entry.writes)) + entry.writes
    topics = [TOPIC, word(entry.index), word(entry.kind), entry.writer.rjust(32, b"\x00")]
    return JsonLog(ADDRESS, ["0x" + topic.hex() for topic in topics], "0x" + data.hex())
