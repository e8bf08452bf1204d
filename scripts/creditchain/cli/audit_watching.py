"""`creditchain audit watch`: the audit daemon of a regulator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting
from creditchain.cli.ending import ending_signals
from creditchain.cli.plain import describe
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode

if TYPE_CHECKING:
    from creditchain.acts.watching_books import AuditOutcome


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(watch)


def watch(
    ctx: typer.Context,
    places: Annotated[
        list[Path],
        typer.Argument(
            metavar="PLACE...",
            exists=True,
            file_okay=False,
            help="Folders in which publishers put lists (ROOT.leaves), batch folders and books.",
        ),
    ],
    auditor: Annotated[int, typer.Option(help="The regulator that attests, by its node number.")],
    nodes: Annotated[
        list[int] | None, typer.Option("--node", help="Audit only this node's books; can be given many times.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when what can be done is done.")] = False,
    patience: Annotated[
        float, typer.Option(min=0.0, help="With --once: seconds for which to try what cannot be done for now.")
    ] = 600.0,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at places and chain.")] = 10.0,
    signer: SignerOption = None,
) -> int:
    """Audit each book as it is entered: keep the lists that arrive, compare, attest. 审计守护进程

    A fault of one list, book or publisher stops no other. With --json: one JSON document a line. SIGINT and SIGTERM end
    it after the step under way; killed anywhere, start it again.
    """
    from creditchain.acts.watching_books import AuditWatch, audit_lock, outcome_code, watch_books
    from creditchain.home.layout import Home

    chosen, worst = settings(ctx), ExitCode.OK
    what = AuditWatch(auditor, tuple(places), frozenset(nodes or ()), once, patience, every)
    home = Home.made(chosen.home)
    with acting(chosen, signer) as (region, outbox), audit_lock(home, region), ending_signals() as stop:
        for outcome in watch_books(region, outbox, home, what, stop):
            worst = max(worst, outcome_code(outcome))
            if outcome.error is not None and not chosen.output.as_json:
                chosen.output.error(outcome.error)
                if outcome.again:
                    chosen.output.note("it will be tried again")
            chosen.output.event(_shown(outcome))
    if stop.is_set():
        chosen.output.note("ended, as it was told to")
    return worst


def _shown(outcome: AuditOutcome) -> dict[str, Any]:
    from creditchain.acts.watching_books import BookAudited, ListOutcome

    told: dict[str, Any] = {}
    if isinstance(outcome, ListOutcome):
        told = {"list": str(outcome.path)}
        told |= {} if outcome.root is None else {"root": outcome.root, "size": outcome.size}
    elif isinstance(outcome, BookAudited):
        told = {"node": outcome.of.node, "key_epoch": outcome.of.key_epoch, "book": outcome.entry, "root": outcome.root}
        if outcome.attested is not None:
            done = outcome.attested
            told |= {"size": done.size, "batches": done.batches, "report_digest": done.digest}
        told |= {"faults": list(outcome.faults)} if outcome.faults else {}
    if outcome.error is not None:
        told |= {"error": describe(outcome.error), "tried_again": outcome.again}
    return told
