"""What a mapping makes of the first rows: before and after, field by field, with what identifies somebody masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from creditchain.batch.checking.masking import masked
from creditchain.batch.checking.summary import CHOICE, DATE, INTEGER, FieldKind, field_kinds
from creditchain.batch.errors import Problem
from creditchain.batch.readers.pieces import CellsPiece
from creditchain.batch.readers.texts import as_text
from creditchain.errors import InputError
from creditchain.products import Product
from creditchain.products.schema import UNLIMITED, resolve

#: Rows that are shown.
ROWS = 3
#: What days and whole numbers look like; 18 digits could be a registered number.
_SHAPES = {
    DATE: re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{UNLIMITED}"),
    INTEGER: re.compile(r"-?[0-9]{1,16}"),
}


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
    kinds = {kind.name.rpartition(".")[2]: kind for kind in field_kinds(product)}
    choices = _choices(product)
    shown: list[MappedCell] = []
    whole = [(line, cells) for line, cells in piece.rows if not isinstance(cells, Problem)]
    for line, cells in whole[:ROWS]:
        row = dict(zip(piece.names, cells, strict=True))
        for rule in piece.mapping.rules:
            before = rule.constant if rule.column is None else row[rule.column]
            try:
                after: str | None = rule.value(row)
            except InputError:
                after = None
            if not _clear(after, kinds.get(rule.name), choices):
                before, after = masked(before), None if after is None else masked(after)
            shown.append(MappedCell(line, rule.name, rule.column, before, after))
    return shown


def _choices(product: Product) -> dict[str, frozenset[str]]:
    """The texts of the values that fields with a choice may have."""
    definitions = product.schema.get("$defs", {})
    found = {
        "section": frozenset(section.label for section in product.sections),
        "domain": frozenset(domain.label for domain in product.domains),
    }
    for name, declared in product.schema["properties"].items():
        schema = resolve(declared, definitions)
        listed = schema.get("enum", [schema["const"]] if "const" in schema else [True, False])
        found[f"data.{name}"] = frozenset(as_text(value) for value in listed)
    return found


def _clear(text: str | None, kind: FieldKind | None, choices: Mapping[str, frozenset[str]]) -> bool:
    """Whether a value identifies nobody. Only one that fits its field: others may belong into another column."""
    if text is None or kind is None:
        return False
    if kind.kind == CHOICE:
        return text in choices.get(kind.name, frozenset())
    return text == "" or (kind.kind in _SHAPES and _SHAPES[kind.kind].fullmatch(text) is not None)
