"""Cells and entries that are shown under a checkpoint, and the files that hold them (docs/format.md, section 10).

Cells are shown in runs of neighbours in the state tree. A run says the word of each cell in it, and that there is no
cell between two neighbours. Entries are shown in runs of the log's tree.
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
from creditchain.log.state_proofs import CellRun
from creditchain.merkle import MAX_RUN_PROOF
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import HASH, hexed, joined, load_json
from creditchain.packages.reading import written

REGION_FACTS_FORMAT: Final = "creditchain/region-facts@1"


@dataclass(frozen=True, slots=True)
class FactsLimits:
    """How much a file may show. A larger one is refused as a whole."""

    runs: int = 10_000
    cells: int = 1_000_000  #: in one run
    entries: int = 100_000  #: in one run


FACTS_LIMITS: Final = FactsLimits()
_CELL_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class EntryRun:
    """Neighbouring entries of the log, with one proof for all of them (`merkle.verify_run`)."""

    entries: tuple[AppendedEntry, ...]  #: at least one; their indices follow each other
    proof: tuple[bytes, ...]

    @property
    def first(self) -> int:
        """Index of the first entry."""
        return self.entries[0].index


@dataclass(frozen=True, slots=True)
class ShownFacts:
    """A checkpoint, and what is shown under it. Nothing is checked yet; `signed_facts.SignedFacts` does that."""

    checkpoint: SignedCheckpoint
    cells: tuple[CellRun, ...] = ()
    entries: tuple[EntryRun, ...] = ()
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
    fields = Fields(value, path, ("checkpoint", "region_facts", "cells", "entries"))
    return ShownFacts(
        checkpoint=read_checkpoint(fields.raw("checkpoint"), f"{path}.checkpoint"),
        cells=_cells(fields),
        entries=_entries(fields),
        region_facts=fields.digest("region_facts") if fields.has("region_facts") else None,
    )


def region_facts_file(shown: ShownFacts) -> bytes:
    """The file that `parse_region_facts` reads."""
    head = {"format": REGION_FACTS_FORMAT, "hash": HASH, "checkpoint": shown.checkpoint.as_json()}
    return written({**head, **_shown_json(shown)})


def parse_region_facts(raw: bytes) -> ShownFacts:
    """Parse a file of what many packages of a region share under one checkpoint. Raises PackageError."""
    fields = Fields(load_json(raw), "", ("format", "hash", "checkpoint", "cells", "entries"))
    fields.choice("format", [REGION_FACTS_FORMAT])
    fields.choice("hash", [HASH])
    checkpoint = read_checkpoint(fields.raw("checkpoint"), "checkpoint")
    return ShownFacts(checkpoint, _cells(fields), _entries(fields))


def facts_digest(raw: bytes) -> bytes:
    """The name of a file of region facts: keccak-256 of its bytes."""
    return keccak256(raw)


def _shown_json(shown: ShownFacts) -> dict[str, Any]:
    return {
        "cells": [
            {
                "first": run.first,
                "cells": joined(cell.key + cell.word for cell in run.cells),
                "proof": joined(run.proof),
            }
            for run in shown.cells
        ],
        "entries": [
            {"first": run.first, "entries": [_entry_json(one) for one in run.entries], "proof": joined(run.proof)}
            for run in shown.entries
        ],
    }


def _entry_json(entry: AppendedEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "writer": hexed(entry.writer),
        "time": entry.time,
        "body": base64.b64encode(entry.body).decode(),
        "writes": base64.b64encode(entry.writes).decode(),
    }


def _cells(fields: Fields) -> tuple[CellRun, ...]:
    return tuple(_cell_run(value, path) for path, value in fields.items("cells", most=FACTS_LIMITS.runs))


def _cell_run(value: object, path: str) -> CellRun:
    fields = Fields(value, path, ("first", "cells", "proof"))
    pieces = fields.pieces("cells", _CELL_BYTES, most=FACTS_LIMITS.cells)
    if not pieces:
        raise PackageError("a run shows no cell", expected="at least one", place=Place(field=f"{path}.cells"))
    try:
        cells = tuple(Cell(piece[:32], piece[32:]) for piece in pieces)
    except CellError as error:
        place = Place(field=f"{path}.cells")
        raise PackageError(error.message, expected=error.expected, found=error.found, place=place) from error
    return CellRun(fields.number("first"), cells, fields.hashes("proof", most=MAX_RUN_PROOF))


def _entries(fields: Fields) -> tuple[EntryRun, ...]:
    return tuple(_entry_run(value, path) for path, value in fields.items("entries", most=FACTS_LIMITS.runs))


def _entry_run(value: object, path: str) -> EntryRun:
    fields = Fields(value, path, ("first", "entries", "proof"))
    first, listed = fields.number("first"), fields.items("entries", most=FACTS_LIMITS.entries)
    if not listed:
        raise PackageError("a run shows no entry", expected="at least one", place=Place(field=f"{path}.entries"))
    entries = tuple(_entry(one, where, first + place) for place, (where, one) in enumerate(listed))
    return EntryRun(entries, fields.hashes("proof", most=MAX_RUN_PROOF))


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
