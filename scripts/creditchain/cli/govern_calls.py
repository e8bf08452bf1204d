"""`creditchain govern call | renew`: any call to a contract of the region, and a proposal made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import PROPOSE, GovernorsOption, acting
from creditchain.cli.sent import show_sent
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the commands."""
    # Arguments of functions may begin with a minus.
    group.command(context_settings={"ignore_unknown_options": True})(call)
    group.command()(renew)


def call(
    ctx: typer.Context,
    contract: Annotated[str, typer.Argument(metavar="CONTRACT", help="Its name, like Governance.")],
    function: Annotated[str, typer.Argument(metavar="FUNCTION", help="Its name, like grantRole.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ARGUMENT...]",
            help="One for each parameter: numbers, 0x and hex digits, names of contracts for addresses; lists as JSON.",
        ),
    ] = None,
    signer: GovernorsOption = None,
) -> None:
    """Call any function of a contract, for what no other command does: `govern propose FILE govern call …`. 任意操作

    Approvers see contract, function and arguments as they are made again from the bytes.
    """
    from creditchain.acts.deciding import call_contract

    with acting(settings(ctx), signer) as (region, outbox):
        show_sent(settings(ctx), call_contract(region, outbox, contract, function, arguments or ()))


def renew(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The proposal that no longer holds.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write the new proposal to.")],
) -> None:
    """Propose the same again: with the next number, and proofs that fit the log as it is now. 重新提案

    For a proposal whose number another one took, and for `audit annul` once the log has grown. Governors approve anew.
    """
    from creditchain.acts.governing import check_proposal
    from creditchain.acts.renewing import renew as run
    from creditchain.cli.files import load

    if out == file:
        raise UsageError("the new proposal needs a file of its own", found=str(out), hint="Name another --output.")
    with acting(settings(ctx), f"{PROPOSE}{out}") as (region, outbox):
        run(region, outbox, load(file, lambda raw: check_proposal(region, raw)))
