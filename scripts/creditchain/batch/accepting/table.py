"""Documents from rows of a table: which column is what, and how a cell of text becomes the value its product wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from creditchain.batch.errors import UploadError
from creditchain.documents import JsonObject, parse_json
from creditchain.errors import InputError, Place
from creditchain.identifiers import USCC
from creditchain.products import Product
from creditchain.products.schema import resolve

#: Columns that are not fields of `data`, and whether they must be there.
ENVELOPE = {"subject_number": True, "subject_scheme": False, "section": True, "domain": True, "as_of": True}

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one table: their names in order, and the JSON type of each field of `data`."""

    names: tuple[str, ...]
    types: Mapping[str, str]


def layout(names: Iterable[str], product: Product) -> Layout:
    """Check a table's column names against the product. Raises UploadError naming the column."""
    listed = tuple(names)
    types = field_types(product)
    required = [name for name, must in ENVELOPE.items() if must] + list(product.schema.get("required", []))
    # What is missing is told first: of a file without a header no cell may be shown as if it were a name.
    if missing := [name for name in required if name not in listed]:
        message = "the table lacks columns" if len(missing) > 1 else "the table lacks a column"
        hint = "Columns with names of their own need a mapping: `creditchain upload mapping new` drafts one."
        raise UploadError(message, expected=", ".join(missing), hint=hint, place=Place(field=missing[0]))
    for place, name in enumerate(listed):
        if name in listed[:place]:
            raise UploadError("the column occurs twice", place=Place(field=shown(name)))
        if name not in ENVELOPE and name not in types:
            raise UploadError(
                "the product has no field for this column", expected=", ".join(types), place=Place(field=shown(name))
            )
    return Layout(listed, types)


def field_types(product: Product) -> dict[str, str]:
    """The JSON type of each field of the product's data; `json` for a field that may have several or is a choice."""
    definitions = product.schema.get("$defs", {})
    found: dict[str, str] = {}
    for name, schema in product.schema["properties"].items():
        kind = resolve(schema, definitions).get("type")
        found[name] = kind if kind in ("integer", "boolean", "string") else "json"
    return found


def document_of_cells(cells: Mapping[str, str], table: Layout, product: Product) -> JsonObject:
    """The document in one row of text cells. An empty cell means that the field is missing. Raises UploadError."""
    data = {
        name: typed(name, cells[name], table.types[name])
        for name in table.names
        if name not in ENVELOPE and cells[name] != ""
    }
    return envelope(cells, data, product)


def envelope(cells: Mapping[str, Any], data: JsonObject, product: Product) -> JsonObject:
    """The document around `data`. The scheme is USCC where the table does not say."""
    return {
        "product": product.ref,
        "subject": {"number": cells["subject_number"], "scheme": cells.get("subject_scheme") or USCC},
        "section": cells["section"],
        "domain": cells["domain"],
        "as_of": cells["as_of"],
        "data": data,
    }


def typed(name: str, cell: str, kind: str) -> Any:
    """A cell of text as the JSON value of type `kind`. Raises UploadError; the cell is never quoted."""
    if kind == "string":
        return cell
    if kind == "integer":
        if not _INTEGER.fullmatch(cell):
            raise UploadError(
                "not an integer",
                expected="digits without separators; amounts in fen",
                place=Place(field=f"data.{name}"),
            )
        return int(cell)
    if kind == "boolean":
        if cell not in ("true", "false"):
            raise UploadError("not true or false", expected="true or false", place=Place(field=f"data.{name}"))
        return cell == "true"
    try:
        value = parse_json(b'{"value":%b}' % cell.encode())
    except InputError as error:
        raise UploadError("not JSON", place=Place(field=f"data.{name}")) from error
    if len(value) != 1:  # `1,"more":2` would close the value and begin another
        raise UploadError("not JSON", expected="one value", place=Place(field=f"data.{name}"))
    return value["value"]


def shown(name: str) -> str:
    """A column's name as an error may show it: of a file without a header it may be anything."""
    return name if name.isidentifier() and len(name) <= 60 else "?"
