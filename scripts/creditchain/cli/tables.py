"""Tables for terminals."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from creditchain.cli.plain import plain_text


def drawn(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[Table, int]:
    """A table, and the least width at which no hash and no path in it is broken."""
    table = Table(title=None if title is None else Text(title), title_justify="left", header_style="bold")
    cells = [[cell if isinstance(cell, Text) else Text(str(plain_text(cell))) for cell in row] for row in rows]
    widths = []
    for number, name in enumerate(columns):
        # No column is narrower than its longest word. Chinese has no spaces, and may be folded anywhere.
        words = [word for row in cells for word in row[number].plain.split()]
        widths.append(max((len(word) for word in words if word.isascii()), default=1))
        table.add_column(Text(name), overflow="fold", min_width=widths[-1])
    for row in cells:
        table.add_row(*row)
    return table, sum(widths) + 3 * len(widths) + 1
