"""The only place that prints: tables and colour on a terminal, plain lines into a pipe, JSON for machines, errors.

Three rules:
- Data is never markup. A string is shown as it is; who wants style passes a `rich.text.Text`.
- What goes to a pipe or a file is plain, whole and one row a line: columns are separated by tabs, nothing is wrapped,
  cut or drawn around it.
- With --json a command prints exactly one document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from creditchain.cli.bilingual import labelled, lines
from creditchain.cli.plain import Part, as_json, describe, must_escape, one_line, plain_cell, plain_text, put
from creditchain.errors import CreditchainError

if TYPE_CHECKING:
    from rich.progress import Progress


class Output:
    """Where a command's results go. Results to stdout; progress, notes and errors to stderr."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._documents = 0

    def emit(self, value: Mapping[str, Any] | Sequence[Any], text: str | None = None) -> None:
        """One result: `value` as one JSON document with --json, else `text`, else lines of `bilingual`."""
        if self.as_json:
            self._document(value)
        elif text is not None:
            sys.stdout.write(text + "\n")
        elif isinstance(value, Mapping):
            for name, shown in lines(value):
                self.line(("bold", name), f"  {shown}" if name and shown else shown)
        else:
            for item in value:
                self.line(str(plain_text(item)))

    def event(self, value: Mapping[str, Any]) -> None:
        """One of many results, shown as it comes. With --json: one JSON document a line (JSON Lines).

        People read its `error` on stderr, where `error` prints it.
        """
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=must_escape(sys.stdout), default=as_json) + "\n")
            sys.stdout.flush()
        else:
            self.emit({name: one for name, one in value.items() if name != "error"})

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str | None = None,
        value: Mapping[str, Any] | Sequence[Any] | None = None,
    ) -> None:
        """A table for people; a cell is a value, or a `rich.text.Text` with a style.

        With --json prints `value`, or one object a row keyed by the columns.
        """
        listed = [list(row) for row in rows]
        if self.as_json:
            made = [dict(zip(columns, map(plain_cell, row), strict=True)) for row in listed]
            self._document(value if value is not None else made)
        elif self.is_terminal:
            self._drawn(title, [labelled(name) for name in columns], listed)
        else:
            above: list[list[object]] = [[title]] if title else []
            names: list[object] = [labelled(name) for name in columns]
            for row in [*above, names, *listed]:
                sys.stdout.write("\t".join(one_line(cell) for cell in row) + "\n")

    def line(self, *parts: Part) -> None:
        """A line of results for people: strings, or (style, string). Nothing with --json."""
        if not self.as_json:
            put(sys.stdout, parts)

    def note(self, *parts: Part) -> None:
        """A line for people about what is going on, on stderr; silent with --json or --quiet."""
        if not (self.as_json or self.quiet):
            put(sys.stderr, parts)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads stdout."""
        return sys.stdout.isatty()

    def progress(self, title: str, total: int | None = None) -> AbstractContextManager[Progress]:
        """A progress bar on stderr, with count, time passed and time left; hidden where nobody looks."""
        from creditchain.cli.progress import bar

        return bar(title, total, hidden=self._unwatched)

    def stages(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        """Progress in stages: call the result with (stage, done, total). A bar for each, with rate and time left."""
        from creditchain.cli.progress import stages

        return stages(hidden=self._unwatched)

    def error(self, error: CreditchainError) -> None:
        """The one shape of an error, on stderr."""
        if self.as_json:
            told = json.dumps({"error": describe(error)}, ensure_ascii=must_escape(sys.stderr))
            sys.stderr.write(told + "\n")
            return
        place = f"{error.place}: " if error.place else ""
        put(sys.stderr, [("bold red", "error"), f" {place}{error.message}"])
        for label, part in (("expected", error.expected), ("found", error.found), ("what to do", error.hint)):
            if part is not None:
                put(sys.stderr, ["  ", ("bold", label), f": {part}"])

    @property
    def _unwatched(self) -> bool:
        return self.as_json or self.quiet or not sys.stderr.isatty()

    def _document(self, value: object) -> None:
        if self._documents:
            raise RuntimeError("a second JSON document")
        self._documents += 1
        sys.stdout.write(json.dumps(value, ensure_ascii=must_escape(sys.stdout), indent=2, default=as_json) + "\n")

    def _drawn(self, title: str | None, columns: Sequence[str], rows: list[list[object]]) -> None:
        from rich.console import Console

        from creditchain.cli.tables import drawn

        console = Console(highlight=False)
        table, width = drawn(title, columns, rows)
        console.print(table, width=max(console.width, width), soft_wrap=True)
