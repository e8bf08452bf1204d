"""How a report is shown in the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from creditchain.cli.output import Output
from creditchain.cli.plain import Part as Piece
from creditchain.views.languages import Language
from creditchain.views.wording import (
    AS_OF,
    FACTS,
    NO_RECORDS,
    PACKAGE,
    SOURCE,
    SUMMARY,
    WHAT_COUNTS,
    outcome_text,
    status_text,
    weakness_text,
)

if TYPE_CHECKING:
    from creditchain.verification.verdict import Text, Verdict
    from creditchain.views.shown import Group, RecordShown, ReportView, Row

_STYLES = {
    "good": "green",
    "plain": "cyan",
    "warning": "yellow",
    "bad": "bold red",
    "valid": "bold green",
    "not valid": "bold red",
    "could not be checked": "bold yellow",
    "passed": "green",
    "failed": "bold red",
    "not applicable": "dim",
}


def show_report(output: Output, view: ReportView, lang: Language) -> None:
    """Show a report: heading, verdict, what the issuer says, then each part with its records."""
    if output.as_json:
        output.emit(view.as_json())
        return
    output.line(("bold", lang.line(view.title)))
    _rows(output, view.heading, lang)
    output.line()
    _verdict(output, view, lang)
    if view.summary:
        _title(output, SUMMARY, lang)
        _groups(output, view.summary, lang)
    for part in view.parts:
        _title(output, part.title, lang)
        _groups(output, part.groups, lang)
        for record in part.records:
            _record(output, record, lang)
        if not part.records:
            output.line("  ", ("dim", lang.line(NO_RECORDS)))
    output.line()
    output.line(f"{lang.line(PACKAGE)}  {view.digest}")
    output.line(("dim", lang.line(WHAT_COUNTS)))


def _verdict(output: Output, view: ReportView, lang: Language) -> None:
    verdict: Verdict = view.verdict
    output.line((_STYLES[verdict.status], lang.line(status_text(verdict.status))))
    output.line(f"  {lang.line(FACTS)}: {lang.line(view.facts)}")
    for weak in verdict.weaknesses:
        output.line("  ", ("yellow", f"▽ {lang.line(weakness_text(weak.kind))}: "), lang.line(weak.text))
    for notice in verdict.notices:
        output.line("  ", ("yellow", "• "), lang.line(notice))
    for step in verdict.steps:
        said = f" {lang.line(outcome_text(step.outcome))}: {lang.line(step.reason)}"
        output.line(f"  {step.number:>2} {lang.line(step.name)}  ", (_STYLES.get(step.outcome, "yellow"), said))


def _title(output: Output, title: Text, lang: Language) -> None:
    output.line()
    output.line(("bold", f"── {lang.line(title)} ──"))


def _record(output: Output, record: RecordShown, lang: Language) -> None:
    output.line()
    output.line(("bold", f"{record.number}. {lang.line(record.title)}"), f"  {lang.line(AS_OF)} {record.as_of}")
    output.line(f"   {lang.line(SOURCE)}: {lang.line(record.source)}")
    for badge in record.badges:
        text = lang.line(badge.text)
        output.line("   ", (_STYLES[badge.tone], f"[{lang.line(badge.name)}]"), f" {text}" if text else "")
    _groups(output, record.groups, lang)


def _groups(output: Output, groups: Iterable[Group], lang: Language) -> None:
    for group in groups:
        if group.title is not None:
            output.line("  ", ("bold", lang.line(group.title)))
        _rows(output, group.rows, lang)
        if group.lines:
            rows = [[lang.line(value) for value in line] for line in group.lines]
            output.table([lang.line(one) for one in group.columns], rows)
        if group.note is not None:
            output.line("    ", ("dim", lang.line(group.note)))


def _rows(output: Output, rows: Iterable[Row], lang: Language) -> None:
    """Titles and values, the values below each other."""
    from rich.cells import cell_len

    shown = [(lang.line(row.title), lang.line(row.value), row.note) for row in rows]
    widest = max((cell_len(title) for title, _, _ in shown), default=0)
    for title, value, note in shown:
        line: list[Piece] = ["    ", ("dim", title), " " * (widest - cell_len(title) + 2), value]
        output.line(*line, *([] if note is None else [("dim", f"  ({lang.line(note)})")]))
