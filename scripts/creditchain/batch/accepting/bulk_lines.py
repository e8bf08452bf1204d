"""Accept many JSON lines at once: about a microsecond a line for good ones, the others are left for a closer look.

A line is accepted here only if `accept_text` would accept it as the same record; tests compare the two. This module
never says what is wrong with a line: `accept_text` does, and it gets every line that was not accepted here.

A decoder silently keeps one of two members with the same name. What is written back is then shorter than what was
read, and has fewer quotes. So a line is accepted only if both have the same length or, where it held blanks or
escapes, the same number of quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditchain.batch.accepting.check_digits import valid
from creditchain.batch.accepting.proper_texts import improper_rows
from creditchain.batch.accepting.rules import Rules, RulesKey, has_record_id
from creditchain.batch.accepting.typed_documents import DocumentType, document_type
from creditchain.batch.records import RECORDS, Bytes, byte_column, int64_column
from creditchain.documents import DOCUMENT_LIMITS, JSON_MEDIA_TYPE
from creditchain.products.dates import FIRST_DAY, LAST_DAY

_LINE_FEED, _BACKSLASH = 0x0A, 0x5C
_FIRST_DAY, _LAST_DAY = date.fromisoformat(FIRST_DAY), date.fromisoformat(LAST_DAY)
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FirstPass:
    """Good records, and the places (from 0) of the lines or rows that need a closer look."""

    records: pa.RecordBatch
    rest: list[int]


class Lines:
    """Lines in one buffer: each ends with a line feed, but perhaps the last."""

    def __init__(self, text: bytes | memoryview) -> None:
        self.text = text
        whole: Bytes = np.frombuffer(text, dtype=np.uint8)
        #: Where each line begins, and one past the line feed of the last (or where that would be).
        self.starts = _line_starts(whole)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> bytes:
        return bytes(self.text[self.starts[place] : self.starts[place + 1] - 1])

    @property
    def ended(self) -> bool:
        """Whether the last line has its line feed."""
        return not len(self) or int(self.starts[-1]) == len(self.text)

    @property
    def lengths(self) -> Places:
        """Bytes of each line without its line feed."""
        return np.diff(self.starts) - 1


class LineAcceptor:
    """Accepts documents of one product under one set of rules."""

    def __init__(self, rules: Rules, kind: DocumentType) -> None:
        product = rules.product
        self._sections = {section.label: int(section) for section in product.sections}
        self._domains = {domain.label: int(domain) for domain in product.domains if rules.domains >> domain & 1}
        self._decoder = msgspec.json.Decoder(kind.kind)
        self._encoder = msgspec.json.Encoder()
        self._patterns = {name: _Pattern(pattern) for name, pattern in kind.data.patterns.items()}
        self._data = kind.data
        self._last_day = date.fromisoformat(rules.last_day)
        self._record_id = kind.data.record_id if has_record_id(product) else None
        self._schemes = product.subjects

    def accept(self, lines: Lines) -> FirstPass:
        """Accept the lines that are certainly good; the lines of their records count from 1."""
        places, values = self._decode(lines)
        written = self._encoder.encode_lines(values)
        subjects = [value.f5 for value in values]
        numbers, schemes = [subject.f0 for subject in subjects], [subject.f1 for subject in subjects]
        data = [value.f1 for value in values]
        good = self._numbers_valid(schemes, numbers) & self._patterns_match(data)
        good &= self._dates_right(data, [value.f0 for value in values])
        starts = _starts_of_written(lines, places, written)
        good &= _nothing_lost(lines, places, written, starts) & _texts_proper(written, starts)
        records = pa.RecordBatch.from_arrays(
            [
                int64_column(places + 1),
                _repeated(schemes, self._schemes),
                pa.array(numbers, pa.string()),
                self._numbered("f4", values, self._sections),
                self._numbered("f2", values, self._domains),
                pa.repeat(pa.scalar(JSON_MEDIA_TYPE, pa.string()), len(values)),
                _contents(written, starts),
                self._record_ids(data),
            ],
            schema=RECORDS,
        )
        if good.all() and len(good) == len(lines):
            return FirstPass(records, [])
        rest = np.ones(len(lines), dtype=bool)
        rest[places[good]] = False
        return FirstPass(records.filter(pa.array(good)), np.flatnonzero(rest).tolist())

    def _decode(self, lines: Lines) -> tuple[Places, list[Any]]:
        """Places and values of the lines that fit the type; decoded in one call where all fit, else one by one."""
        try:
            values = self._decoder.decode_lines(lines.text)
            if len(values) == len(lines):
                return np.arange(len(lines)), values
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        found: list[tuple[int, Any]] = []
        for place in range(len(lines)):
            try:
                found.append((place, self._decoder.decode(lines[place])))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return np.array([place for place, _ in found], dtype=np.int64), [value for _, value in found]

    def _numbers_valid(self, schemes: list[str], numbers: list[str]) -> Mask:
        if len(self._schemes) == 1:
            return valid(self._schemes[0], numbers)
        found = np.zeros(len(numbers), dtype=bool)
        for scheme in self._schemes:
            here = [at for at, each in enumerate(schemes) if each == scheme]
            found[here] = valid(scheme, [numbers[at] for at in here])
        return found

    def _numbered(self, attribute: str, values: list[Any], numbers: dict[str, int]) -> pa.Array:
        """A column with the number of the section or domain that an attribute names."""
        if len(numbers) == 1:
            return byte_column(np.full(len(values), next(iter(numbers.values())), dtype=np.uint8))
        return byte_column(np.array([numbers[name] for name in map(attrgetter(attribute), values)], dtype=np.uint8))

    def _patterns_match(self, values: list[Any]) -> Mask:
        found = np.ones(len(values), dtype=bool)
        for attribute, pattern in self._patterns.items():
            texts = list(map(attrgetter(attribute), values))
            if attribute not in self._data.optional:
                if not pattern.all_match(texts):
                    found &= [pattern.matches(text) for text in texts]
            elif not pattern.all_match([text for text in texts if text is not msgspec.UNSET]):
                found &= [text is msgspec.UNSET or pattern.matches(text) for text in texts]
        return found

    def _dates_right(self, data: list[Any], as_of: list[date]) -> Mask:
        """Which documents name only days that can be right, and end no period before it begins.

        The least and the greatest day of a block nearly always show that all days are right.
        """
        found = _days_between(as_of, self._last_day)
        for attribute in self._data.dates:
            days = list(map(attrgetter(attribute), data))
            found &= _days_between(days, _LAST_DAY)
        for first, last in self._data.periods:
            found &= np.array([_in_order(getattr(each, first), getattr(each, last)) for each in data], dtype=bool)
        return found

    def _record_ids(self, data: list[Any]) -> pa.Array:
        if self._record_id is None:
            return pa.nulls(len(data), pa.string())
        return pa.array(list(map(attrgetter(self._record_id), data)), pa.string())


class _Pattern:
    """A pattern that matches no line feed. So one call can match a whole column, joined by line feeds."""

    def __init__(self, pattern: str) -> None:
        self._one = re.compile(pattern, re.ASCII)
        # The possessive `*+` keeps no positions to go back to, which a column of many texts would fill memory with.
        self._many = re.compile(f"(?:(?:{pattern})\n)*+", re.ASCII)

    def all_match(self, texts: list[str]) -> bool:
        """Whether all texts match. True is certain, since each matched line feed ends one text; False may be wrong."""
        return self._many.fullmatch("\n".join([*texts, ""])) is not None

    def matches(self, text: str) -> bool:
        """Whether one text matches."""
        return self._one.fullmatch(text) is not None


def _days_between(days: list[Any], last: date) -> Mask:
    """Which days a document may name, up to `last`. True where the field is missing."""
    known = [day for day in days if day is not msgspec.UNSET]
    if not known or (min(known) >= _FIRST_DAY and max(known) <= last):
        return np.ones(len(days), dtype=bool)
    return np.array([day is msgspec.UNSET or _FIRST_DAY <= day <= last for day in days], dtype=bool)


def _in_order(first: Any, last: Any) -> bool:
    """Whether a period ends on or after the day on which it begins, or lacks one of the two."""
    if first is msgspec.UNSET or last is msgspec.UNSET:
        return True
    return bool(first <= last) if type(first) is type(last) else str(first) <= str(last)  # "unlimited" comes last


def line_acceptor(rules: Rules) -> LineAcceptor | None:
    """The acceptor for these rules, made once a process; None where the product's schema has no type."""
    return _acceptor(RulesKey.of(rules))


