"""Range proofs of one small batch: honest ones, and the attacks a verifier must refuse."""

from __future__ import annotations

from typing import Any

import reference as ref

Opening = tuple[bytes, int, int, bytes]

_TAGS = sorted(ref.keccak(f"enterprise {i}".encode()) for i in range(5))


def _opening(tag: bytes, section: int, number: int, product: int = 12) -> Opening:
    return tag, section, product, ref.keccak(tag, bytes([section, number]))


#: Ascending: enterprise 0 has one leaf, 1 has three sections, 2 none, 3 four leaves of one section, 4 two.
BATCH: list[Opening] = sorted(
    [
        _opening(_TAGS[0], 1, 0),
        _opening(_TAGS[1], 0, 0),
        *(_opening(_TAGS[1], 2, i) for i in range(2)),
        _opening(_TAGS[1], 6, 0),
        *(_opening(_TAGS[3], 4, i, product) for i, product in enumerate((12, 12, 13, 2**32 - 1))),
        *(_opening(_TAGS[4], 1, i) for i in range(2)),
    ]
)


def _shown(leaf: Opening) -> dict[str, Any]:
    return {"tag": leaf[0], "section": leaf[1], "product": leaf[2], "commitment": leaf[3]}


def _prove(batch: list[Opening], first: int, count: int) -> dict[str, Any]:
    shown = range(max(first - 1, 0), min(first + count + 1, len(batch)))

    def neighbour(index: int) -> dict[str, Any] | None:
        return _shown(batch[index]) if 0 <= index < len(batch) else None

    return {
        "first": first,
        "leaves": [_shown(batch[i]) for i in range(first, first + count)],
        "left": neighbour(first - 1),
        "right": neighbour(first + count),
        "proof": ref.run(shown.start, len(shown), [ref.leaf(*leaf) for leaf in batch]),
    }


def _honest(tag: bytes, section: int | None) -> dict[str, Any]:
    wanted = (tag,) if section is None else (tag, section)
    before = [leaf for leaf in BATCH if leaf[: len(wanted)] < wanted]
    inside = [leaf for leaf in BATCH if leaf[: len(wanted)] == wanted]
    return _prove(BATCH, len(before), len(inside))


def _root(batch: list[Opening]) -> bytes:
    return ref.mth([ref.leaf(*leaf) for leaf in batch])


def _case(
    name: str, tag: bytes, section: int | None, proof: dict[str, Any], batch: list[Opening], *, holds: bool
) -> Any:
    return {
        "name": name,
        "holds": holds,
        "tag": tag,
        "section": section,
        "size": len(batch),
        "root": _root(batch),
        **proof,
    }


def _attacks() -> list[Any]:
    tag, first = _TAGS[3], 5
    honest = _honest(tag, 4)
    reordered = [*BATCH[: first + 1], BATCH[first + 2], BATCH[first + 1], *BATCH[first + 3 :]]
    # A leaf of the range stands a second time, far away, in a batch that does not ascend.
    split_batch = [*BATCH, _opening(tag, 4, 9)]
    proof = honest["proof"]
    attacks = [
        ("withheld first leaf", _prove(BATCH, first + 1, 3), BATCH),
        ("withheld last leaf", _prove(BATCH, first, 3), BATCH),
        ("withheld leaf inside", _drop(honest, 1), BATCH),
        ("withheld leaf, first not moved", _drop(honest, 0), BATCH),
        ("withheld neighbour left", {**honest, "left": None}, BATCH),
        ("withheld neighbour right", {**honest, "right": None}, BATCH),
        ("withheld everything", _prove(BATCH, first, 0), BATCH),
        ("withheld everything, neighbours apart", {**honest, "leaves": []}, BATCH),
        ("reordered leaves", _prove(reordered, first, 4), reordered),
        ("split leaf, shown from its copy", _prove(split_batch, len(split_batch) - 1, 1), split_batch),
        ("absence shown at another place", _prove(BATCH, 1, 0), BATCH),
        ("other section among the leaves", _prove(BATCH, 1, 3), BATCH),
        ("one section for the whole tag", _honest(_TAGS[1], 2), BATCH),
        ("the whole tag for one section", _honest(_TAGS[1], None), BATCH),
        ("one hash too few", {**honest, "proof": proof[:-1]}, BATCH),
        ("one hash too many", {**honest, "proof": [*proof, bytes(32)]}, BATCH),
        ("hashes in another order", {**honest, "proof": proof[::-1]}, BATCH),
        ("left neighbour from further away", {**honest, "left": _shown(BATCH[first - 2])}, BATCH),
        ("first past the end", {**honest, "first": 2**64}, BATCH),
        ("negative first", {**honest, "first": -1}, BATCH),
    ]
    keys = {
        "other section among the leaves": (_TAGS[1], 2),
        "one section for the whole tag": (_TAGS[1], None),
        "the whole tag for one section": (_TAGS[1], 2),
    }
    return [_case(name, *keys.get(name, (tag, 4)), proof, batch, holds=False) for name, proof, batch in attacks]


def _drop(proof: dict[str, Any], at: int) -> dict[str, Any]:
    return {**proof, "leaves": proof["leaves"][:at] + proof["leaves"][at + 1 :]}


def range_cases() -> dict[str, Any]:
    """The file ranges.json."""
    keys = [(tag, section) for tag in [bytes(32), *_TAGS, b"\xff" * 32] for section in (0, 1, 2, 4, 6, 255, None)]
    honest = [_case("honest", *key, _honest(*key), BATCH, holds=True) for key in keys]
    lonely = [BATCH[0]]
    alone = [
        _case("alone in its batch", *BATCH[0][:2], _prove(lonely, 0, 1), lonely, holds=True),
        _case("absent before the only leaf", bytes(32), 0, _prove(lonely, 0, 0), lonely, holds=True),
        _case("absent after the only leaf", b"\xff" * 32, 0, _prove(lonely, 1, 0), lonely, holds=True),
    ]
    return {
        "leaves": [_shown(leaf) for leaf in BATCH],
        "runs": [_run(size, first, count) for size in range(1, 18) for first, count in _runs_of(size)],
        "cases": [*honest, *alone, *_attacks()],
    }


def _runs_of(size: int) -> list[tuple[int, int]]:
    return [(first, count) for first in range(size) for count in range(1, size - first + 1) if (first + count) % 3 != 1]


def _run(size: int, first: int, count: int) -> dict[str, Any]:
    """A run of the tree over the first `size` of the leaf hashes keccak256(0x00), keccak256(0x01), …"""
    hashes = [ref.keccak(bytes([index])) for index in range(size)]
    return {
        "size": size,
        "first": first,
        "count": count,
        "root": ref.mth(hashes),
        "proof": ref.run(first, count, hashes),
    }
