"""A document's data as rows: titles by the product's schema, amounts in yuan, codes in words, days as they are.

Names of fields say what numbers are: `…_fen` is an amount in hundredths, of the document's currency if it names one.
Data that does not fit its product is shown all the same, under the names that it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from creditchain.identifiers.divisions import enclosing_division
from creditchain.products.schema import UNLIMITED, Schema, resolve
from creditchain.verification.verdict import Text
from creditchain.views.codes import code_text
from creditchain.views.shown import Group, Row
from creditchain.views.texts import readable, same

#: Members of a report's data that are no figures: its records stand in the parts.
_NO_FIGURES: Final = frozenset({"hash", "records"})
#: Units at the end of Chinese titles, and how they are written in English; none for what the value itself says.
_UNITS: Final[Mapping[str, str]] = {
    "分": "", "人民币分": "", "分/吨": "per tonne", "长期：unlimited": "",
    "千瓦时": "kWh", "千伏安": "kVA", "%": "%", "天": "days", "吨": "t", "平方米": "m²", "兆": "Mbit/s",
    "吨标准煤": "tce", "吨二氧化碳当量": "t CO₂e", "吨/万元": "t per 10,000 yuan", "新台币元": "TWD",
    "GB/T 4754": "GB/T 4754", "HS": "HS",
}  # fmt: skip
_UNIT: Final = re.compile(r"（([^（）]+)）$")
#: Endings of names that say what kind of number a field is, which its unit or its value says too.
_ENDINGS: Final = re.compile(r"_(fen|kwh|kva|m2|mbps|tce|twd|t)$")
#: A table has no more columns. Lists of objects that fit no product may have as many names as objects.
_MOST_COLUMNS: Final = 12
#: What a field says in its name alone.
_WORDS: Final[Mapping[str, str]] = {"no": "no.", "id": "ID", "hs": "HS", "uscc": "USCC"}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading a document's data takes beside the data."""

    defs: Schema = field(default_factory=dict)  #: what `$ref` of the product's schema refers to
    notes: Mapping[str, Text] = field(default_factory=dict)  #: on fields, by their dotted names


def groups_of(
    data: Mapping[str, Any],
    schema: Schema,
    leave: frozenset[str] = frozenset(),
    notes: Mapping[str, Text] | None = None,
) -> tuple[Group, ...]:
    """The rows of a document's `data`, then a group for each object in it, and a table for each list of objects.

    Args:
        schema: of the data; an empty one if the product is not known.
        leave: names of members to leave out.
        notes: on fields, by their dotted names.
    """
    reading = _Reading(schema.get("$defs", {}), notes or {})
    return tuple(_groups("", None, data, schema, reading, _NO_FIGURES | leave))


def inner_groups(name: str, data: Mapping[str, Any], schema: Schema, notes: Mapping[str, Text]) -> tuple[Group, ...]:
    """The groups of the object that a member of `data` is, without its title. `schema` and `notes`: of the data."""
    reading = _Reading(schema.get("$defs", {}), notes)
    described = resolve(_properties(schema, reading.defs).get(name, {}), reading.defs)
    return tuple(_groups(f"{name}.", None, data[name], described, reading))


def title_of(name: str, schema: Schema) -> Text:
    """The title of a field: Chinese by the product, English by its name. Units of amounts are in their values."""
    chinese = schema.get("title")
    if not isinstance(chinese, str):
        return Text(_english(name, ""), _english(name, ""))
    unit = _UNIT.search(chinese)
    if unit is None:
        return Text(_english(name, ""), readable(chinese))
    english = _UNITS.get(unit[1], "")
    kept = unit[1] not in _UNITS or english != ""
    if unit[1] == "分/吨":
        return Text(_english(name, english), f"{chinese[: unit.start()]}（每吨）")
    return Text(_english(name, english), readable(chinese if kept else chinese[: unit.start()]))


def _english(name: str, unit: str) -> str:
    words = [_WORDS.get(word, word) for word in _ENDINGS.sub("", name).split("_")]
    said = readable(" ".join(words))
    return said[:1].upper() + said[1:] + (f" ({unit})" if unit else "")


