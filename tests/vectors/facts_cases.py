"""Facts under a signed checkpoint: what they say of cells and entries, and what no verifier may take."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import reference as ref
from cell_cases import LOG_ID, WRITER, _hashes, _log

Signer = Callable[[bytes], bytes]
Cell = tuple[bytes, bytes]

_MEMBERS = ("size", "root", "cells", "stateRoot", "blockNumber", "blockHash", "blockTime", "signerEpoch")
_TYPES = ("uint64", "bytes32", "uint64", "bytes32", "uint64", "bytes32", "uint64", "uint32")
_DOMAIN = "EIP712Domain(string name,string version,bytes32 salt)"


def facts_cases(signers: list[tuple[str, Signer]]) -> dict[str, Any]:
    """The file facts.json. `signers`: address, and what signs a digest; ascending by address."""
    entries, states = zip(*_log(40), strict=True)
    made = _Made(list(entries), sorted(states[-1].items()), signers)
    return {
        "log_id": LOG_ID,
        "epoch": 1,
        "threshold": 2,
        "signers": [address for address, _ in signers],
        "taken": list(made.taken()),
        "refused": list(made.refused()),
    }


class _Made:
    """The region and its signers, and facts of them."""

    def __init__(self, entries: list[dict[str, Any]], cells: list[Cell], signers: list[tuple[str, Signer]]) -> None:
        self._entries, self._cells, self._signers = entries, cells, signers
        self._leaves = [entry["entry"] for entry in entries]

    def taken(self) -> Iterator[dict[str, Any]]:
        """Facts that hold: each key with its word, zero where there is no cell, null where nothing is known."""
        for name, runs, entry_runs in (
            ("one cell", [(7, 1)], []),
            ("a run in the middle", [(5, 6)], []),
            ("the first cells", [(0, 3)], []),
            ("the last cells", [(len(self._cells) - 2, 2)], []),
            ("two runs", [(2, 2), (9, 3)], []),
            ("three runs, two of which touch", [(1, 2), (3, 1), (8, 2)], []),
            ("all cells", [(0, len(self._cells))], []),
            ("entries alone", [], [(3, 1), (10, 4), (39, 1)]),
            ("cells and entries", [(4, 3)], [(0, 2)]),
        ):
            yield {
                "name": name,
                "facts": json.dumps(self._facts(runs, entry_runs)),
                "words": [[key, word] for key, word in self._words(runs)],
                "entries": [place for first, count in entry_runs for place in range(first, first + count)],
            }

    def _words(self, runs: list[tuple[int, int]]) -> Iterator[tuple[bytes, bytes | None]]:
        last = len(self._cells) - 1
        for place, (key, word) in enumerate(self._cells):
            known = any(first <= place < first + count for first, count in runs)
            yield key, word if known else None
            # The key right after this one has no cell. It is known so between two neighbours of a run, or at its end.
            after = (int.from_bytes(key, "big") + 1).to_bytes(32, "big")
            between = any(first <= place and (place + 1 < first + count or place == last) for first, count in runs)
            yield after, bytes(32) if known and between else None
        yield bytes(32), bytes(32) if any(first == 0 for first, _ in runs) else None

    def refused(self) -> Iterator[dict[str, Any]]:
        """Facts of which nothing may be taken."""
        honest = self._facts([(5, 4)], [(3, 2)])
        for name, bend in (
            ("too few signatures", lambda one: one["checkpoint"]["signatures"].pop()),
            ("a signature twice", lambda one: one["checkpoint"]["signatures"].__setitem__(1, _first(one))),
            ("signatures in another order", lambda one: one["checkpoint"]["signatures"].reverse()),
            ("another size of the log", lambda one: _message(one, "size", 41)),
            ("another number of cells", lambda one: _message(one, "cells", len(self._cells) + 1)),
            ("another state root", lambda one: _message(one, "stateRoot", "0x" + "11" * 32)),
            ("another epoch of signers", lambda one: _message(one, "signerEpoch", 2)),
            ("another log", lambda one: one["checkpoint"].update(log_id="0x" + "22" * 32)),
            ("cells from another place", lambda one: one["cells"][0].update(first=6)),
            ("a cell left out of a run", lambda one: _pieces(one["cells"][0], lambda raw: raw[:64] + raw[128:])),
            (
                "two cells exchanged",
                lambda one: _pieces(one["cells"][0], lambda raw: raw[64:128] + raw[:64] + raw[128:]),
            ),
            ("an older word", lambda one: _pieces(one["cells"][0], lambda raw: raw[:63] + b"\x01" + raw[64:])),
            ("a word of no entry", lambda one: _pieces(one["cells"][0], lambda raw: raw[:57] + bytes(7) + raw[64:])),
            ("one hash too few for cells", lambda one: _proof(one, "cells_proof", lambda raw: raw[:-32])),
            ("one hash too many for cells", lambda one: _proof(one, "cells_proof", lambda raw: raw + bytes(32))),
            ("a proof without a run", lambda one: one.update(cells=[])),
            ("a run without cells", lambda one: one["cells"][0].update(cells="")),
            ("entries from another place", lambda one: one["entries"][0].update(first=4)),
            ("an entry left out of a run", lambda one: one["entries"][0]["entries"].pop(0)),
            ("another body", lambda one: one["entries"][0]["entries"][0].update(body="AAAA")),
            ("other writes", lambda one: one["entries"][0]["entries"][0].update(writes="")),
            ("another kind", lambda one: one["entries"][0]["entries"][0].update(kind=9)),
            ("another writer", lambda one: one["entries"][0]["entries"][0].update(writer="0x" + "33" * 20)),
            ("another time", lambda one: one["entries"][0]["entries"][0].update(time=1)),
            ("one hash too few for entries", lambda one: _proof(one, "entries_proof", lambda raw: raw[:-32])),
            ("a member too many", lambda one: one.update(more=1)),
            ("a member too few", lambda one: one.pop("region_facts")),
        ):
            bent = copy.deepcopy(honest)
            bend(bent)
            yield {"name": name, "facts": json.dumps(bent)}
        swapped = [*self._cells[:6], self._cells[7], self._cells[6], *self._cells[8:]]
        yield {"name": "signers signed a tree out of order", "facts": json.dumps(self._facts([(5, 4)], [], swapped))}
        strangers = self._facts([(5, 4)], [], signers=[2, 1])
        yield {"name": "signatures that do not ascend by signer", "facts": json.dumps(strangers)}

    def _facts(
        self,
        runs: list[tuple[int, int]],
        entry_runs: list[tuple[int, int]],
        cells: list[Cell] | None = None,
        signers: list[int] | None = None,
    ) -> dict[str, Any]:
        tree = self._cells if cells is None else cells
        hashes = _hashes(tree)
        return {
            "checkpoint": self._checkpoint(tree, [0, 1] if signers is None else signers),
            "region_facts": None,
            "cells": [
                {
                    "first": first,
                    "cells": _text(b"".join(key + word for key, word in tree[first : first + count])),
                }
                for first, count in runs
            ],
            "cells_proof": _text(b"".join(ref.runs(runs, hashes))),
            "entries": [
                {
                    "first": first,
                    "entries": [self._entry(place) for place in range(first, first + count)],
                }
                for first, count in entry_runs
            ],
            "entries_proof": _text(b"".join(ref.runs(entry_runs, self._leaves))),
        }

    def _entry(self, place: int) -> dict[str, Any]:
        entry = self._entries[place]
        return {
            "kind": entry["kind"],
            "writer": WRITER.lower(),
            "time": entry["time"],
            "body": _text(entry["body"]),
            "writes": _text(entry["packed"]),
        }

    def _checkpoint(self, cells: list[Cell], signers: list[int]) -> dict[str, Any]:
        block = ref.keccak(b"block of the facts")
        values: list[Any] = [
            *(len(self._leaves), ref.mth(self._leaves), len(cells), ref.mth(_hashes(cells)), 1000, block),
            *(1733400480, 1),
        ]
        members = ",".join(f"{kind} {name}" for kind, name in zip(_TYPES, _MEMBERS, strict=True))
        body = ref.struct_hash(f"Checkpoint({members})", values)
        digest = ref.keccak(b"\x19\x01", ref.struct_hash(_DOMAIN, ["creditchain", "1", LOG_ID]), body)
        plain = [f"0x{value.hex()}" if isinstance(value, bytes) else value for value in values]
        return {
            "format": "creditchain/checkpoint@1",
            "log_id": f"0x{LOG_ID.hex()}",
            "message": dict(zip(_MEMBERS, plain, strict=True)),
            "signatures": ["0x" + self._signers[place][1](digest).hex() for place in signers],
        }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _first(facts: dict[str, Any]) -> str:
    return str(facts["checkpoint"]["signatures"][0])


def _message(facts: dict[str, Any], name: str, value: Any) -> None:
    facts["checkpoint"]["message"][name] = value


def _pieces(run: dict[str, Any], bend: Callable[[bytes], bytes]) -> None:
    run["cells"] = _text(bend(base64.b64decode(run["cells"])))


def _proof(facts: dict[str, Any], name: str, bend: Callable[[bytes], bytes]) -> None:
    facts[name] = _text(bend(base64.b64decode(facts[name])))
