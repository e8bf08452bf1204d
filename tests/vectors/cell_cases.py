"""Cells, a small log that writes them, its state tree, and proofs about it: honest ones and attacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import reference as ref

WRITER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
LOG_ADDRESS = "0xCf7Ed3AccA5a467e9e704C703E8D87F634fB0Fc9"
LOG_ID = ref.keccak(b"a log")
NO_WORD = bytes(32)

Cell = tuple[bytes, bytes]


def _key(number: int) -> bytes:
    """Keys of three spaces: counters, counters behind a node's number, digests."""
    space = number % 3 + 1
    digest = int.from_bytes(ref.keccak(b"id", bytes([number]))[1:], "big")
    return ref.cell_key(space, {1: number, 2: (number // 6) << 216 | number, 3: digest}[space])


def _value(entry: int, place: int) -> int:
    return int.from_bytes(ref.keccak(b"value", bytes([entry, place]))[7:], "big")


def _written(entry: int) -> list[int]:
    """Numbers of the cells that an entry writes: new ones, old ones, or none. Entry 0 writes none."""
    if entry % 5 == 0:
        return []
    return sorted({entry, entry // 2, entry // 3} - {0}, key=lambda number: (number * 7) % 11)


def _log(length: int) -> Iterator[tuple[dict[str, Any], dict[bytes, bytes]]]:
    """Each entry with what follows from it, and the cells after it."""
    cells: dict[bytes, bytes] = {}
    hashes: list[bytes] = []
    for index in range(length):
        writes = []
        for place, number in enumerate(_written(index)):
            key, new = _key(number), ref.cell_word(_value(index, place), index)
            writes.append({"key": key, "old": cells.get(key, NO_WORD), "new": new})
            cells[key] = new
        yield _entry(index, writes, hashes, cells), dict(cells)


def _entry(index: int, writes: list[Any], hashes: list[bytes], cells: dict[bytes, bytes]) -> dict[str, Any]:
    packed = b"".join(write["key"] + write["old"] + write["new"] for write in writes)
    body, kind, time = ref.keccak(b"body", bytes([index]))[:index] * 3, index % 7 + 1, 1733400000 + 12 * index
    hashes.append(ref.logged_entry(kind, LOG_ID, index, WRITER, time, body, packed))
    return {
        "index": index,
        "kind": kind,
        "writer": WRITER,
        "time": time,
        "body": body,
        "writes": writes,
        "packed": packed,
        "writes_hash": ref.keccak(packed),
        "entry": hashes[-1],
        "log_root": ref.mth(hashes),
        "cells": len(cells),
        "state_root": ref.mth(ref.state_hashes(cells)),
        "event": {
            "address": LOG_ADDRESS,
            "topics": [
                ref.keccak(b"Appended(uint64,uint8,address,uint64,bytes,bytes)"),
                *(ref.word(*member) for member in (("uint64", index), ("uint8", kind), ("address", WRITER))),
            ],
            "data": ref.appended_data(time, body, packed),
        },
    }


def _shown(cell: Cell | None) -> dict[str, Any] | None:
    return None if cell is None else {"key": cell[0], "word": cell[1]}


def _hashes(cells: list[Cell]) -> list[bytes]:
    return [ref.cell_leaf(*cell) for cell in cells]


def _prove(cells: list[Cell], first: int, count: int) -> dict[str, Any]:
    shown = range(max(first - 1, 0), min(first + count + 1, len(cells)))

    def neighbour(index: int) -> dict[str, Any] | None:
        return _shown(cells[index]) if 0 <= index < len(cells) else None

    return {
        "first": first,
        "cells": [_shown(cell) for cell in cells[first : first + count]],
        "left": neighbour(first - 1),
        "right": neighbour(first + count),
        "proof": ref.run(shown.start, len(shown), _hashes(cells)) if shown else [],
    }


def _case(name: str, keys: tuple[bytes, bytes], proof: dict[str, Any], cells: list[Cell], *, holds: bool) -> Any:
    tree = {"size": len(cells), "root": ref.mth(_hashes(cells))}
    return {"name": name, "holds": holds, "low": keys[0], "high": keys[1], **tree, **proof}


def _honest(name: str, low: bytes, high: bytes, cells: list[Cell]) -> Any:
    first = sum(key < low for key, _ in cells)
    count = sum(low <= key <= high for key, _ in cells)
    return _case(name, (low, high), _prove(cells, first, count), cells, holds=True)


def _prefix(space: int, prefix: bytes = b"") -> tuple[bytes, bytes]:
    start = bytes([space]) + prefix
    return start + b"\x00" * (32 - len(start)), start + b"\xff" * (32 - len(start))


def _between(cells: list[Cell], place: int) -> bytes:
    """A key right after the one at `place`."""
    return (int.from_bytes(cells[place][0], "big") + 1).to_bytes(32, "big")


def _honest_cases(cells: list[Cell]) -> list[Any]:
    cases = [_honest(f"space {space}", *_prefix(space), cells) for space in (0, 1, 2, 3, 4, 255)]
    cases += [_honest(f"node {node}", *_prefix(2, bytes([0, 0, 0, node])), cells) for node in (0, 1, 2, 9)]
    cases += [_honest(f"cell {place}", cells[place][0], cells[place][0], cells) for place in (0, 7, len(cells) - 1)]
    gaps = [bytes(32), _between(cells, 0), _between(cells, 11), b"\xff" * 32]
    cases += [_honest(f"absent {number}", key, key, cells) for number, key in enumerate(gaps)]
    cases += [_honest("everything", bytes(32), b"\xff" * 32, cells), _honest("no cells", bytes(32), b"\xff" * 32, [])]
    return cases


def _attacks(cells: list[Cell]) -> list[Any]:
    keys = _prefix(2)
    first = sum(key < keys[0] for key, _ in cells)
    count = sum(keys[0] <= key <= keys[1] for key, _ in cells)
    honest = _prove(cells, first, count)
    shown, proof = honest["cells"], honest["proof"]
    swapped = [*cells[: first + 1], cells[first + 2], cells[first + 1], *cells[first + 3 :]]
    twice = [*cells, (cells[first][0], ref.cell_word(1, 1))]
    older = {**shown[0], "word": ref.cell_word(7, 1)}
    attacks = [
        ("withheld first cell", _prove(cells, first + 1, count - 1), cells),
        ("withheld last cell", _prove(cells, first, count - 1), cells),
        ("withheld cell inside", {**honest, "cells": [shown[0], *shown[2:]]}, cells),
        ("withheld everything", _prove(cells, first, 0), cells),
        ("withheld everything, neighbours apart", {**honest, "cells": []}, cells),
        ("absence shown at another place", _prove(cells, 1, 0), cells),
        ("older word", {**honest, "cells": [older, *shown[1:]]}, cells),
        ("withheld neighbour left", {**honest, "left": None}, cells),
        ("withheld neighbour right", {**honest, "right": None}, cells),
        ("neighbours exchanged", {**honest, "left": honest["right"], "right": honest["left"]}, cells),
        ("left neighbour from further away", {**honest, "left": _shown(cells[first - 2])}, cells),
        ("neighbour shown as part of the range", _prove(cells, first - 1, count + 1), cells),
        ("cells out of order in the tree", _prove(swapped, first, count), swapped),
        ("shown from a second place in the tree", _prove(twice, len(twice) - 1, 1), twice),
        ("one hash too few", {**honest, "proof": proof[:-1]}, cells),
        ("one hash too many", {**honest, "proof": [*proof, bytes(32)]}, cells),
        ("hashes in another order", {**honest, "proof": proof[::-1]}, cells),
        ("first past the end", {**honest, "first": 2**64}, cells),
        ("negative first", {**honest, "first": -1}, cells),
        ("no cells, said of a tree that has some", _prove([], 0, 0), cells),
        ("a cell of the empty tree", {**_prove(cells[first : first + 1], 0, 1)}, []),
    ]
    return [_case(name, keys, made, tree, holds=False) for name, made, tree in attacks]


def cell_cases() -> dict[str, Any]:
    """The file cells.json."""
    entries, states = zip(*_log(40), strict=True)
    cells = sorted(states[-1].items())
    return {
        "log_id": LOG_ID,
        "keys": [
            {"space": space, "id": number.to_bytes(31, "big"), "key": ref.cell_key(space, number)}
            for space, number in [(0, 0), (1, 7), (255, 2**248 - 1)]
        ],
        "words": [
            {"value": value.to_bytes(25, "big"), "entry": entry, "word": ref.cell_word(value, entry)}
            for value, entry in [(0, 1), (2**200 - 1, 2**56 - 1), (1, 2**32)]
        ],
        "log": list(entries),
        "cells": [{**(_shown(cell) or {}), "leaf": ref.cell_leaf(*cell)} for cell in cells],
        "roots": {str(size): ref.mth(_hashes(cells[:size])) for size in range(34)},
        "ranges": [*_honest_cases(cells), *_attacks(cells)],
    }
