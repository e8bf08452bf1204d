"""`creditchain log`: the region's append-only log, its root, and proofs about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli import log_cells
from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.log_shown import described, fields_of, hexed, told
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.acts.replaying import LogCopy, LogHead

group = typer.Typer(no_args_is_help=True, help="The region's append-only log: entries, root, proofs. 区域日志")
group.command()(log_cells.cell)

BlockOption = Annotated[int | None, typer.Option("--block", help="As of this block; by default the newest final one.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="log")


@group.command()
def root(ctx: typer.Context, block: BlockOption = None, rpc: RpcOption = None) -> None:
    """Show size and root of the log, as the contract states them."""
    from creditchain.acts.replaying import read_head

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        head = read_head(region, block)
    chosen.output.emit(_head(head))


@group.command()
def show(
    ctx: typer.Context,
    first: Annotated[int, typer.Option("--from", min=0, help="Index of the first entry to show.")] = 0,
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 50,
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """List entries of the log. All are read and checked against the contract's root before any is shown."""
    from creditchain.vocabulary import EntryKind

    copy = _copy(ctx, block, rpc)
    listed = copy.entries[first : first + count]
    rows = [
        [entry.index, EntryKind(entry.kind).label, shown(entry.time), entry.block, told(fields_of(entry))]
        for entry in listed
    ]
    output = settings(ctx).output
    output.table(["index", "kind", "time", "block", "body"], rows, value=[described(entry) for entry in listed])
    output.note(f"{copy.head.size} entries, which add up to the root in the contract")


@group.command()
def inclusion(
    ctx: typer.Context,
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Prove that an entry is in the log (RFC 9162, 2.1.3)."""
    copy = _copy(ctx, block, rpc)
    proof = copy.inclusion(index)
    settings(ctx).output.emit({**_head(copy.head), "entry": described(copy.entries[index]), "proof": hexed(proof)})


@group.command()
def consistency(
    ctx: typer.Context,
    old_size: Annotated[int, typer.Argument(min=0, help="An earlier size of the log.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Prove that the log only grew since an earlier size (RFC 9162, 2.1.4)."""
    copy = _copy(ctx, block, rpc)
    proof = copy.consistency(old_size)
    old = {"old_size": old_size, "old_root": "0x" + copy.root_at(old_size).hex()}
    settings(ctx).output.emit({**_head(copy.head), **old, "proof": hexed(proof)})


@group.command()
def replay(
    ctx: typer.Context,
    compare: Annotated[bool, typer.Option("--compare", help="Also read each cell from the contract.")] = False,
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Compute the region's state from the entries of its log alone; with --json, every cell."""
    from creditchain.acts.replaying import replay_log

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region, chosen.output.progress("replaying the log"):
        state = replay_log(region, block, compare=compare)
    summary = {**_head(state.head), "cells": len(state.cells), "state_root": "0x" + state.state_root.hex()}
    words = {"0x" + cell.key.hex(): "0x" + cell.word.hex() for cell in state.cells}
    chosen.output.emit({**summary, "compared": state.compared, "words": words} if chosen.output.as_json else summary)
    if compare:
        chosen.output.note(f"the contract holds the same {len(state.cells)} cells")


def _copy(ctx: typer.Context, block: int | None, rpc: list[str] | None) -> LogCopy:
    from creditchain.acts.replaying import read_log

    with open_region(settings(ctx), rpc) as region:
        return read_log(region, block)


def _head(head: LogHead) -> dict[str, Any]:
    return {
        "log_id": "0x" + head.log_id.hex(),
        "size": head.size,
        "root": "0x" + head.root.hex(),
        "hash": "keccak-256",
        "block": head.block,
    }
