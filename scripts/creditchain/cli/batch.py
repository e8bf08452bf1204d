"""`creditchain batch`: the batches of this home, from begun to final."""

from __future__ import annotations

import typer

from creditchain.cli import batch_changes
from creditchain.cli.batch_changes import RootArgument
from creditchain.cli.batch_path import batch_path
from creditchain.cli.batch_shown import anchored, of_manifest
from creditchain.cli.connecting import journal_of
from creditchain.cli.settings import settings

group = typer.Typer(no_args_is_help=True, help="Batches: list, show, check, resume, drop, purge. 批次")


def register(app: typer.Typer) -> None:
    """Add the group."""
    batch_changes.register(group)
    app.add_typer(group, name="batch")


@group.command("list")
def list_batches(ctx: typer.Context) -> None:
    """List every batch in this home's journal, with its region and network. 批次列表"""
    from creditchain.acts.listing import list_anchorings
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    Home.existing(chosen.home)
    with journal_of(chosen) as journal:
        listed = list_anchorings(journal, chosen.deployments)
    rows = [
        {"region": each.region, "network": each.network, "log_id": each.row.log_id, **anchored(each.row)}
        for each in listed
    ]
    columns = ("row", "region", "network", "root", "state", "node", "product", "number", "size", "subjects")
    cells = [["" if row[name] is None else row[name] for name in columns] for row in rows]
    chosen.output.table(columns, cells, value=rows)


@group.command()
def show(ctx: typer.Context, batch: RootArgument) -> None:
    """Show a batch's manifest. 查看批次"""
    from creditchain.batch.folder.manifest import read_manifest

    chosen = settings(ctx)
    path = batch_path(chosen, batch)
    chosen.output.emit({**of_manifest(read_manifest(path)), "folder": str(path)})


@group.command()
def check(ctx: typer.Context, batch: RootArgument) -> None:
    """Recompute everything in a batch folder. Exit code 1 if a single bit has changed. 核对批次"""
    from creditchain.batch.folder.check import check_batch

    chosen = settings(ctx)
    path = batch_path(chosen, batch)
    with chosen.output.stages() as watch:
        checked = check_batch(path, watch)
    chosen.output.emit({**of_manifest(checked.manifest), "purged": checked.purged, "folder": str(path), "intact": True})
