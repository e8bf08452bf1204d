"""A view as plain lists and strings in one language, for templates. Nothing in it is markup."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from creditchain.verification.verdict import Text, Verdict
from creditchain.views import wording
from creditchain.views.languages import Language
from creditchain.views.shown import Badge, Group, RecordShown, ReportPart, ReportView, Row
from creditchain.views.wording import outcome_text, status_text, weakness_text

#: A text: itself, and in both languages the English after the Chinese.
Told = tuple[str, ...]
#: The words around a view that templates use.
_WORDS = (
    "AS_OF", "FACTS", "LEAF", "NOTICES", "NO_RECORDS", "OUTCOME", "PACKAGE", "REASON", "SOURCE", "STEP", "STEPS",
    "SUMMARY", "VERDICT", "WEAKNESSES", "WHAT_COUNTS",
)  # fmt: skip


def told(view: ReportView, lang: Language) -> dict[str, Any]:
    """What a template shows of a view."""
    of = lang.of
    return {
        **told_verdict(view.verdict, view.facts, lang),
        "title": of(view.title),
        "number": view.number,
        "as_of": view.as_of,
        "heading": _rows(view.heading, lang),
        "summary": _groups(view.summary, lang),
        "parts": [_part(part, lang) for part in view.parts],
        "digest": view.digest,
        "names": view.names,
    }


def told_verdict(verdict: Verdict, facts: Text, lang: Language) -> dict[str, Any]:
    """What a template shows of a verdict alone. `facts`: on whose word it is, and as of when."""
    of = lang.of
    return {
        "lang": "en" if lang is Language.EN else "zh-CN",
        "words": {name.lower(): of(getattr(wording, name)) for name in _WORDS},
        "status": {"kind": verdict.status.name.lower(), "text": of(status_text(verdict.status))},
        "facts": of(facts),
        "weaknesses": [{"kind": of(weakness_text(one.kind)), "text": of(one.text)} for one in verdict.weaknesses],
        "notices": [of(notice) for notice in verdict.notices],
        "steps": [
            {
                "number": str(step.number),
                "name": of(step.name),
                "kind": step.outcome.name.lower(),
                "outcome": of(outcome_text(step.outcome)),
                "reason": of(step.reason),
            }
            for step in verdict.steps
        ],
    }


def _part(part: ReportPart, lang: Language) -> dict[str, Any]:
    return {
        "title": lang.of(part.title),
        "groups": _groups(part.groups, lang),
        "records": [_record(record, lang) for record in part.records],
    }


def _record(record: RecordShown, lang: Language) -> dict[str, Any]:
    return {
        "number": str(record.number),
        "title": lang.of(record.title),
        "as_of": record.as_of,
        "source": lang.of(record.source),
        "leaf": record.leaf,
        "badges": [_badge(badge, lang) for badge in record.badges],
        "groups": _groups(record.groups, lang),
    }


def _badge(badge: Badge, lang: Language) -> dict[str, Any]:
    return {"tone": badge.tone.value, "name": lang.of(badge.name), "text": _optional(badge.text, lang)}


def _groups(groups: Iterable[Group], lang: Language) -> list[dict[str, Any]]:
    return [
        {
            "title": None if group.title is None else lang.of(group.title),
            "rows": _rows(group.rows, lang),
            "columns": [lang.of(column) for column in group.columns],
            "lines": [[lang.of(value) for value in line] for line in group.lines],
            "note": _note(group.note, lang),
        }
        for group in groups
    ]


def _rows(rows: Iterable[Row], lang: Language) -> list[dict[str, Any]]:
    return [{"title": lang.of(row.title), "value": lang.of(row.value), "note": _note(row.note, lang)} for row in rows]


def _note(note: Text | None, lang: Language) -> Told | None:
    return None if note is None else lang.of(note)


def _optional(text: Text, lang: Language) -> Told | None:
    """The text; None for an empty one."""
    return lang.of(text) if text.zh or text.en else None