@lru_cache(maxsize=64)
def _acceptor(key: RulesKey) -> LineAcceptor | None:
    rules = key.rules
    kind = document_type(rules)
    return None if kind is None else LineAcceptor(rules, kind)


def _line_starts(text: Bytes) -> Places:
    ends = np.flatnonzero(text == _LINE_FEED) + 1
    last = [len(text) + 1] if len(text) and text[-1] != _LINE_FEED else []
    return np.concatenate([np.zeros(1, np.int64), ends, np.array(last, np.int64)])


def _starts_of_written(lines: Lines, places: Places, written: bytes) -> Places:
    """Where each written line begins, and the end; usually the same places as in the lines that were read.

    The encoder writes exactly one line feed for each line. So if there is one at the end of each line that was read,
    there are no others, and nothing has to be searched.
    """
    text: Bytes = np.frombuffer(written, dtype=np.uint8)
    alike = len(places) == len(lines) and lines.starts[-1] == len(text)
    return lines.starts if alike and np.all(text[lines.starts[1:] - 1] == _LINE_FEED) else _line_starts(text)


def _nothing_lost(lines: Lines, places: Places, written: bytes, starts: Places) -> Mask:
    """Which lines lost nothing when written again.

    The strict parser refuses two members with one name, but the decoder keeps the last of them. Such a line has fewer
    quotes when it is written again. A line of the same length lost nothing.
    """
    lengths = lines.lengths[places]
    good: Mask = (np.diff(starts) - 1 == lengths) & (lengths <= DOCUMENT_LIMITS.max_bytes)
    for at in np.flatnonzero(~good).tolist():
        line, content = lines[int(places[at])], written[starts[at] : starts[at + 1] - 1]
        good[at] = len(line) <= DOCUMENT_LIMITS.max_bytes and _quotes(line) == _quotes(content)
    return good


def _texts_proper(written: bytes, starts: Places) -> Mask:
    """Which written lines hold no improper character. Those below 0x20 are written as escapes."""
    text: Bytes = np.frombuffer(written, dtype=np.uint8)
    good: Mask = ~improper_rows(text, starts)
    if b"\\" in written:
        escapes = np.searchsorted(starts, np.flatnonzero(text == _BACKSLASH), side="right") - 1
        for at in np.unique(escapes).tolist():
            line = written[starts[at] : starts[at + 1]].replace(b"\\\\", b"").replace(b'\\"', b"")
            good[at] &= b"\\" not in line
    return good


def _quotes(text: bytes) -> int:
    """The number of quotes that open or close a string, without escaped ones."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return text.count(b'"')


def _contents(written: bytes, starts: Places) -> pa.Array:
    """The written lines, without their line feeds, as a column."""
    offsets = np.ascontiguousarray(starts - np.arange(len(starts)))
    data = written.replace(b"\n", b"")
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )


def _repeated(names: list[str], known: tuple[str, ...]) -> pa.Array:
    if len(known) == 1:
        return pa.repeat(pa.scalar(known[0], pa.string()), len(names))
    return pa.array(names, pa.string())
