"""`creditchain audit prove`: disorder, omission or repetition of leaves, which breaks a batch or a book for ever."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.audit_options import EpochOption, ListArgument, NodeOption, publication
from creditchain.cli.connecting import SignerOption, acting
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from creditchain.acts.proving_faults import Broken, Publication
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command()(disorder)
    group.command()(omission)
    group.command()(repeat)


def disorder(
    ctx: typer.Context,
    listed: ListArgument,
    node: NodeOption,
    key_epoch: EpochOption = None,
    book: Annotated[bool, typer.Option("--book", help="LIST is of a book.")] = False,
    signer: SignerOption = None,
) -> None:
    """Two adjacent leaves of a batch or a book do not ascend. Their subject tags become public. 乱序"""
    from creditchain.acts.proving_faults import prove_disorder
    from creditchain.batch.folder.leaf_list import read_leaves

    leaves = read_leaves(listed)
    _prove(
        ctx, signer, node, key_epoch, lambda region, outbox, of: prove_disorder(region, outbox, leaves, of, book=book)
    )


def omission(
    ctx: typer.Context,
    batch: Annotated[Path, typer.Argument(help="List of the batch, or its folder.")],
    book: Annotated[Path, typer.Argument(help="List of the book.")],
    node: NodeOption,
    key_epoch: EpochOption = None,
    signer: SignerOption = None,
) -> None:
    """A leaf of a batch is not in a later book. Its subject tag and those of its neighbours become public. 遗漏"""
    from creditchain.acts.proving_faults import prove_omission
    from creditchain.batch.folder.leaf_list import read_leaves

    lists = read_leaves(batch), read_leaves(book)
    _prove(ctx, signer, node, key_epoch, lambda region, outbox, of: prove_omission(region, outbox, *lists, of))


def repeat(
    ctx: typer.Context,
    earlier: Annotated[Path, typer.Argument(help="List of the earlier batch, or its folder.")],
    later: Annotated[Path, typer.Argument(help="List of the later batch, or its folder.")],
    node: NodeOption,
    key_epoch: EpochOption = None,
    signer: SignerOption = None,
) -> None:
    """A leaf of a batch was in an earlier batch already. No subject tag is shown. 重复"""
    from creditchain.acts.proving_faults import prove_repeat
    from creditchain.batch.folder.leaf_list import read_leaves

    lists = read_leaves(earlier), read_leaves(later)
    _prove(ctx, signer, node, key_epoch, lambda region, outbox, of: prove_repeat(region, outbox, *lists, of))


def _prove(
    ctx: typer.Context,
    signer: str | None,
    node: int,
    key_epoch: int | None,
    prove: Callable[[Region, Outbox, Publication], Broken],
) -> None:
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("proving: waiting for a final block"):
        of = publication(region, node, key_epoch)
        done = prove(region, outbox, of)
    chosen.output.emit(
        {"node": node, "key_epoch": of.key_epoch, "fault": done.fault.label, "root": done.root}
        | {"entry": done.entry, "broken": done.broken}
    )
