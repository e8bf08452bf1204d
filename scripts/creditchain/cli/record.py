"""`creditchain record`: the life of a record after it was anchored. For the node that published it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.naming import NamedRecord, ReasonOption, RecordArgument, named_record
from creditchain.cli.record_state import described
from creditchain.cli.settings import settings
from creditchain.errors import InputError
from creditchain.vocabulary import Life

if TYPE_CHECKING:
    from creditchain.chain.region import Region

group = typer.Typer(no_args_is_help=True, help="Life of a record: show, revoke, supersede, erase. 记录状态")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="record")


@group.command()
def show(ctx: typer.Context, record: RecordArgument) -> None:
    """Life and dispute of a record, as of the newest final block."""
    chosen = settings(ctx)
    with open_region(chosen) as region:
        named = named_record(record, region)
        block = region.chain.final_block()
        state = region.record(named.node, named.leaf, block.number)
    chosen.output.emit(described(state) | {"block": block.number})


@group.command()
def revoke(ctx: typer.Context, record: RecordArgument, reason: ReasonOption, signer: SignerOption = None) -> None:
    """Withdraw a record for good: it was wrong from the start."""
    set_life(ctx, record, Life.REVOKED, reason, signer)


@group.command()
def erase(ctx: typer.Context, record: RecordArgument, reason: ReasonOption, signer: SignerOption = None) -> None:
    """Say that a record's content was erased, its retention being over. Final."""
    set_life(ctx, record, Life.ERASED, reason, signer)


@group.command()
def supersede(
    ctx: typer.Context,
    record: RecordArgument,
    successor: Annotated[str, typer.Option("--by", help="The later record: its package file, or NODE:0xLEAF.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Replace a record by a later one of the same node."""
    set_life(ctx, record, Life.SUPERSEDED, reason, signer, successor)


def set_life(
    ctx: typer.Context, record: str, life: Life, reason: str, signer: str | None, successor: str | None = None
) -> None:
    """Change the life of a record, named as on the command line, and show it."""
    from creditchain.chain.calls import NO_WORD
    from creditchain.home.layout import Home
    from creditchain.home.reasons import keep_reason

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        named = named_record(record, region)
        later = _successor(named, successor, region) if successor is not None else NO_WORD
        _require_anchored(named, region)
        # Each life is reached at most once, so that the name of the act needs no count.
        intent = f"life {life.label} {named}"
        log_id = region.deployment.log_id
        kept = keep_reason(Home(chosen.home).region(log_id).reasons, f"{intent} {log_id.hex()}", reason)
        call = region.calls.set_life(named.node, named.leaf, life, reason_digest=kept.digest, successor=later)
        with chosen.output.progress(f"{life.label}: waiting for a final block"):
            outbox.submit(intent, call)
        state = region.record(named.node, named.leaf, region.chain.final_block().number)
    chosen.output.emit(described(state) | {"reason_file": str(kept.path), "reason_digest": kept.digest})


def _require_anchored(named: NamedRecord, region: Region) -> None:
    """The contract takes any leaf; with a package at hand, a wrong file is caught before anything is written."""
    if named.package is None:
        return
    from creditchain.merkle import verify_inclusion

    batch = named.package.batch
    anchor = region.anchor(named.node, batch.root)
    if anchor is None or not verify_inclusion(named.leaf, batch.index, anchor.size, batch.proof, batch.root):
        raise InputError(
            "the package does not show a record that this node anchored", hint="Check it with `creditchain verify`."
        )


def _successor(named: NamedRecord, successor: str, region: Region) -> bytes:
    later = named_record(successor, region)
    if later.node != named.node:
        raise InputError(
            "a record is superseded by one of the same node", expected=f"node {named.node}", found=f"node {later.node}"
        )
    _require_anchored(later, region)
    return later.leaf
