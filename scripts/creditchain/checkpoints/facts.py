"""Cells and entries that are shown under a checkpoint, and the files that hold them (docs/format.md, section 10).

Cells are shown in runs of neighbours in the state tree. A run says the word of each cell in it, and that there is no
cell between two neighbours. Entries are shown in runs of the log's tree. One proof serves all runs of a tree, since
they share most of their way to the root.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from creditchain.checkpoints.file import SignedCheckpoint, read_checkpoint
from creditchain.errors import Place
from creditchain.hashing import keccak256
from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import Cell, CellError
from creditchain.merkle import MAX_RUN_PROOF
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import HASH, hexed, joined, load_json
from creditchain.packages.reading import require_format, written

REGION_FACTS_FORMAT: Final = "creditchain/region-facts@1"


@dataclass(frozen=True, slots=True)
class FactsLimits:
    """How much a file may show. A larger one is refused as a whole."""

    runs: int = 10_000
    cells: int = 1_000_000  #: in one run
    entries: int = 100_000  #: in one run


FACTS_LIMITS: Final = FactsLimits()
_CELL_BYTES: Final = 64
_SHOWN: Final = ("cells", "cells_proof", "entries", "entries_proof")


@dataclass(frozen=True, slots=True)
class CellRow:
    """Neighbouring cells of the state tree."""

    first: int  #: index of the first cell in the tree
    cells: tuple[Cell, ...]  #: at least one


@dataclass(frozen=True, slots=True)
class EntryRow:
    """Neighbouring entries of the log."""

    entries: tuple[AppendedEntry, ...]  #: at least one; their indices follow each other

    @property
    def first(self) -> int:
        """Index of the first entry."""
        return self.entries[0].index


@dataclass(frozen=True, slots=True)
class ShownFacts:
    """A checkpoint, and what is shown under it. Nothing is checked yet; `signed_facts.SignedFacts` does that."""

    checkpoint: SignedCheckpoint
    cells: tuple[CellRow, ...] = ()  #: ascending
    cells_proof: tuple[bytes, ...] = ()  #: one for all of them (`merkle.verify_runs`); empty where there are none
    entries: tuple[EntryRow, ...] = ()
    entries_proof: tuple[bytes, ...] = ()
    region_facts: bytes | None = None  #: digest (32 bytes) of the file with what else is needed; None if nothing is

    def as_json(self) -> dict[str, Any]:
        """The member `facts` of a package, as `read_facts` reads it."""
        return {
            "checkpoint": self.checkpoint.as_json(),
            "region_facts": None if self.region_facts is None else hexed(self.region_facts),
            **_shown_json(self),
        }


def read_facts(value: object, path: str = "facts") -> ShownFacts:
    """Read the member `facts` of a package. Raises PackageError."""
    fields = Fields(value, path, ("checkpoint", "region_facts", *_SHOWN))
    return ShownFacts(
        checkpoint=read_checkpoint(fields.raw("checkpoint"), f"{path}.checkpoint"),
        cells=_cells(fields),
        cells_proof=_proof(fields, "cells_proof"),
        entries=_entries(fields),
        entries_proof=_proof(fields, "entries_proof"),
        region_facts=fields.digest("region_facts") if fields.has("region_facts") else None,
    )


def region_facts_file(shown: ShownFacts) -> bytes:
    """The file that `parse_region_facts` reads."""
    head = {"format": REGION_FACTS_FORMAT, "hash": HASH, "checkpoint": shown.checkpoint.as_json()}
    return written({**head, **_shown_json(shown)})


def parse_region_facts(raw: bytes) -> ShownFacts:
    """Parse a file of what many packages of a region share under one checkpoint. Raises PackageError."""
    value = load_json(raw)
    require_format(value, REGION_FACTS_FORMAT)
    fields = Fields(value, "", ("format", "hash", "checkpoint", *_SHOWN))
    fields.choice("hash", [HASH])
    checkpoint = read_checkpoint(fields.raw("checkpoint"), "checkpoint")
    return ShownFacts(
        checkpoint, _cells(fields), _proof(fields, "cells_proof"), _entries(fields), _proof(fields, "entries_proof")
    )


def facts_digest(raw: bytes) -> bytes:
    """The name of a file of region facts: keccak-256 of its bytes."""
    return keccak256(raw)


def _shown_json(shown: ShownFacts) -> dict[str, Any]:
    return {
        "cells": [
            {"first": row.first, "cells": joined(cell.key + cell.word for cell in row.cells)} for row in shown.cells
        ],
        "cells_proof": joined(shown.cells_proof),
        "entries": [
            {"first": row.first, "entries": [_entry_json(one) for one in row.entries]} for row in shown.entries
        ],
        "entries_proof": joined(shown.entries_proof),
    }


def _entry_json(entry: AppendedEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "writer": hexed(entry.writer),
        "time": entry.time,
        "body": base64.b64encode(entry.body).decode(),
        "writes": base64.b64encode(entry.writes).decode(),
    }


def _proof(fields: Fields, name: str) -> tuple[bytes, ...]:
    return fields.hashes(name, most=MAX_RUN_PROOF * FACTS_LIMITS.runs)


def _cells(fields: Fields) -> tuple[CellRow, ...]:
    return tuple(_cell_row(value, path) for path, value in fields.items("cells", most=FACTS_LIMITS.runs))


def _cell_row(value: object, path: str) -> CellRow:
    fields = Fields(value, path, ("first", "cells"))
    pieces = fields.pieces("cells", _CELL_BYTES, most=FACTS_LIMITS.cells)
    if not pieces:
        raise PackageError("a run shows no cell", expected="at least one", place=Place(field=f"{path}.cells"))
    try:
        cells = tuple(Cell(piece[:32], piece[32:]) for piece in pieces)
    except CellError as error:
        place = Place(field=f"{path}.cells")
        raise PackageError(error.message, expected=error.expected, found=error.found, place=place) from error
    return CellRow(fields.number("first"), cells)


def _entries(fields: Fields) -> tuple[EntryRow, ...]:
    return tuple(_entry_row(value, path) for path, value in fields.items("entries", most=FACTS_LIMITS.runs))


def _entry_row(value: object, path: str) -> EntryRow:
    fields = Fields(value, path, ("first", "entries"))
    first, listed = fields.number("first"), fields.items("entries", most=FACTS_LIMITS.entries)
    if not listed:
        raise PackageError("a run shows no entry", expected="at least one", place=Place(field=f"{path}.entries"))
    entries = tuple(_entry(one, where, first + place) for place, (where, one) in enumerate(listed))
    return EntryRow(entries)


def _entry(value: object, path: str, index: int) -> AppendedEntry:
    fields = Fields(value, path, ("kind", "writer", "time", "body", "writes"))
    return AppendedEntry(
        index=index,
        kind=fields.number("kind", most=255),
        writer=fields.hex("writer", length=20),
        time=fields.number("time"),
        body=fields.base64("body"),
        writes=fields.base64("writes"),
    )


def facts_of(package: Mapping[str, Any] | None) -> ShownFacts | None:
    """The facts that a package carries; None if it carries none. Raises PackageError."""
    return None if package is None else read_facts(package)
