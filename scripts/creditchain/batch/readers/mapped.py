"""JSON Lines and Parquet with an institution's own fields: each record as a row of texts, for the mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from creditchain.batch.accepting.bulk_lines import Lines
from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem
from creditchain.batch.readers import json_lines, parquet, rows
from creditchain.batch.readers.pieces import LinesPiece, MappedPiece, TextPiece
from creditchain.batch.readers.texts import as_text

_NO_TEXT = "the cell holds a value that has no text"
_HAS_TEXT = "text in UTF-8, a number, true or false, or a day up to 9999-12-31"


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
            yield _rows({name: batch.column(name) for name in columns}, len(batch))


def _rows(columns: Mapping[str, pa.Array], count: int) -> list[tuple[int, rows.Source]]:
    texts = {name: _texts(column) for name, column in columns.items()}
    made: list[tuple[int, rows.Source]] = []
    for at in range(count):
        cells = {name: text for name, column in texts.items() if (text := column[at]) is not None}
        if unfit := next((name for name in texts if name not in cells), None):
            made.append((at + 1, Problem(at + 1, None, _NO_TEXT, _HAS_TEXT, column=unfit)))
        else:
            made.append((at + 1, cells))
    return made


def _texts(column: pa.Array) -> list[str | None]:
    """The texts of a column's values; None for one that has none."""
    try:
        return list(map(as_text, column.to_pylist()))
    except (ValueError, OverflowError):  # NaN, a year past 9999, nanoseconds, what is not UTF-8: seldom, so one by one
        return [_text(value) for value in column]


def _text(value: pa.Scalar) -> str | None:
    try:
        return as_text(value.as_py())
    except (ValueError, OverflowError):
        return None


def _sources(lines: Lines) -> list[tuple[int, rows.Source]]:
    return [(place + 1, _source(lines[place], place + 1)) for place in range(len(lines))]


def _source(line: bytes, number: int) -> rows.Source:
    """The members of a flat JSON object as texts; numbers exactly as they are written."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str, parse_constant=_refuse, object_pairs_hook=_once)
        if isinstance(value, dict):
            texts = {name: as_text(item) for name, item in value.items()}
            "".join(texts.values()).encode()  # raises for half of a surrogate pair, which \ud800 gives
            return texts
    except (ValueError, RecursionError):
        pass
    return Problem(number, None, "not a JSON object", "one object a line in UTF-8, no name twice, no NaN")


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members
