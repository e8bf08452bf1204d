"""`creditchain audit annul`: governors annul what a stolen key published."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.addresses import address_of
from creditchain.cli.audit_options import EpochOption, NodeOption, publication
from creditchain.cli.connecting import GovernorsOption, acting
from creditchain.cli.files import digits
from creditchain.cli.naming import ReasonOption
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(annul)


def annul(
    ctx: typer.Context,
    root: Annotated[str, typer.Argument(metavar="ROOT", help="Root of the batch, or of the book.")],
    node: NodeOption,
    key: Annotated[str, typer.Option(help="Address of the stolen key: the node's, its host's, or a book's auditor's.")],
    reason: ReasonOption,
    key_epoch: EpochOption = None,
    book: Annotated[bool, typer.Option("--book", help="ROOT is of a book.")] = False,
    signer: GovernorsOption = None,
) -> None:
    """Annul a batch or a book that was made, or audited, with a stolen key. This is final. For governors. 作废"""
    from creditchain.acts.annulling import annul as run
    from creditchain.home.layout import Home

    given, stolen = digits(root, "a root"), address_of(key)
    if len(given) != 32:
        raise UsageError("this is no root", expected="0x and 64 hex digits", found=root)
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("annulling: waiting for a final block"):
        of = publication(region, node, key_epoch)
        home = Home.made(chosen.home)
        done = run(region, outbox, home, of, given, stolen, reason, book=book)
    chosen.output.emit(
        {"node": node, "key_epoch": of.key_epoch, "root": given, "entry": done.entry}
        | {"reason_file": str(done.reason.path), "reason_digest": done.reason.digest}
    )
