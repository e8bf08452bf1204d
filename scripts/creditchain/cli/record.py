"""`creditchain record`: the life of a record after it was anchored. For the node that published it."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.naming import ReasonOption, RecordArgument, named_record
from creditchain.cli.record_state import described
from creditchain.cli.settings import settings
from creditchain.vocabulary import Life

group = typer.Typer(no_args_is_help=True, help="Life of a record: show, revoke, supersede, erase. 记录状态")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="record")


@group.command()
def show(ctx: typer.Context, record: RecordArgument) -> None:
    """Show life and disputes of a record, as of the newest final block. 查看记录"""
    chosen = settings(ctx)
    with open_region(chosen) as region:
        named = named_record(record, region).name
        block = region.chain.final_block()
        state = region.record(named.node, named.leaf, block.number)
    chosen.output.emit(described(state) | {"block": block.number})


@group.command()
def revoke(ctx: typer.Context, record: RecordArgument, reason: ReasonOption, signer: SignerOption = None) -> None:
    """Withdraw a record for good: it was wrong from the start. 撤销记录"""
    set_life(ctx, record, Life.REVOKED, reason, signer)


@group.command()
def erase(ctx: typer.Context, record: RecordArgument, reason: ReasonOption, signer: SignerOption = None) -> None:
    """Log that a record's content was erased because its retention is over. This is final. 删除记录"""
    set_life(ctx, record, Life.ERASED, reason, signer)


@group.command()
def supersede(
    ctx: typer.Context,
    record: RecordArgument,
    successor: Annotated[str, typer.Option("--by", help="The later record: its package file, or NODE:0xLEAF.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Replace a record by a later one of the same node. 取代记录"""
    set_life(ctx, record, Life.SUPERSEDED, reason, signer, successor)


def set_life(
    ctx: typer.Context, record: str, life: Life, reason: str, signer: str | None, successor: str | None = None
) -> None:
    """Change the life of a record, named as on the command line, and show it."""
    from creditchain.acts.recording import set_life as run
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        given = named_record(record, region)
        later = named_record(successor, region) if successor is not None else None
        with chosen.output.progress(f"{life.label}: waiting for a final block"):
            changed = run(region, outbox, Home.made(chosen.home), given, life, reason, later)
    kept = changed.reason
    chosen.output.emit(described(changed.state) | {"reason_file": str(kept.path), "reason_digest": kept.digest})
