"""What spreadsheets leave in cells, recognised by name, so that an error says how the value came to be wrong.

Some are never a value that anybody meant (`="…"`, `#N/A`, `9.1E+17`) and are refused even where a field would take any
text. The others are looked for only in a cell that was refused, to say what is the matter with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaving:
    """What stands in a cell, in words that hold nothing of the cell, and what to do."""

    found: str
    hint: str
    only: str = ""  #: the kind of field in which it is odd; empty: in every kind


_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
_FORMULA_TEXT = re.compile(r'=\s*".*"', re.DOTALL)
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+")
_HASHES = re.compile(r"#{2,}")

FORMULA_TEXT = Leaving('a text inside a formula (="…")', "Take out the equals sign and the quotes around the text.")
ERROR_VALUE = Leaving("an error value of Excel, such as #N/A", "Mend the formula, or leave the cell empty.")
SCIENTIFIC = Leaving(
    "a long number that Excel turned into a short one (such as 9.1E+17)",
    "Its digits are lost. Format the column as text before the numbers go in, and export it anew from its source.",
)
NO_RESULT = Leaving("a formula whose result is not in the file", "Open the file in Excel and save it again.")
HASHES = Leaving("only number signs (####): the column was too narrow", "Widen the column and save the file again.")


def may_be_refused(row: str) -> bool:
    """Whether `refused` may find something in the cells of a row, joined: a quick look that may find too much."""
    return "#" in row or "=" in row or "E+" in row or "e+" in row


def refused(cell: str) -> Leaving | None:
    """What a cell holds that nobody can have meant; None for all others."""
    text = cell.strip()
    if _FORMULA_TEXT.fullmatch(text):
        return FORMULA_TEXT
    if text == "=":
        return NO_RESULT
    if text in _ERRORS:
        return ERROR_VALUE
    if _SCIENTIFIC.fullmatch(text):
        return SCIENTIFIC
    if _HASHES.fullmatch(text):
        return HASHES
    return None


_TIME = re.compile(r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}[ T][0-9]{1,2}:[0-9]{2}.*")
_DATE_FORMS = re.compile(
    r"[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"|(?:19|20)[0-9]{6}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}"
)
_WRITE_DATE = "Write the date as year-month-day with hyphens, such as 2023-05-05."

#: How a refused cell looks, in the order in which one explains the other.
_ODDITIES: tuple[tuple[re.Pattern[str], Leaving], ...] = (
    (
        re.compile(r".*[\t]\s*|\t.*", re.DOTALL),
        Leaving("a tab before or after the text", "Take the tab out; exports add one to keep long numbers as text."),
    ),
    (
        re.compile(r"[\s\u200b\ufeff].*|.*[\s\u200b\ufeff]", re.DOTALL),
        Leaving("blanks around the text", "Take them out."),
    ),
    (
        re.compile(r"['‘`][0-9A-Za-z].*", re.DOTALL),
        Leaving("an apostrophe before the text", "Take it out; Excel uses it to keep numbers as text."),
    ),
    (
        re.compile(r".*[０-９Ａ-Ｚａ-ｚ].*", re.DOTALL),
        Leaving("full-width digits or letters (１２３)", "Write them in half width (123)."),
    ),
    (
        re.compile(r"[-+]?[0-9]{1,3}(?:[,，][0-9]{3})+(?:\.[0-9]+)?"),
        Leaving("a number with thousands separators (1,234)", "Write digits only; amounts in fen."),
    ),
    (
        re.compile(r"[¥￥$].*|.*元"),
        Leaving("an amount with its currency", "Write digits only, in fen: 12.34 yuan is 1234."),
    ),
    (
        re.compile(r"[-+]?[0-9]+\.0+"),
        Leaving("a number with a decimal point (100.0)", "Write whole numbers without one; amounts in fen.", "integer"),
    ),
    (
        re.compile(r"[-+]?[0-9]*\.[0-9]+"),
        Leaving("a number with a fraction", "Amounts are whole fen: 12.34 yuan is 1234.", "integer"),
    ),
    (_TIME, Leaving("a date with a time of day", _WRITE_DATE)),
    (_DATE_FORMS, Leaving("a date in another form", _WRITE_DATE, "date")),
    (
        re.compile(r"[1-6][0-9]{4}"),
        Leaving("a date as Excel's number of days (45051)", "Format the cells as dates. " + _WRITE_DATE, "date"),
    ),
    (
        re.compile(r"是|否|[YyNn]|TRUE|FALSE|True|False"),
        Leaving("yes or no in other words", "Write true or false.", "boolean"),
    ),
)


def oddity(cell: str, wanted: str) -> Leaving | None:
    """What is odd about a refused cell of a field that wants a date, integer, boolean or string; None if nothing."""
    if (found := refused(cell)) is not None:
        return found
    return next((each for form, each in _ODDITIES if each.only in ("", wanted) and form.fullmatch(cell)), None)
