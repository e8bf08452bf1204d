"""Options that say on whose word facts about a region are taken: endpoints, proofs, or signers of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import names_of
from creditchain.cli.files import load, read_file
from creditchain.errors import InputError, NotValidError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.acts.showing_facts import Signed
    from creditchain.acts.verifying import TrustedSigners
    from creditchain.batch.progress import Watch
    from creditchain.chain.region import Region
    from creditchain.checkpoints.checking import CheckedCheckpoint
    from creditchain.cli.settings import Settings
    from creditchain.evidence.sources import TrustedBlock
    from creditchain.log.facts import Basis

FactsOption = Annotated[
    str | None,
    typer.Option(
        "--facts",
        help="told (one endpoint says so), agreed (several --rpc say the same), proven (eth_getProof under a hash that"
        " several name, or a checkpoint signs) or signed (in the package, under a checkpoint).",
    ),
]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="Checkpoint file; with --signers its block's hash is trusted.")
]
SignersOption = Annotated[
    Path | None, typer.Option("--signers", help="File of the signers of checkpoints that you trust.")
]
RegionFactsOption = Annotated[
    Path | None,
    typer.Option("--region-facts", help="File of what packages share under the checkpoint, from `evidence region`."),
]


def basis_of(text: str | None) -> Basis | None:
    """The kind of facts that an option names. Raises UsageError."""
    from creditchain.log.facts import Basis

    return None if text is None else Basis(names_of("--facts", text, Basis)[0])


def signed_alone(
    basis: Basis | None, checkpoint: Path | None, signers: Path | None, region_facts: Path | None, rpc: list[str] | None
) -> bool:
    """Whether packages are judged by the facts that they carry, and nobody is asked.

    Raises UsageError for options that would count for nothing.
    """
    from creditchain.log.facts import Basis

    if basis is Basis.SIGNED and signers is None:
        raise UsageError("signed facts are worth what their signers are", hint="Name those you trust with --signers.")
    alone = signers is not None and checkpoint is None and basis in (None, Basis.SIGNED)
    if region_facts is not None and not alone:
        raise UsageError("--region-facts counts for signed facts only", hint="Name --signers, and no --checkpoint.")
    if alone and rpc:
        hint = "Leave out --rpc, or have an endpoint prove its word: --facts proven --checkpoint FILE."
        raise UsageError("no endpoint is asked about signed facts", hint=hint)
    if signers is not None and checkpoint is None and not alone:
        hint = "Leave out --signers, or name the --checkpoint that they signed and --facts proven."
        raise UsageError("--signers counts for signed and proven facts only", hint=hint)
    return alone


def require_checkpoint(checkpoint: Path | None, region_facts: Path | None) -> None:
    """UsageError for facts of a region without the checkpoint that they are under."""
    if region_facts is not None and checkpoint is None:
        raise UsageError("--region-facts is about a checkpoint", hint="Name it with --checkpoint.")


def trusted_block(checkpoint: Path | None, signers: Path | None) -> TrustedBlock | None:
    """The block of a checkpoint that enough pinned signers signed; None without a checkpoint.

    Raises:
        UsageError: one of the two files only. CheckpointError: too few signed it, or somebody who is not pinned.
    """
    from creditchain.evidence.sources import TrustedBlock
    from creditchain.log.views import BlockRef
    from creditchain.verification.verdict import Text

    if checkpoint is None:
        return None
    if signers is None:
        raise UsageError("a checkpoint is worth what its signers are", hint="Name those you trust with --signers.")
    checked = _checked(checkpoint, signers)
    message, count = checked.require_enough(), len(checked.signers)
    return TrustedBlock(
        BlockRef(message.block_number, message.block_hash, message.block_time),
        Text(f"{count} signer(s) of a checkpoint say so", f"检查点 {count} 个签署方所述"),
    )


def signing_of(chosen: Settings, signers: Path, region_facts: Path | None) -> TrustedSigners:
    """What a verifier needs who asks no endpoint. Raises as files do; CheckpointError: the region facts do not hold."""
    import time

    from creditchain.acts.verifying import TrustedSigners
    from creditchain.chain.deployments import load_deployment
    from creditchain.checkpoints.facts import parse_region_facts
    from creditchain.checkpoints.signed_facts import SignedFacts
    from creditchain.checkpoints.signers import parse_signers
    from creditchain.evidence.record import origin_of

    pinned, shared = load(signers, parse_signers), None
    if region_facts is not None:
        try:
            shared = SignedFacts(load(region_facts, parse_region_facts), pinned)
        except (NotValidError, InputError) as error:
            raise error.at(Place(str(region_facts))) from None
    origin = origin_of(load_deployment(chosen.network, chosen.deployments))
    return TrustedSigners(origin, pinned, int(time.time()), shared)


def signed_in(chosen: Settings, region: Region, checkpoint: Path, region_facts: Path | None, watch: Watch) -> Signed:
    """The log as of a checkpoint, from the local index. Raises CheckpointError, and as the index does."""
    from creditchain.acts.showing_facts import open_signed
    from creditchain.checkpoints.file import parse_checkpoint
    from creditchain.home.layout import Home

    shared = None if region_facts is None else read_file(region_facts)
    try:
        return open_signed(region, Home(chosen.home), load(checkpoint, parse_checkpoint), shared, watch)
    except NotValidError as error:
        raise error.at(Place(str(checkpoint))) from None


def _checked(checkpoint: Path, signers: Path) -> CheckedCheckpoint:
    from creditchain.checkpoints.checking import check_checkpoint
    from creditchain.checkpoints.file import parse_checkpoint
    from creditchain.checkpoints.signers import parse_signers

    try:
        return check_checkpoint(load(checkpoint, parse_checkpoint), load(signers, parse_signers))
    except InputError as error:
        raise error.at(Place(str(checkpoint))) from None
