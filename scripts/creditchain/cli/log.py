"""`creditchain log`: the region's append-only log, its root, and proofs about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.settings import settings
from creditchain.errors import InputError

if TYPE_CHECKING:
    from creditchain.log.views import LogEntry

group = typer.Typer(no_args_is_help=True, help="The region's append-only log: entries, root, proofs. 区域日志")

BlockOption = Annotated[int | None, typer.Option("--block", help="As of this block; by default the newest final one.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="log")


@group.command()
def root(ctx: typer.Context, block: BlockOption = None, rpc: RpcOption = None) -> None:
    """Size and root of the log, as the contract says."""
    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        at = region.chain.final_block().number if block is None else block
        described = _head(region.deployment.log_id, region.log_size(at), region.log_root(at), at)
    chosen.output.emit(described)


@group.command()
def show(
    ctx: typer.Context,
    first: Annotated[int, typer.Option("--from", help="Index of the first entry to show.")] = 0,
    count: Annotated[int, typer.Option("--count", min=1, help="How many.")] = 50,
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Entries of the log. All are read, and checked against the root in the contract, before any is shown."""
    from creditchain.vocabulary import EntryKind

    entries, _, _ = _entries(ctx, block, rpc)
    chosen = entries[first : first + count]
    rows = [
        [entry.index, EntryKind(entry.kind).label, entry.time, entry.block, _told(entry.body or {})] for entry in chosen
    ]
    output = settings(ctx).output
    output.table(["index", "kind", "time", "block", "body"], rows, value=[_described(entry) for entry in chosen])
    output.note(f"{len(entries)} entries, which add up to the root in the contract")


@group.command()
def inclusion(
    ctx: typer.Context,
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Proof that an entry is in the log (RFC 9162, 2.1.3)."""
    from creditchain.merkle import inclusion_proof

    entries, log_id, at = _entries(ctx, block, rpc)
    _require_index(index, len(entries) - 1, "an entry's index")
    hashes = [entry.hash for entry in entries]
    settings(ctx).output.emit(
        {
            **_head(log_id, len(entries), _root(entries), at),
            "entry": _described(entries[index]),
            "proof": ["0x" + node.hex() for node in inclusion_proof(hashes, index)],
        }
    )


@group.command()
def consistency(
    ctx: typer.Context,
    old_size: Annotated[int, typer.Argument(min=0, help="An earlier size of the log.")],
    block: BlockOption = None,
    rpc: RpcOption = None,
) -> None:
    """Proof that the log only grew since an earlier size (RFC 9162, 2.1.4)."""
    from creditchain.merkle import consistency_proof

    entries, log_id, at = _entries(ctx, block, rpc)
    _require_index(old_size, len(entries), "an earlier size")
    hashes = [entry.hash for entry in entries]
    settings(ctx).output.emit(
        {
            **_head(log_id, len(entries), _root(entries), at),
            "old_size": old_size,
            "old_root": "0x" + _root(entries[:old_size]).hex(),
            "proof": ["0x" + node.hex() for node in consistency_proof(hashes, old_size)],
        }
    )


def _entries(ctx: typer.Context, block: int | None, rpc: list[str] | None) -> tuple[list[LogEntry], bytes, int]:
    with open_region(settings(ctx), rpc) as region:
        at = region.chain.final_block().number if block is None else block
        return region.entries(at), region.deployment.log_id, at


def _root(entries: list[LogEntry]) -> bytes:
    from creditchain.merkle import root as root_of

    return root_of([entry.hash for entry in entries])


def _head(log_id: bytes, size: int, root: bytes, block: int) -> dict[str, Any]:
    return {
        "log_id": "0x" + log_id.hex(),
        "size": size,
        "root": "0x" + root.hex(),
        "hash": "keccak-256",
        "block": block,
    }


def _described(entry: LogEntry) -> dict[str, Any]:
    return {
        "index": entry.index,
        "kind": entry.kind,
        "writer": entry.writer,
        "time": entry.time,
        "body_hash": "0x" + entry.body_hash.hex(),
        "entry": "0x" + entry.hash.hex(),
        "body": None if entry.body is None else {name: _plain(value) for name, value in entry.body.items()},
        "block": entry.block,
        "transaction": "0x" + entry.transaction_hash.hex(),
    }


def _told(body: Any) -> str:
    return "  ".join(f"{name} {_short(value)}" for name, value in body.items())


def _short(value: object) -> object:
    return f"0x{value[:4].hex()}…" if isinstance(value, bytes) else value


def _plain(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _require_index(index: int, largest: int, what: str) -> None:
    if index > largest:
        raise InputError(f"this is not {what}", expected=f"0 to {largest}", found=str(index))
