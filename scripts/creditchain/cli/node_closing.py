"""`creditchain node close` and `reopen`: a node that no longer serves proofs."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import GovernorsOption, acting
from creditchain.cli.members_shown import NodeArgument
from creditchain.cli.naming import ReasonOption
from creditchain.cli.settings import settings


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command()(close)
    group.command()(reopen)


def close(
    ctx: typer.Context,
    node: NodeArgument,
    from_entry: Annotated[int, typer.Option(min=1, help="Log entry from which on it shows nothing.")],
    reason: ReasonOption,
    signer: GovernorsOption = None,
) -> None:
    """Declare that a node shows nothing from an entry on: reports do without it, and say so. 停止展示"""
    _close(ctx, node, from_entry, reason, signer)


def reopen(ctx: typer.Context, node: NodeArgument, reason: ReasonOption, signer: GovernorsOption = None) -> None:
    """Declare that a node shows again all that it published. 恢复展示"""
    _close(ctx, node, 0, reason, signer)


def _close(ctx: typer.Context, node: int, since: int, reason: str, signer: str | None) -> None:
    from creditchain.acts.annulling import close as run
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("closing: waiting for a final block"):
        done = run(region, outbox, Home.made(chosen.home), node, since, reason)
    chosen.output.emit(
        {"node": node, "closed_from": done.since or None}
        | {"reason_file": str(done.reason.path), "reason_digest": done.reason.digest}
    )
