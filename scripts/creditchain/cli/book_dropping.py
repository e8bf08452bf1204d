"""`creditchain book drop`: old books leave the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import open_region
from creditchain.cli.settings import settings


def drop(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which would be removed.")] = False,
) -> None:
    """Remove old books from this home: the newest, the last one entered and the last audited one stay. 清理总账"""
    from creditchain.acts.dropping_books import drop_books
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with open_region(chosen) as region:
        found = drop_books(region, Home.existing(chosen.home), dry_run=dry_run)
    rows = [
        [one.manifest.root, one.manifest.terms.node, one.manifest.terms.key_epoch, one.manifest.covered]
        for one in found
    ]
    chosen.output.table(["root", "node", "key_epoch", "batches"], rows)
    chosen.output.note(f"{len(found)} book(s) {'would be' if dry_run else 'were'} removed")
