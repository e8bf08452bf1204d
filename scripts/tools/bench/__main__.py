"""`python -m tools.bench [group …]`: measure, print the table, write build/bench.json."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.bench import Row, machine

#: Modules of each group, in the order they are measured.
GROUPS: dict[str, tuple[str, ...]] = {
    "core": ("gas",),
    "batch": ("tree", "batch", "uploads"),
    "consent": ("consent",),
    "state": ("state", "replay"),
    "index": ("index", "index_anvil"),
    "book": ("book",),
    "report": ("record", "report"),
    "exchange": ("exchange",),
    "starting": ("starting",),
}


def main(groups: Iterable[str]) -> int:
    """Measure the named groups, or all. Returns 1 if a target was missed, 2 if a group does not exist."""
    # A table of eight columns needs this width, wherever it is printed.
    console = Console(width=max(Console().width, 160))
    chosen = list(groups) or list(GROUPS)
    if unknown := [group for group in chosen if group not in GROUPS]:
        console.print(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
        return 2
    rows: list[Row] = []
    for group in chosen:
        for name in GROUPS[group]:
            console.print(f"measuring {group}: {name} …")
            rows += importlib.import_module(f"tools.bench.{name}").measure()
    console.print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}")
    console.print(_table(rows))
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False) + "\n")
    console.print(f"written to {target}")
    return 1 if any(row.ok is False for row in rows) else 0


def _table(rows: list[Row]) -> Table:
    table = Table("group", "what", "value", "unit", "beside", "ratio", "target", "reached")
    for row in rows:
        reached = {True: "yes", False: "[bold red]no[/bold red]", None: ""}[row.ok]
        value = "not run" if row.value is None else f"{row.value:,.6g}"
        ratio = "" if row.ratio is None else f"{row.ratio:,.2f}"
        cells = (row.group, row.name, value, row.unit, row.baseline or "", ratio, row.target or "")
        table.add_row(*map(escape, cells), reached)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
