"""What a view is made of: texts in both languages, rows, tables, badges, records, parts. Values only.

Every text that comes from a document went through `readable`, so it is one line and hides nothing. It is no markup:
whoever renders it escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from creditchain.verification.verdict import Text, Verdict


class Tone(StrEnum):
    """How much a badge should worry its reader. Renderers say nothing by colour alone."""

    GOOD = "good"
    PLAIN = "plain"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Badge:
    """What the chain says about a record, in a few words."""

    tone: Tone
    name: Text
    text: Text  #: who and when, in words; may be empty

    def as_json(self) -> dict[str, Any]:
        """The badge as JSON."""
        return {"tone": self.tone.value, "name": self.name._asdict(), "text": self.text._asdict()}


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its title, and its value as people read it, the same twice if it has no language."""

    title: Text
    value: Text
    note: Text | None = None  #: of a figure: which records it follows from, or whose word it is

    def as_json(self) -> dict[str, Any]:
        """The row as JSON."""
        note = None if self.note is None else self.note._asdict()
        return {"title": self.title._asdict(), "value": self.value._asdict(), "note": note}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together: rows, or a table of several columns."""

    title: Text | None = None
    rows: tuple[Row, ...] = ()
    columns: tuple[Text, ...] = ()
    lines: tuple[tuple[Text, ...], ...] = ()  #: of the table; each has a value for each column
    note: Text | None = None  #: of the table, as a row has it

    def as_json(self) -> dict[str, Any]:
        """The group as JSON."""
        return {
            "title": None if self.title is None else self.title._asdict(),
            "rows": [row.as_json() for row in self.rows],
            "columns": [column._asdict() for column in self.columns],
            "lines": [[value._asdict() for value in line] for line in self.lines],
            "note": None if self.note is None else self.note._asdict(),
        }


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A record behind the report. Its number is its place in this view, from 1."""

    number: int
    title: Text  #: of its product
    as_of: str
    source: Text  #: who published it
    leaf: str  #: 0x and hex digits
    badges: tuple[Badge, ...]
    groups: tuple[Group, ...]

    def as_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return {
            "number": self.number,
            "title": self.title._asdict(),
            "as_of": self.as_of,
            "source": self.source._asdict(),
            "leaf": self.leaf,
            "badges": [badge.as_json() for badge in self.badges],
            "groups": [group.as_json() for group in self.groups],
        }


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A part of a report: what the issuer says in it, and the records that belong to it."""

    title: Text
    groups: tuple[Group, ...]
    records: tuple[RecordShown, ...]

    def as_json(self) -> dict[str, Any]:
        """The part as JSON."""
        return {
            "title": self.title._asdict(),
            "groups": [group.as_json() for group in self.groups],
            "records": [record.as_json() for record in self.records],
        }


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as people read it; or a single record, which has no parts."""

    title: Text
    number: str  #: the issuer's number of the report; empty if it gives none
    as_of: str  #: the day that the report is about
    heading: tuple[Row, ...]
    verdict: Verdict
    facts: Text  #: on whose word the verdict is, and as of when
    summary: tuple[Group, ...]  #: what the issuer says that belongs to no part
    parts: tuple[ReportPart, ...]
    digest: str  #: keccak-256 of the package's bytes: 0x and hex digits

    @property
    def names(self) -> str:
        """What a QR code says: which package this is, and nothing of what it holds."""
        return f"creditchain:package:keccak-256:{self.digest}"

    def as_json(self) -> dict[str, Any]:
        """The view as JSON."""
        return {
            "title": self.title._asdict(),
            "number": self.number,
            "as_of": self.as_of,
            "heading": [row.as_json() for row in self.heading],
            "verdict": self.verdict.as_json(),
            "facts": self.facts._asdict(),
            "summary": [group.as_json() for group in self.summary],
            "parts": [part.as_json() for part in self.parts],
            "digest": self.digest,
            "names": self.names,
        }
