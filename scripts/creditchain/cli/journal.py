"""`creditchain journal`: where this home's journal is."""

from __future__ import annotations

import typer

from creditchain.cli.settings import settings
from creditchain.errors import UsageError

group = typer.Typer(no_args_is_help=True, help="The journal: move it into a database. 日志")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="journal")


@group.callback()
def _group() -> None:
    """The journal: move it into a database. 日志"""


@group.command()
def move(ctx: typer.Context) -> None:
    """Move the journal from its file in the home into the PostgreSQL database that --database names. 迁移

    Stop what runs on the home first. The file stays, and takes no change any more. Killed anywhere, run it again.
    """
    from creditchain.home.layout import Home
    from creditchain.home.moving import move_journal

    chosen = settings(ctx)
    if chosen.database is None:
        raise UsageError(
            "the journal is moved into a database", hint="Name it with --database or CREDITCHAIN_DATABASE."
        )
    home = Home.existing(chosen.home)
    moved = move_journal(home, chosen.database)
    chosen.output.emit({"database": moved.database, "rows": moved.rows, "file": str(home.journal)})
