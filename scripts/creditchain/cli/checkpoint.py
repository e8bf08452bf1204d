"""`creditchain checkpoint`: what the region's log and state were at a final block, signed by members."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli import checkpoint_signers
from creditchain.cli.connecting import RpcOption, SignerOption, open_region, signer_of
from creditchain.cli.files import ForceOption, load
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings
from creditchain.errors import InputError, NotValidError, Place

if TYPE_CHECKING:
    from creditchain.checkpoints.message import Checkpoint

group = typer.Typer(no_args_is_help=True, help="Checkpoints: sign, show, check; who signs. 检查点")

FileArgument = Annotated[Path, typer.Argument(help="Checkpoint file.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    checkpoint_signers.register(group)
    app.add_typer(group, name="checkpoint")


@group.command()
def sign(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint file to write.")],
    add: Annotated[Path | None, typer.Option(help="Add a signature to what others signed in this file.")] = None,
    force: ForceOption = False,
    signer: SignerOption = None,
    rpc: RpcOption = None,
) -> None:
    """Replay the log up to the newest final block, and sign what it adds up to. 签署检查点

    A key never contradicts itself: what it signed is kept in the home folder, and a log that does not continue it is
    refused.
    """
    from creditchain.acts.checkpointing import sign_checkpoint
    from creditchain.checkpoints.file import parse_checkpoint
    from creditchain.home.files import check_output, write_file
    from creditchain.home.layout import Home

    check_output(out, overwrite=force or out == add)
    chosen = settings(ctx)
    given = None if add is None else load(add, parse_checkpoint)
    with open_region(chosen, rpc) as region, chosen.output.stages() as watch:
        made = sign_checkpoint(region, signer_of(region, signer), Home.made(chosen.home), given, watch)
    write_file(out, made.to_json(), overwrite=force or out == add)
    chosen.output.emit({"file": str(out), **_message(made.message), "signatures": len(made.signatures)})


@group.command()
def show(ctx: typer.Context, file: FileArgument) -> None:
    """Show what a checkpoint says and who signed it. Whether these may sign says `checkpoint check`. 查看检查点"""
    from creditchain.checkpoints.file import parse_checkpoint

    signed = load(file, parse_checkpoint)
    settings(ctx).output.emit({**_message(signed.message), "signed_by": list(signed.signers())})


@group.command()
def check(
    ctx: typer.Context,
    file: FileArgument,
    pinned: Annotated[Path, typer.Option("--signers", help="File of the signers that you trust.")],
) -> None:
    """Check a checkpoint against pinned signers, without any chain. 核对检查点

    Exit code 1: it was altered, or signed by others. 3: all that is signed holds, but too few signed yet.
    """
    from creditchain.checkpoints.checking import check_checkpoint
    from creditchain.checkpoints.file import parse_checkpoint
    from creditchain.checkpoints.signers import parse_signers

    known = load(pinned, parse_signers)
    try:
        checked = check_checkpoint(load(file, parse_checkpoint), known)
        checked.require_enough()
    except (InputError, NotValidError) as error:
        raise error.at(Place(str(file))) from None
    found = {**_message(checked.checkpoint), "signed_by": list(checked.signers), "needed": checked.threshold}
    settings(ctx).output.emit(found)


def _message(message: Checkpoint) -> dict[str, Any]:
    return {
        "log_id": message.domain.log_id,
        "size": message.size,
        "root": message.root,
        "cells": message.cells,
        "state_root": message.state_root,
        "block": message.block_number,
        "block_hash": message.block_hash,
        "time": shown(message.block_time),
        "signer_epoch": message.signer_epoch,
    }
