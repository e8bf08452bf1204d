"""What a mapping makes of the first rows: before and after, field by field, with what identifies somebody masked."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.batch.checking.masking import masked
from creditchain.batch.checking.summary import TEXT, field_kinds
from creditchain.batch.errors import Problem
from creditchain.batch.readers.pieces import CellsPiece
from creditchain.errors import InputError
from creditchain.products import Product

#: Rows that are shown.
ROWS = 3


@dataclass(frozen=True, slots=True)
class MappedCell:
    """One field of one row. `column` is None for a constant; `after` for what could not be converted."""

    line: int
    field: str
    column: str | None
    before: str
    after: str | None


def preview(piece: CellsPiece, product: Product) -> list[MappedCell]:
    """The first rows of a piece that has a mapping."""
    if piece.mapping is None:
        return []
    clear = {kind.name.rpartition(".")[2] for kind in field_kinds(product) if kind.kind != TEXT} - {"number"}
    shown: list[MappedCell] = []
    whole = [(line, cells) for line, cells in piece.rows if not isinstance(cells, Problem)]
    for line, cells in whole[:ROWS]:
        row = dict(zip(piece.names, cells, strict=True))
        for rule in piece.mapping.rules:
            show = (lambda text: text) if rule.name in clear else masked
            try:
                after: str | None = show(rule.value(row))
            except InputError:
                after = None
            before = rule.constant if rule.column is None else row[rule.column]
            # What could not be converted may be anything, also what belongs into another column.
            shown.append(
                MappedCell(line, rule.name, rule.column, masked(before) if after is None else show(before), after)
            )
    return shown
