"""`creditchain log`: the region's append-only log, its root, and proofs about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli import log_cells, log_index
from creditchain.cli.connecting import BlockOption, RpcOption, open_region
from creditchain.cli.log_shown import described, fields_of, head_of, hexed, shown_head, told
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.index.opened import IndexedLog

group = typer.Typer(no_args_is_help=True, help="The region's append-only log: entries, root, proofs. 区域日志")
group.command()(log_cells.cell)
group.command()(log_index.replay)
group.command()(log_index.index)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="log")


@group.command()
def root(ctx: typer.Context, block: BlockOption = None, rpc: RpcOption = None) -> None:
    """Show size and root of the log, as the contract states them. 日志根"""
    from creditchain.acts.replaying import read_head

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        head = read_head(region, block)
    chosen.output.emit(shown_head(head))


@group.command()
def show(
    ctx: typer.Context,
    first: Annotated[int, typer.Option("--from", min=0, help="Index of the first entry to show.")] = 0,
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 50,
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """List entries of the log. All are read and checked against the contract's root before any is shown. 日志条目"""
    from creditchain.vocabulary import EntryKind

    log = _opened(ctx, block, rpc)
    listed = [*log.entries(first, first + count)]
    rows = [
        [entry.index, EntryKind(entry.kind).label, shown(entry.time), entry.block, told(fields_of(entry))]
        for entry in listed
    ]
    output = settings(ctx).output
    output.table(["index", "kind", "time", "block", "body"], rows, value=[described(entry) for entry in listed])
    output.note(f"{log.size} entries, which add up to the root in the contract")


@group.command()
def inclusion(
    ctx: typer.Context,
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Prove that an entry is in the log (RFC 9162, 2.1.3). 包含证明"""
    log = _opened(ctx, block, rpc)
    proof = log.inclusion(index)
    settings(ctx).output.emit({**head_of(log), "entry": described(log.entry(index)), "proof": hexed(proof)})


@group.command()
def consistency(
    ctx: typer.Context,
    old_size: Annotated[int, typer.Argument(min=0, help="An earlier size of the log.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Prove that the log only grew since an earlier size (RFC 9162, 2.1.4). 一致性证明"""
    log = _opened(ctx, block, rpc)
    proof = log.consistency(old_size)
    old = {"old_size": old_size, "old_root": "0x" + log.root_at(old_size).hex()}
    settings(ctx).output.emit({**head_of(log), **old, "proof": hexed(proof)})


def _opened(ctx: typer.Context, block: int | None, rpc: list[str] | None) -> IndexedLog:
    from creditchain.acts.replaying import final_block
    from creditchain.home.layout import Home
    from creditchain.index.opening import open_log

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region, chosen.output.stages() as watch:
        return open_log(region, Home(chosen.home), final_block(region, block), watch)
