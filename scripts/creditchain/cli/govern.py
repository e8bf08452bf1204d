"""`creditchain govern propose | approve | execute`: governors decide together, over files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli import govern_calls, govern_roles, govern_waiting
from creditchain.cli.connecting import PROPOSE, SignerOption, acting, open_region, signer_of
from creditchain.cli.output_files import ChangedOption, ForceOption, require_place
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.governing import CheckedProposal

ProposalArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The proposal.")]
_SIGNER = "CREDITCHAIN_SIGNER"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Governors act m of n: propose, approve, execute. 治理")
    group.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})(propose)
    group.command()(approve)
    group.command()(execute)
    govern_waiting.register(group)
    govern_roles.register(group)
    govern_calls.register(group)
    app.add_typer(group, name="govern")


def propose(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write the proposal to.")],
    command: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="Any command for governors.")],
) -> None:
    """Propose what a command would do: `govern propose FILE node suspend 5`. Nothing is done or signed. 提案

    The same as the command with `--signer propose:FILE`.
    """
    root = ctx.find_root()
    group: Any = root.command
    if "--signer" in command:
        raise UsageError("a proposal has no signer", hint="Leave --signer out; governors sign with `govern approve`.")
    before = os.environ.get(_SIGNER)
    os.environ[_SIGNER] = f"{PROPOSE}{file}"
    try:
        name, found, rest = group.resolve_command(root, command)
        with found.make_context(name, list(rest), parent=root) as inner:
            found.invoke(inner)
    finally:
        os.environ.pop(_SIGNER)
        if before is not None:
            os.environ[_SIGNER] = before
    settings(ctx).output.note("nothing was proposed: there is nothing to do, or the command changes nothing on chain")


def approve(
    ctx: typer.Context,
    file: ProposalArgument,
    out: ChangedOption = None,
    force: ForceOption = False,
    signer: SignerOption = None,
) -> None:
    """As a governor: show what is proposed, in words made from its bytes, and sign it. 批准提案"""
    from creditchain.acts.governing import approve as sign
    from creditchain.acts.governing import check_proposal
    from creditchain.cli.files import load
    from creditchain.home.files import write_file

    place = require_place(out, file, force=force)
    with open_region(settings(ctx)) as region:
        checked = load(file, lambda raw: check_proposal(region, raw))
        made = sign(signer_of(region, signer), checked)
    write_file(place, made.proposal.to_json(), overwrite=True)
    settings(ctx).output.emit({"file": str(place), **_shown(made)})


def execute(
    ctx: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE...|OPERATION", help="Copies of a proposal, or an id.")],
    signer: SignerOption = None,
) -> None:
    """Carry out a proposal that enough governors approved, or an operation that is due. Anybody may. 执行

    If each governor approved a copy of their own, name all copies.
    """
    from creditchain.acts import governing
    from creditchain.cli.files import load

    if len(files) == 1 and files[0].startswith("0x"):
        govern_waiting.carry_out(ctx, files[0], signer)
        return
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        copies = [load(Path(file), lambda raw: governing.check_proposal(region, raw)) for file in files]
        checked = governing.joined(copies)
        with chosen.output.progress("executing: waiting for a final block"):
            done = governing.execute(region, outbox, checked)
    waiting = ["0x" + one.hex() for one in done.scheduled]
    hash_ = done.receipt.transaction_hash or b""
    chosen.output.emit({**_shown(checked), "transaction": hash_, "scheduled": waiting})


def _shown(checked: CheckedProposal) -> dict[str, Any]:
    return {
        "nonce": checked.proposal.nonce,
        "calls": [call.words for call in checked.proposal.calls],
        "digest": checked.proposal.digest,
        "approved_by": sorted(checked.proposal.signatures),
        "missing": checked.missing,
    }
