"""`creditchain query`: an institution asks, a provider delivers and meters, anyone sees the evidence. Over files."""

from __future__ import annotations

import typer

from creditchain.cli import (
    query_answering,
    query_asking,
    query_brokering,
    query_evidence,
    query_exchange,
    query_kept,
    query_metering,
)

group = typer.Typer(no_args_is_help=True, help="Queries: request, broker, deliver, meter, evidence, keep. 查询与计量")
group.command("open")(query_exchange.open_)
for command in (
    query_asking.request,
    query_brokering.broker,
    query_exchange.ask,
    query_answering.deliver,
    query_metering.meter,
    query_evidence.evidence,
    query_kept.kept,
    query_kept.purge,
    query_kept.staff,
):
    group.command()(command)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="query")
