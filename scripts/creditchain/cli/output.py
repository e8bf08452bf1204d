"""The only place that prints: tables and colour for people, JSON for machines, errors for both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from creditchain.errors import CreditchainError


class _Rate(ProgressColumn):
    """How much a second."""

    def render(self, task: Task) -> Text:
        """The rate since the stage began, in its unit."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Output:
    """Where a command's results go. Results to stdout; progress, notes and errors to stderr."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.stdout = Console(highlight=False)
        self.stderr = Console(stderr=True, highlight=False)

    def emit(self, value: Mapping[str, Any] | Sequence[Any], text: str | None = None) -> None:
        """One result: `value` as one JSON document with --json, else `text`, else name and value lines."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")
        elif text is not None:
            self.stdout.print(text)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                self.stdout.print(f"[bold]{escape(str(name))}[/bold]  {escape(str(_plain_text(item)))}")
        else:
            for item in value:
                self.stdout.print(escape(str(_plain_text(item))))

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str | None = None,
        value: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:
        """A table for people. With --json prints `value`, or one object a row keyed by the columns."""
        listed = [list(row) for row in rows]
        if self.as_json:
            self.emit(value if value is not None else [dict(zip(columns, row, strict=True)) for row in listed])
            return
        table = Table(title=title, title_justify="left", header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in listed:
            table.add_row(*[cell if isinstance(cell, str) else escape(str(_plain_text(cell))) for cell in row])
        self.stdout.print(table)

    def note(self, text: str) -> None:
        """A line for people about what is going on; silent with --json or --quiet."""
        if not (self.as_json or self.quiet):
            self.stderr.print(text)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Progress]:
        """A progress bar on stderr, with count, time passed and time left; hidden where nobody looks."""
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.stderr,
            transient=True,
            disable=self.as_json or self.quiet or not self.stderr.is_terminal,
        )
        with bar:
            bar.add_task(title, total=total)
            yield bar

    @contextmanager
    def stages(self) -> Iterator[Callable[[str, int, int], None]]:
        """Progress in stages: call the result with (stage, done, total). A bar for each, with rate and time left."""
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.stderr,
            transient=True,
            disable=self.as_json or self.quiet or not self.stderr.is_terminal,
        )
        tasks: dict[str, TaskID] = {}

        def watch(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        with bar:
            yield watch

    def error(self, error: CreditchainError) -> None:
        """The one shape of an error, on stderr."""
        if self.as_json:
            sys.stderr.write(json.dumps({"error": describe(error)}, ensure_ascii=False) + "\n")
            return
        place = f"{error.place}: " if error.place else ""
        self.stderr.print(f"[bold red]error[/bold red] {escape(place + error.message)}")
        for label, part in (("expected", error.expected), ("found", error.found), ("what to do", error.hint)):
            if part is not None:
                self.stderr.print(f"  [bold]{label}[/bold]: {escape(part)}")


def describe(error: CreditchainError) -> dict[str, Any]:
    """An error as JSON: kind, message and the parts that are known."""
    described: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "exit_code": int(error.exit_code),
    }
    if error.place is not None:
        place = {"file": error.place.file, "line": error.place.line, "field": error.place.field}
        described["place"] = {name: value for name, value in place.items() if value is not None}
    for name in ("expected", "found", "hint"):
        if (value := getattr(error, name)) is not None:
            described[name] = value
    return described


def _plain(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if hasattr(value, "as_json"):
        return value.as_json()
    return str(value)


def _plain_text(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes | bytearray) else value
