"""The conversions that a mapping may declare: text in, the text that a document wants out. Pure and exact.

Each raises ConversionError with what it wanted; the text itself is never quoted.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from creditchain.batch.errors import UploadError

_YEAR = r"(?P<year>[0-9]{4})"
_MM, _M = r"(?P<month>[0-9]{2})", r"(?P<month>[0-9]{1,2})"
_DD, _D = r"(?P<day>[0-9]{2})", r"(?P<day>[0-9]{1,2})"
_MIDNIGHT = r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"


def _compiled(forms: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern + _MIDNIGHT, re.ASCII) for name, pattern in forms.items()}


#: Forms of days and of months that a mapping may name. A time of day is refused unless it is midnight.
DATE_FORMS = _compiled(
    {
        "YYYY-MM-DD": f"{_YEAR}-{_MM}-{_DD}",
        "YYYY-M-D": f"{_YEAR}-{_M}-{_D}",
        "YYYY/M/D": f"{_YEAR}/{_M}/{_D}",
        "YYYY.M.D": rf"{_YEAR}\.{_M}\.{_D}",
        "YYYYMMDD": f"{_YEAR}{_MM}{_DD}",
        "YYYY年M月D日": f"{_YEAR}年{_M}月{_D}日",
    }
)
MONTH_FORMS = _compiled(
    {
        "YYYY-MM": f"{_YEAR}-{_MM}",
        "YYYY-M": f"{_YEAR}-{_M}",
        "YYYY/M": f"{_YEAR}/{_M}",
        "YYYY.M": rf"{_YEAR}\.{_M}",
        "YYYYMM": f"{_YEAR}{_MM}",
        "YYYY年M月": f"{_YEAR}年{_M}月",
    }
)

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_BLANKS = " \t\r\n\u00a0\u3000\ufeff\u200b"
#: Most characters of an amount, which Decimal then holds exactly.
_AMOUNT = 24
_YUAN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_THOUSANDS = re.compile(r"([+-]?[0-9]{1,3})((?:,[0-9]{3})+)((?:\.[0-9]*)?)")


class ConversionError(UploadError):
    """A text is not what the mapping says it is."""


@dataclass(frozen=True, slots=True)
class Conversions:
    """What is done to a text, in this order. A field without any is copied."""

    split: tuple[str, int] | None = None  #: separator, and which part (from 1)
    trim: bool = False
    half_width: bool = False
    upper: bool = False
    empty: tuple[str, ...] = ()  #: texts that mean that there is no value
    thousands: bool = False
    yuan: bool = False
    dates: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    last_day: bool = False  #: a month stands for its last day, not its first
    lookup: Mapping[str, str] = field(default_factory=dict)

    def apply(self, text: str) -> str:
        """The text that the document gets; empty for no value. Raises ConversionError."""
        if self.split is not None:
            text = split(text, *self.split)
        if self.trim:
            text = text.strip(_BLANKS)
        if self.half_width:
            text = text.translate(_WIDE)
        if self.upper:
            text = text.upper()
        if text == "" or text in self.empty:
            return ""
        return self._value(text)

    def _value(self, text: str) -> str:
        if self.thousands:
            text = without_thousands(text)
        if self.yuan:
            return fen(text)
        if self.dates:
            return day(text, self.dates)
        if self.months:
            return day_of_month(text, self.months, last=self.last_day)
        return looked_up(text, self.lookup) if self.lookup else text


def split(text: str, separator: str, part: int) -> str:
    """One part of a text. Raises ConversionError if there is no such part."""
    if text == "":
        return ""
    parts = text.split(separator)
    if part > len(parts):
        raise ConversionError(
            "the text has too few parts", expected=f"part {part}, cut at {separator!r}", found=f"{len(parts)} parts"
        )
    return parts[part - 1]


def without_thousands(text: str) -> str:
    """A number without its separators; one without any stays. Raises ConversionError for commas in wrong places."""
    if "," not in text:
        return text
    if not (match := _THOUSANDS.fullmatch(text)):
        raise ConversionError("not a number with thousands separators", expected="a number such as 1,234,567.89")
    return match[1] + match[2].replace(",", "") + match[3]


def fen(text: str) -> str:
    """An amount in yuan as whole fen, exactly. Raises ConversionError, also for parts of a fen."""
    if not _YUAN.fullmatch(text):
        raise ConversionError("not an amount in yuan", expected="an amount such as 1234.56, without separators")
    if len(text) > _AMOUNT:  # longer ones would be rounded
        raise ConversionError("an amount that is too long", expected=f"at most {_AMOUNT} characters")
    amount = Decimal(text) * 100
    if amount != amount.to_integral_value():
        raise ConversionError("an amount with parts of a fen", expected="at most two places after the point")
    return str(int(amount))


def day(text: str, forms: Sequence[str]) -> str:
    """A day in one of the forms as `YYYY-MM-DD`. Raises ConversionError."""
    for form in forms:
        if match := DATE_FORMS[form].fullmatch(text):
            return _day(int(match["year"]), int(match["month"]), int(match["day"]), forms)
    raise _no_day(forms)


def day_of_month(text: str, forms: Sequence[str], *, last: bool) -> str:
    """The first or last day of a month in one of the forms. Raises ConversionError."""
    for form in forms:
        if match := MONTH_FORMS[form].fullmatch(text):
            year, month = int(match["year"]), int(match["month"])
            if not (1 <= month <= 12 and year >= 1):
                raise _no_day(forms)
            return _day(year, month, monthrange(year, month)[1] if last else 1, forms)
    raise _no_day(forms)


def looked_up(text: str, table: Mapping[str, str]) -> str:
    """What the table has for a text. Raises ConversionError."""
    if text not in table:
        raise ConversionError(
            "the lookup table of the mapping does not have this value",
            expected=f"one of the {len(table)} values that the table lists",
            hint="Add it to the lookup table if it is right.",
        )
    return table[text]


def _day(year: int, month: int, day_number: int, forms: Sequence[str]) -> str:
    try:
        return date(year, month, day_number).isoformat()
    except ValueError:
        raise _no_day(forms) from None


def _no_day(forms: Sequence[str]) -> ConversionError:
    return ConversionError("not a date in the form that the mapping names", expected=" or ".join(forms))
