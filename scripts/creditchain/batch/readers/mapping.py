"""A mapping: which column of an institution's own table becomes which field, and by which declared conversions.

    product = "tax-payment/1"
    [fields.subject_number]
    column = "统一社会信用代码"
    trim = true
    [fields.domain]
    constant = "tax"

Parsed strictly: a key, field or form that is not known is an error with its line. docs/uploads.md has the format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from creditchain.batch.accepting.table import ENVELOPE, field_types
from creditchain.batch.errors import UploadError, storage
from creditchain.batch.readers.conversions import DATE_FORMS, MONTH_FORMS, Conversions
from creditchain.documents import canonical_bytes
from creditchain.errors import ConfigError, Place
from creditchain.hashing import keccak256
from creditchain.products import Product

#: Largest mapping file, bytes.
MAX_BYTES = 1 << 20
_SWITCHES = ("trim", "half_width", "upper", "thousands")
_KEYS = ("column", "constant", "split", *_SWITCHES, "empty", "unit", "date", "month", "day", "lookup")


class MappingError(ConfigError):
    """A mapping file is wrong. The place has its line and field."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field of the product comes about: from a column or as a constant."""

    name: str
    column: str | None
    constant: str
    conversions: Conversions

    def value(self, cells: Mapping[str, str]) -> str:
        """The field's text in a row; empty for no value. Raises ConversionError."""
        return self.constant if self.column is None else self.conversions.apply(cells.get(self.column, ""))


@dataclass(frozen=True, slots=True)
class UploadMapping:
    """A mapping file, checked against its product. `source` is its content, by which it is known again."""

    product: str
    rules: tuple[FieldRule, ...]
    source: Mapping[str, Any] = field(repr=False)

    @property
    def digest(self) -> bytes:
        """keccak256 (32 bytes) of the RFC 8785 bytes of the content: blanks and comments do not count."""
        return keccak256(canonical_bytes(dict(self.source)))

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that rows get."""
        return tuple(rule.name for rule in self.rules)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a table must have, in the order of the file."""
        return tuple(dict.fromkeys(rule.column for rule in self.rules if rule.column is not None))

    def require_columns(self, names: Iterable[str]) -> None:
        """Raise UploadError unless a table with these columns can be mapped."""
        listed = list(names)
        if missing := [column for column in self.columns if column not in listed]:
            raise UploadError(
                "the table lacks columns that the mapping names",
                expected=", ".join(missing),
                found=f"{len(listed)} columns, none of these",
                hint="The names in the mapping and in the header must be the same, character by character.",
            )
        if twice := [column for column in self.columns if listed.count(column) > 1]:
            raise UploadError("a column that the mapping names occurs twice", found=", ".join(twice))


def parse_mapping(raw: bytes, product: Product, file: str) -> UploadMapping:
    """The mapping in a TOML text for a product. Raises MappingError with file, line and field."""
    if len(raw) > MAX_BYTES:
        raise MappingError("the mapping is too large", expected=f"at most {MAX_BYTES} bytes", place=Place(file))
    try:
        text = raw.decode("utf-8-sig")
        source = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise MappingError("the mapping is not UTF-8", place=Place(file)) from error
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        line = re.search(r"at line (\d+)", str(error))
        place = Place(file, int(line[1]) if line else None)
        raise MappingError("not TOML", found=str(error), place=place) from error
    try:
        return mapping_of(source, product)
    except MappingError as error:
        name = error.place.field if error.place is not None else None
        raise error.at(Place(file, _line_of(text, name or ""))) from None


def load_mapping(path: Path, product: Product) -> UploadMapping:
    """The mapping in a file. Raises MappingError, StorageError."""
    with storage("the mapping"), path.open("rb") as handle:
        raw = handle.read(MAX_BYTES + 1)
    return parse_mapping(raw, product, path.name)


def mapping_of(source: Mapping[str, Any], product: Product) -> UploadMapping:
    """The mapping in a parsed file. Raises MappingError with the dotted field."""
    _require_keys(source, ("product", "fields"), "")
    if source.get("product") != product.ref:
        raise _wrong("product", "a mapping for another product", expected=f'"{product.ref}"')
    fields = source.get("fields")
    if not isinstance(fields, Mapping) or not fields:
        raise _wrong("fields", "a mapping has tables of fields", expected="[fields.NAME] for each field")
    known = (*ENVELOPE, *field_types(product))
    for name in fields:
        if name not in known:
            raise _wrong(f"fields.{name}", "the product has no such field", expected=", ".join(known))
    needed = [name for name, must in ENVELOPE.items() if must] + list(product.schema.get("required", []))
    if missing := [name for name in needed if name not in fields]:
        raise _wrong("fields", "fields that the product requires are missing", expected=", ".join(missing))
    rules = tuple(_rule(name, fields[name]) for name in known if name in fields)
    return UploadMapping(product.ref, rules, source)


