"""`creditchain dispute`: an enterprise objects to a record; the publisher answers within 20 days (art. 25)."""

from __future__ import annotations

import typer

from creditchain.cli import dispute_answering, dispute_checking, dispute_filing, dispute_listing

group = typer.Typer(
    no_args_is_help=True, help="Disputes about records: file, draft, sign, answer, check, list. 异议处理"
)
for command in (
    dispute_answering.file,
    dispute_answering.answer,
    dispute_checking.check,
    dispute_filing.draft,
    dispute_filing.sign,
    dispute_filing.endorse,
    dispute_filing.relay,
):
    group.command()(command)
group.command("list")(dispute_listing.list_disputes)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="dispute")
