"""Drafting a mapping from a table's header: columns that are alike are filled in, the others are left to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from creditchain.batch.accepting.table import ENVELOPE
from creditchain.batch.readers import column_names
from creditchain.batch.readers.upload import Upload
from creditchain.products import Product
from creditchain.products.dates import is_date
from creditchain.products.schema import resolve

#: What institutions call the columns of the envelope.
_ENVELOPE_NAMES = {
    "subject_number": ("统一社会信用代码", "社会信用代码", "信用代码", "纳税人识别号", "统一编号"),
    "as_of": ("数据日期", "统计日期", "截止日期", "报告日期"),
}


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping as text, the fields that have a column or constant, and the required ones that a person must fill."""

    text: str
    filled: tuple[str, ...]
    open: tuple[str, ...]


def draft_mapping(upload: Upload, product: Product) -> MappingDraft:
    """Draft a mapping. Raises UploadError for what is not a table, StorageError."""
    names = column_names(upload)
    definitions = product.schema.get("$defs", {})
    fields = {name: {**resolve(field, definitions), **field} for name, field in product.schema["properties"].items()}
    required = [name for name, must in ENVELOPE.items() if must] + list(product.schema.get("required", []))
    tables: list[str] = []
    filled: list[str] = []
    left: list[str] = []
    for name in (*ENVELOPE, *fields):
        lines = _constant(name, product) or _column(name, fields.get(name, {}), names)
        if lines is None and name not in required:
            continue
        tables.append("\n".join([f"[fields.{name}]{_comment(fields.get(name, {}))}", *(lines or _open())]))
        (filled if lines else left).append(name)
    head = f"# A mapping for {product.ref} (docs/uploads.md). Columns of the table:\n"
    head += "".join(f"#   {json.dumps(name, ensure_ascii=False)}\n" for name in names)
    text = head + f"\nproduct = {json.dumps(product.ref)}\n\n" + "\n\n".join(tables) + "\n"
    return MappingDraft(text, tuple(filled), tuple(left))


def _constant(name: str, product: Product) -> list[str] | None:
    """A field that can have one value only."""
    only: Mapping[str, Sequence[str]] = {
        "subject_scheme": product.subjects,
        "section": [section.label for section in product.sections],
        "domain": [domain.label for domain in product.domains],
    }
    values = only.get(name, ())
    return [f"constant = {json.dumps(values[0])}"] if len(values) == 1 else None


def _column(name: str, schema: Mapping[str, Any], names: Sequence[str]) -> list[str] | None:
    """The column that is called like the field or its title, and the conversions that its kind may need."""
    title = str(schema.get("title", ""))
    wanted = {name, title, _bare(title), name.removesuffix("_fen"), *_ENVELOPE_NAMES.get(name, ())} - {""}
    column = next((each for each in names if {each.strip(), _bare(each)} & wanted), None)
    if column is None:
        return None
    lines = [f"column = {json.dumps(column, ensure_ascii=False)}", "trim = true"]
    if name == "subject_number":
        lines.append("upper = true")
    if name.endswith("_fen") and column != name and "分" not in column:
        unit = ("" if "元" in column and "万" not in column else "# ") + 'unit = "yuan"'
        lines += ["# thousands = true", unit + "  # the column is in yuan and becomes fen"]
    if name == "as_of" or is_date(schema):
        lines.append('date = ["YYYY-MM-DD", "YYYY/M/D", "YYYYMMDD", "YYYY年M月D日"]')
    if "enum" in schema:
        choices = ", ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        lines.append(f'# lookup = {{ "your value" = "the document\'s" }}  # one of {choices}')
    return lines


def _bare(title: str) -> str:
    """A title without the unit or note in brackets after it."""
    return title.partition("（")[0].partition("(")[0].strip()


def _open() -> list[str]:
    return ['# column = "…"  # or: constant = "…"']


def _comment(schema: Mapping[str, Any]) -> str:
    title = str(schema.get("title", "")).replace("\n", " ")
    return f"  # {title}" if title else ""
