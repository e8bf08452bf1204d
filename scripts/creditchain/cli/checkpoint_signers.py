"""`creditchain checkpoint set-signers` and `signers`: who signs checkpoints of the region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import GovernorsOption, RpcOption, acting, open_region
from creditchain.cli.files import ForceOption
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.checkpoints.signers import SignerEpoch

EpochOption = Annotated[int | None, typer.Option(help="Epoch of signers; by default the current one.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (set_signers, signers):
        group.command()(command)


def set_signers(
    ctx: typer.Context,
    signers: Annotated[list[str], typer.Argument(metavar="NODE:ADDRESS...", help="Members and their keys, like 3:0x…")],
    threshold: Annotated[int, typer.Option(help="How many must sign: more than half.")],
    signer: GovernorsOption = None,
) -> None:
    """Begin another epoch of signers. For governors. 设定签名方

    For instance `checkpoint set-signers 3:0x… 7:0x… 12:0x… --threshold 2`: members 3, 7 and 12, of whom two must sign.
    """
    from creditchain.acts.checkpointing import set_signers as act
    from creditchain.checkpoints.signers import CheckpointSigner

    wanted = [CheckpointSigner(address, node) for node, address in map(_pair, signers)]
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        found = act(region, outbox, wanted, threshold)
    chosen.output.emit(_epoch(found))


def signers(
    ctx: typer.Context,
    epoch: EpochOption = None,
    out: Annotated[Path | None, typer.Option("--output", "-o", help="File to pin them in.")] = None,
    force: ForceOption = False,
    rpc: RpcOption = None,
) -> None:
    """Show who signs checkpoints. With --output, write the file that `checkpoint check` takes. 查看签名方

    A verifier compares the file with what the signers publish elsewhere before trusting it.
    """
    from creditchain.acts.checkpointing import signers_of
    from creditchain.checkpoints.signers import signers_file
    from creditchain.home.files import write_file

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        found = signers_of(region, epoch)
        pinned = found.pinned(region.deployment.log_id)
    if out is not None:
        write_file(out, signers_file(pinned), overwrite=force)
    chosen.output.emit(_epoch(found))


def _pair(text: str) -> tuple[int, str]:
    from creditchain.messages.domains import require_address

    node, _, address = text.partition(":")
    try:
        return int(node), require_address(address, "signer")
    except ValueError:
        raise UsageError("this names no signer", expected="a node's number and an address: 3:0x…", found=text) from None


def _epoch(found: SignerEpoch) -> dict[str, Any]:
    signers = [{"node": one.node, "address": one.address} for one in found.signers]
    return {"epoch": found.epoch, "threshold": found.threshold, "signers": signers}
