"""`creditchain batch resume`, `drop` and `purge`: change batches that exist."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from creditchain.cli.anchoring_options import machine_of, options_of
from creditchain.cli.batch_path import batch_path
from creditchain.cli.batch_shown import anchored, resumed, tell_resumed
from creditchain.cli.connecting import SignerOption, TagKeyOption, acting, journal_of, open_region
from creditchain.cli.naming import ReasonOption
from creditchain.cli.settings import settings
from creditchain.errors import CreditchainError, ExitCode

RootArgument = Annotated[
    str, typer.Argument(metavar="BATCH", help="Root (or its first digits), or the batch's folder.")
]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (resume, drop, purge):
        group.command()(command)


def resume(ctx: typer.Context, tag_key: TagKeyOption = None, signer: SignerOption = None) -> int:
    """Finish every batch of this region that was begun, and send lost anchors again. 续办

    Each batch has its own outcome; the exit code is the worst of them. `batch drop` gives one up.
    """
    from creditchain.acts.resuming import resume_all
    from creditchain.home.keystores import load_tag_key

    chosen = settings(ctx)
    key = load_tag_key(tag_key) if tag_key is not None else None
    outcomes = []
    with options_of(chosen.output) as options:
        ready = options(None, sort_memory=256 << 20, workers=0)
        with machine_of(chosen, signer, ready) as machine:
            for outcome in resume_all(machine, key):
                tell_resumed(chosen.output, outcome)
                outcomes.append(outcome)
    chosen.output.table(
        ["row", "root", "state", "node", "product", "number"],
        [[each.row.id, each.row.root, each.row.state, each.row.node, each.row.product, each.row.number]
         for each in outcomes],
        value=[resumed(each) for each in outcomes],
    )  # fmt: skip
    return max((each.exit_code for each in outcomes), default=ExitCode.OK)


def drop(
    ctx: typer.Context,
    row: Annotated[int, typer.Argument(help="Number of the row, as `batch list` shows it.")],
    chain_is_gone: Annotated[
        bool,
        typer.Option(
            "--chain-is-gone", help="Drop it although it was signed: its chain no longer exists and cannot be asked."
        ),
    ] = False,
) -> None:
    """Give up a batch that was begun and cannot be finished: its row, its secret and its folder are destroyed. 放弃

    Refused if the batch is on chain or may still come there. --chain-is-gone is not believed of a chain that answers.
    """
    from creditchain.acts.dropping import drop as drop_row
    from creditchain.acts.dropping import find_row, needs_chain
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    home = Home.existing(chosen.home)
    with ExitStack() as opened:
        journal = opened.enter_context(journal_of(chosen))
        found = find_row(journal, row)
        region = None
        if needs_chain(journal, found):
            try:
                region = opened.enter_context(open_region(chosen))
            except CreditchainError:
                if not chain_is_gone:
                    raise
        dropped = drop_row(journal, home, found, region, chain_is_gone=chain_is_gone)
    folder = None if dropped.folder is None else str(dropped.folder)
    chosen.output.emit(
        anchored(dropped.row) | {"upload": dropped.row.upload, "dropped": True, "folder_removed": folder}
    )


def purge(
    ctx: typer.Context,
    batch: RootArgument,
    index: Annotated[list[int], typer.Option(help="Leaf index of a record; may be given several times.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Log that records are erased, then erase their content and salts for good. All other proofs stay. 清除

    Everything is checked before either is done. If it is interrupted, run it again with the same reason.
    """
    from creditchain.acts.purging import PurgeOrder
    from creditchain.acts.purging import purge as purge_records
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    order = PurgeOrder(batch_path(chosen, batch), tuple(index), reason)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("erasing: waiting for a final block"):
        purged = purge_records(region, outbox, Home(chosen.home), order)
    chosen.output.emit(
        {
            "node": purged.node,
            "root": purged.root,
            "erased": list(order.indices),
            "leaves": ["0x" + leaf.hex() for leaf in purged.leaves],
            "reason_files": [str(path) for path in purged.reason_files],
        }
    )