def _groups(
    path: str,
    title: Text | None,
    data: Mapping[str, Any],
    schema: Schema,
    reading: _Reading,
    leave: frozenset[str] = frozenset(),
) -> Iterator[Group]:
    fields, defs = _properties(schema, reading.defs), reading.defs
    rows: list[Row] = []
    inner: list[Group] = []
    # In the order of the product's file; what the product does not have comes last.
    for name in sorted(data.keys() - leave, key=lambda one: (_place(one, fields), one)):
        value, described = data[name], resolve(fields.get(name, {}), defs)
        named, note = title_of(name, described), reading.notes.get(path + name)
        if isinstance(value, Mapping):
            inner += _groups(f"{path}{name}.", named, value, described, reading)
        elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
            inner.append(replace(_table(named, value, described, defs), note=note))
        else:
            rows.append(Row(named, _value(name, value, described, data), note))
    if rows or (title is not None and not inner):
        yield Group(title, tuple(rows))
    yield from inner


def _properties(schema: Schema, defs: Schema) -> Mapping[str, Any]:
    """The fields of an object's schema; those of all alternatives where it has several."""
    own = schema.get("properties", {})
    for inner in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        own = {**_properties(resolve(inner, defs), defs), **own}
    return own if isinstance(own, Mapping) else {}


def _place(name: str, fields: Mapping[str, Any]) -> int:
    return list(fields).index(name) if name in fields else len(fields)


def _table(title: Text, items: Sequence[Any], schema: Schema, defs: Schema) -> Group:
    """A list of objects as a table; whatever else stands in the list has a line of its own."""
    fields = _properties(resolve(schema.get("items", {}), defs), defs)
    lines = [one if isinstance(one, Mapping) else {"": one} for one in items]
    names = sorted({name for line in lines for name in line}, key=lambda one: (_place(one, fields), one))
    if len(names) > _MOST_COLUMNS:
        lines, names = [{"": one} for one in items], [""]
    described = {name: resolve(fields.get(name, {}), defs) for name in names}
    return Group(
        title,
        columns=tuple(title_of(name, described[name]) for name in names),
        lines=tuple(tuple(_value(name, line.get(name), described[name], line) for name in names) for line in lines),
    )


def _value(name: str, value: Any, schema: Schema, beside: Mapping[str, Any]) -> Text:
    """A value as people read it. `schema`: its own; `beside`: the object that it stands in."""
    if isinstance(value, bool):
        return Text("yes", "是") if value else Text("no", "否")
    if isinstance(value, int):
        return _number(name, value, beside)
    if isinstance(value, str):
        if value == UNLIMITED:
            return Text("no end", "长期")
        return code_text(name, readable(value)) if "enum" in schema else same(value)
    if value is None or value == []:
        return Text("none", "无")
    if isinstance(value, list):
        shown = [_value(name, one, schema.get("items", {}), beside) for one in value]
        return Text(", ".join(one.en for one in shown), "、".join(one.zh for one in shown))
    # An object inside a table: its members on one line.
    inner = [(title_of(one, {}), _value(one, value[one], {}, value)) for one in sorted(value)]
    return Text(
        "; ".join(f"{title.en}: {one.en}" for title, one in inner),
        "；".join(f"{title.zh}：{one.zh}" for title, one in inner),
    )


def _number(name: str, value: int, beside: Mapping[str, Any]) -> Text:
    if name.endswith("_fen"):
        return _amount(value, beside.get("currency"))
    if name == "division":
        found = enclosing_division(value)
        return same(str(value)) if found is None else Text(f"{found.name_en} ({value})", f"{found.name_zh}（{value}）")
    if name == "year":
        return same(str(value))
    return same(f"{value:,}")


def _amount(fen: int, currency: object) -> Text:
    sign, whole = "-" if fen < 0 else "", abs(fen)
    number = f"{sign}{whole // 100:,}.{whole % 100:02}"
    if isinstance(currency, str) and currency != "CNY":
        return same(f"{currency} {number}")
    return Text(f"CNY {number}", f"{number} 元")
