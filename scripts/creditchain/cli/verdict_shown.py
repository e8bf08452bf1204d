"""How verdicts are shown: a table of steps, the status, on whose word the facts are, and what weakens it."""

from __future__ import annotations

from rich.text import Text

from creditchain.cli.moments import shown
from creditchain.cli.output import Output
from creditchain.verification.verdict import Source, Step, Verdict

#: Records of a report that one step lists.
_SHOWN = 5

_COLOURS = {
    "passed": "green",
    "failed": "bold red",
    "pending": "yellow",
    "not verified": "yellow",
    "not applicable": "dim",
    "valid": "bold green",
    "not valid": "bold red",
    "could not be checked": "bold yellow",
}


def show_verdicts(output: Output, verdicts: list[tuple[str, Verdict]]) -> None:
    """Show the verdict on each file: its steps, notices, on whose word the facts are, and what weakens it."""
    if output.as_json:
        output.emit([{"file": file, **verdict.as_json()} for file, verdict in verdicts])
        return
    for file, verdict in verdicts:
        columns = ["#", "step 步骤", "outcome 结果", "reason 原因"]
        output.table(columns, [_row(step) for step in verdict.steps], title=file)
        for notice in verdict.notices:
            output.line("  ", ("yellow", "•"), f" {notice.en}  {notice.zh}")
        output.line((_COLOURS[verdict.status], f"{verdict.status.value.upper()}  {verdict.status.zh}"))
        if verdict.source is not None:
            output.line("  ", *_facts(verdict.source))
        for weak in verdict.weaknesses:
            kind = ("yellow", f"▽ {weak.kind.value} {weak.kind.zh}:")
            output.line("  ", kind, f" {weak.text.en}  {weak.text.zh}")
        output.line()


def _facts(source: Source) -> list[tuple[str, str] | str]:
    """On whose word the facts are, and as of when."""
    at = f", as of block {source.block.number}, {shown(source.block.time)}" if source.block is not None else ""
    basis = f"facts 事实依据: {source.basis.value} {source.basis.zh}"
    return [("bold", basis), f" ({source.whose.en}{at})  {source.whose.zh}"]


def _row(step: Step) -> list[str | Text]:
    return [
        str(step.number),
        f"{step.name.en}\n{step.name.zh}",
        Text(f"{step.outcome.value}\n{step.outcome.zh}", style=_COLOURS[step.outcome]),
        Text.assemble(step.reason.en, *_expectation(step), f"\n{step.reason.zh}", *_records(step), *_figures(step)),
    ]


def _expectation(step: Step) -> list[tuple[str, str] | str]:
    """What was expected and found, where the step compared two values."""
    if not {"expected", "found"} <= step.details.keys():
        return []
    shown = step.as_json()["details"]
    return [("\nexpected ", "dim"), str(shown["expected"]), ("\nfound ", "dim"), str(shown["found"])]


def _figures(step: Step) -> list[tuple[str, str]]:
    """The figures that contradict the records, a line each; an absent one is a dash."""
    listed = step.details.get("figures")
    if not isinstance(listed, list):
        return []
    lines = [
        f"{one['figure']}: expected {_value(one['expected'])}, found {_value(one['found'])}" for one in listed[:_SHOWN]
    ]
    return [(f"\n{line}", "dim") for line in lines]


def _value(value: object) -> str:
    return "–" if value is None else str(value)


def _records(step: Step) -> list[tuple[str, str]]:
    """The records that a report's step is about, a line each."""
    listed = step.as_json()["details"].get("records")
    if not isinstance(listed, list):
        return []
    # The step's own reason is the first record's.
    shown = [
        f"node {one['node']}, {one['section']}, {one['leaf']}"
        + ("" if one["reason"] == listed[0]["reason"] else f": {one['reason']}")
        for one in listed[:_SHOWN]
    ]
    more = [f"and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    return [(f"\n{line}", "dim") for line in [*shown, *more]]
