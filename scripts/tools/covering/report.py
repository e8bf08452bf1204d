"""What the probes showed, for each file of contracts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from textwrap import shorten

from rich.table import Table

from tools.covering.probes import FIRST, Probe

#: Probes, each with whether it was reached.
Results = list[tuple[Probe, bool]]

_NUMBER = re.compile(rf"{str(FIRST)[:6]}\d{{9}}")


def reached(probes: list[Probe], printed: Path) -> Results:
    """By what Anvils printed to the files of the folder `printed`."""
    numbers: set[str] = set()
    for file in printed.iterdir():
        with file.open(encoding="utf-8", errors="replace") as lines:
            numbers.update(line for line in map(str.strip, lines) if _NUMBER.fullmatch(line))
    return [(probe, str(FIRST + place) in numbers) for place, probe in enumerate(probes)]


def percent(results: Results) -> float:
    """Of statements and outcomes together."""
    return 100 * sum(hit for _, hit in results) / len(results) if results else 100.0


def table(results: Results) -> Table:
    """One row for each file, and their sum."""
    files: dict[str, Results] = defaultdict(list)
    for probe, hit in results:
        files[probe.file].append((probe, hit))
    shown = Table("contract")
    for heading in ("statements", "outcomes", "%"):
        shown.add_column(heading, justify="right")
    for file, own in sorted(files.items()):
        shown.add_row(file, *_cells(own))
    shown.add_section()
    shown.add_row("all", *_cells(results))
    return shown


def missing(results: Results) -> Iterator[str]:
    """One line for each statement and condition that was not reached in full."""
    kinds: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for probe, hit in results:
        if not hit:
            kinds[probe.file, probe.line, probe.text].append("run" if probe.kind == "statement" else probe.kind)
    for (file, line, text), missed in sorted(kinds.items()):
        yield f"{file}:{line}: never {' or '.join(missed)}: {shorten(text, 90)}"


def _cells(results: Results) -> tuple[str, str, str]:
    statements = [hit for probe, hit in results if probe.kind == "statement"]
    outcomes = [hit for probe, hit in results if probe.kind != "statement"]
    return _share(statements), _share(outcomes), f"{percent(results):.1f}"


def _share(hits: list[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}"
