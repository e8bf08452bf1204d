"""`creditchain log`: the region's append-only log, its root, and proofs about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.acts.replaying import LogCopy, LogHead
    from creditchain.log.views import LogEntry

group = typer.Typer(no_args_is_help=True, help="The region's append-only log: entries, root, proofs. 区域日志")

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
        [entry.index, EntryKind(entry.kind).label, shown(entry.time), entry.block, _told(_fields(entry))]
        for entry in listed
    ]
    output = settings(ctx).output
    output.table(["index", "kind", "time", "block", "body"], rows, value=[_described(entry) for entry in listed])
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
    settings(ctx).output.emit({**_head(copy.head), "entry": _described(copy.entries[index]), "proof": _hexed(proof)})


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
    settings(ctx).output.emit({**_head(copy.head), **old, "proof": _hexed(proof)})


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


def _described(entry: LogEntry) -> dict[str, Any]:
    return {
        "index": entry.index,
        "kind": entry.kind,
        "writer": entry.writer,
        "time": entry.time,
        "body_hash": "0x" + entry.body_hash.hex(),
        "entry": "0x" + entry.hash.hex(),
        "body": None if entry.body is None else {name: _plain(value) for name, value in _fields(entry).items()},
        "writes": _writes(entry.writes),
        "block": entry.block,
        "transaction": "0x" + entry.transaction_hash.hex(),
    }


def _writes(writes: bytes) -> list[dict[str, str]]:
    words = ["0x" + writes[at : at + 32].hex() for at in range(0, len(writes), 32)]
    return [dict(zip(("key", "old", "new"), words[at : at + 3], strict=True)) for at in range(0, len(words), 3)]


def _fields(entry: LogEntry) -> dict[str, Any]:
    return {} if entry.body is None else asdict(entry.body)


def _told(body: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {_plain(value)}" for name, value in body.items())


def _plain(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _hexed(proof: list[bytes]) -> list[str]:
    return ["0x" + node.hex() for node in proof]