def _rule(name: str, table: Any) -> FieldRule:
    above = f"fields.{name}"
    if not isinstance(table, Mapping):
        raise _wrong(above, "not a table", expected='column = "…" or constant = "…"')
    _require_keys(table, _KEYS, above + ".")
    if ("column" in table) == ("constant" in table):
        raise _wrong(above, "a field comes from a column or is constant", expected="either column or constant")
    if "constant" in table:
        _require_keys(table, ("constant",), above + ".")
        return FieldRule(name, None, _text(table["constant"], f"{above}.constant"), Conversions())
    return FieldRule(name, _text(table["column"], f"{above}.column"), "", _conversions(table, above))


def _conversions(table: Mapping[str, Any], above: str) -> Conversions:
    kinds = [key for key in ("unit", "date", "month", "lookup") if key in table]
    if len(kinds) > 1:
        raise _wrong(f"{above}.{kinds[1]}", "a field has one kind of value", found=", ".join(kinds))
    if table.get("unit", "yuan") != "yuan":
        raise _wrong(f"{above}.unit", "a unit that is not known", expected='"yuan"; fen need no conversion')
    if "day" in table and ("month" not in table or table["day"] not in ("first", "last")):
        raise _wrong(f"{above}.day", "which day of a month", expected='"first" or "last", beside month')
    if "month" in table and "day" not in table:
        raise _wrong(f"{above}.day", "a month stands for a day", expected='day = "first" or day = "last"')
    switches = {key: _switch(table[key], f"{above}.{key}") for key in _SWITCHES if key in table}
    return Conversions(
        split=_split(table["split"], f"{above}.split") if "split" in table else None,
        empty=_texts(table.get("empty", []), f"{above}.empty"),
        yuan="unit" in table,
        dates=_forms(table["date"], DATE_FORMS, f"{above}.date") if "date" in table else (),
        months=_forms(table["month"], MONTH_FORMS, f"{above}.month") if "month" in table else (),
        last_day=table.get("day") == "last",
        lookup=_lookup(table["lookup"], f"{above}.lookup") if "lookup" in table else {},
        **switches,
    )


def _split(table: Any, above: str) -> tuple[str, int]:
    if not isinstance(table, Mapping) or set(table) != {"at", "part"}:
        raise _wrong(above, "how to cut a text", expected='{ at = ":", part = 1 }')
    part = table["part"]
    if type(part) is not int or not 1 <= part <= 9:
        raise _wrong(f"{above}.part", "not the number of a part", expected="1 to 9")
    return _text(table["at"], f"{above}.at"), part


def _lookup(table: Any, above: str) -> dict[str, str]:
    if not isinstance(table, Mapping) or not table:
        raise _wrong(above, "not a lookup table", expected='{ "value in the upload" = "value in the document" }')
    # Keys are values of the upload, so errors do not name them.
    return {str(key): _text(value, above) for key, value in table.items()}


def _forms(value: Any, known: Mapping[str, object], above: str) -> tuple[str, ...]:
    forms = _texts([value] if isinstance(value, str) else value, above)
    if not forms or any(form not in known for form in forms):
        raise _wrong(above, "a form that is not known", expected=", ".join(known))
    return forms


def _texts(value: Any, above: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _wrong(above, "not a list of texts")
    return tuple(_text(each, above) for each in value)


def _text(value: Any, above: str) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(above, "not text, or empty", expected="text in quotes")
    return value


def _switch(value: Any, above: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(above, "not true or false", expected="true or false")
    return value


def _require_keys(table: Mapping[str, Any], known: tuple[str, ...], above: str) -> None:
    for key in table:
        if key not in known:
            raise _wrong(f"{above}{key}", "a key that is not known here", expected=", ".join(known))


def _wrong(name: str, message: str, *, expected: str | None = None, found: str | None = None) -> MappingError:
    return MappingError(message, expected=expected, found=found, place=Place(field=name))


def _line_of(text: str, dotted: str) -> int | None:
    """The line at which a key most likely stands: TOML readers do not keep it. The table's line, if not the key's."""
    parts = dotted.split(".")
    lines = text.splitlines()
    header = re.compile(r"\s*\[\s*" + r"\s*\.\s*".join(map(_key, parts[:2])) + r"\s*\]") if len(parts) > 1 else None
    start = next((at for at, line in enumerate(lines) if header and header.match(line)), None)
    if header is not None and start is None:
        start = next((at for at, line in enumerate(lines) if re.match(rf"\s*{_key(parts[1])}\s*=", line)), None)
    if len(parts) == 2 and start is not None:
        return start + 1
    key = re.compile(rf"\s*{_key(parts[2] if len(parts) > 2 else parts[0])}\s*[=.]|.*[{{,]\s*{_key(parts[-1])}\s*=")
    for at in range(start or 0, len(lines)):
        if at != start and start is not None and lines[at].lstrip().startswith("["):
            break
        if key.match(lines[at]):
            return at + 1
    return None if start is None else start + 1


def _key(name: str) -> str:
    """A pattern for a key, bare or in quotes."""
    return rf"[\"']?{re.escape(name)}[\"']?"
