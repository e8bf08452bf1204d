"""JSON Lines and Parquet with an institution's own fields: each record as a row of texts, for the mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from creditchain.batch.accepting.bulk_lines import Lines
from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem
from creditchain.batch.readers import json_lines, parquet, rows
from creditchain.batch.readers.pieces import LinesPiece, MappedPiece, TextPiece
from creditchain.batch.readers.texts import as_text


def load(piece: MappedPiece, rules: Rules) -> Iterator[Loaded]:
    """The records of a piece, block by block; lines count from 1 in each."""
    for block in _blocks(piece):
        yield replace(rows.load_sources(block, (), piece.mapping, rules), numbered=False)


def _blocks(piece: MappedPiece) -> Iterator[list[tuple[int, rows.Source]]]:
    own, columns = piece.own, piece.mapping.columns
    if isinstance(own, TextPiece):
        yield _sources(Lines(own.text))
    elif isinstance(own, LinesPiece):
        yield from (_sources(lines) for lines in json_lines.blocks(own))
    else:
        for batch in parquet.batches(own):
            table = batch.select(list(columns)).to_pylist()
            yield [(at, {name: as_text(row[name]) for name in columns}) for at, row in enumerate(table, 1)]


def _sources(lines: Lines) -> list[tuple[int, rows.Source]]:
    return [(place + 1, _source(lines[place], place + 1)) for place in range(len(lines))]


def _source(line: bytes, number: int) -> rows.Source:
    """The members of a flat JSON object as texts; numbers exactly as they are written."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return Problem(number, None, "not a JSON object", "one object a line, no name twice")
    if not isinstance(value, dict):
        return Problem(number, None, "not a JSON object", "one object a line, no name twice")
    return {name: as_text(item) for name, item in value.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members
