"""Members sign what the region's log and state were at a final block, and say who may sign.

A signer signs only what it replayed: the entries up to a final block, as the index of this home has them, add up to the
contract's root, and give the cells whose tree is signed.
"""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.checkpoints.file import SignedCheckpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.checkpoints.signers import CheckpointSigner, SignerEpoch, read_signers
from creditchain.errors import InputError, RefusedError
from creditchain.home.layout import Home
from creditchain.home.signed_checkpoints import (
    LOOK,
    ContradictionError,
    SignedCheckpoints,
    SignedLine,
    signed_checkpoints,
)
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import open_log
from creditchain.messages import LogDomain


def signers_of(region: Region, epoch: int | None = None, block: int | None = None) -> SignerEpoch:
    """The signers of an epoch, by default the current one. Raises InputError: there are none."""
    at = region.chain.final_block().number if block is None else block
    found = read_signers(lambda keys: region.words(keys, at), epoch)
    if found is None:
        raise InputError(
            "nobody signs checkpoints of this region" if epoch is None else f"there is no epoch {epoch} of signers",
            hint="Governors name signers with `creditchain checkpoint set-signers`.",
        )
    return found


def set_signers(region: Region, outbox: Outbox, signers: Sequence[CheckpointSigner], threshold: int) -> SignerEpoch:
    """Begin another epoch of signers; the same signers and threshold as now change nothing.

    Raises:
        TransactionError: the signer is no governor, or the set is impossible.
    """
    wanted = (threshold, {(one.address.lower(), one.node) for one in signers})
    before = read_signers(region.words)

    def is_set() -> bool:
        found = read_signers(region.words)
        return found is not None and wanted == (
            found.threshold,
            {(one.address.lower(), one.node) for one in found.signers},
        )

    if not is_set():
        epoch = 1 if before is None else before.epoch + 1
        call = region.calls.set_signers([(one.address, one.node) for one in signers], threshold)
        outbox.submit(f"signers of epoch {epoch}", call, already_done=is_set)
    found = read_signers(region.words)
    if found is None:
        raise RefusedError("the signers were set, but the endpoint does not have them yet", hint="Run it again.")
    return found


def sign_checkpoint(
    region: Region, signer: Signer, home: Home, given: SignedCheckpoint | None = None, watch: Watch = no_watch
) -> SignedCheckpoint:
    """Sign the newest final block, or add a signature to what others signed (`given`), if it is what was replayed here.

    Raises:
        InputError: the signer is none of the current epoch, or `given` says something else than the log does.
        RefusedError: this key has signed `given` already.
        ContradictionError: it contradicts what this key signed before. Nothing was signed.
        LyingEndpointError: the log does not add up. As `open_log`.
    """
    block = region.chain.final_block() if given is None else region.chain.block(given.message.block_number)
    if block.number > region.chain.final_block().number:
        expected = f"a block up to {region.chain.final_block().number}"
        hint = "Run it again when the block is final."
        raise InputError("this block is not final yet", expected=expected, found=str(block.number), hint=hint)
    epoch = signers_of(region, block=block.number)
    _require_signer(epoch, signer)
    log = open_log(region, home, block, watch)
    message = _message(region, log, epoch.epoch)
    if given is not None:
        _require_same(given.message, message)
        _require_unsigned(given, signer)
    folder = home.region(region.deployment.log_id).checkpoints
    with signed_checkpoints(folder, signer.address) as journal:
        _require_grown(journal, log)
        journal.add(_line(message))
        signature = signer.sign_typed(message.typed_data())
    return (given or SignedCheckpoint(message)).signed(signature)


def _message(region: Region, log: IndexedLog, epoch: int) -> Checkpoint:
    state, block = log.state(), log.block
    return Checkpoint(
        LogDomain(region.deployment.log_id),
        size=log.size,
        root=log.root,
        cells=state.size,
        state_root=state.root,
        block_number=block.number,
        block_hash=block.hash,
        block_time=block.time,
        signer_epoch=epoch,
    )


def _require_signer(epoch: SignerEpoch, signer: Signer) -> None:
    if signer.address.lower() not in {one.address.lower() for one in epoch.signers}:
        raise InputError(
            "this key signs no checkpoints of this region",
            expected=f"one of {', '.join(one.address for one in epoch.signers)} (epoch {epoch.epoch})",
            found=signer.address,
            hint="Sign with one of these keys. Governors name signers with `creditchain checkpoint set-signers`.",
        )


def _require_same(given: Checkpoint, own: Checkpoint) -> None:
    for name, _ in Checkpoint.MEMBERS:
        field = _FIELDS.get(name, name)
        if getattr(given, field) != getattr(own, field):
            raise InputError(
                f"the checkpoint says another {name} than this region's log and chain",
                expected=_plain(getattr(own, field)),
                found=_plain(getattr(given, field)),
                hint="Do not sign it. Find out which of the two endpoints is wrong.",
            )
    if given.domain != own.domain:
        raise InputError("the checkpoint is of another log")


def _require_unsigned(given: SignedCheckpoint, signer: Signer) -> None:
    if signer.address.lower() in {one.lower() for one in given.signers()}:
        raise RefusedError(
            "this key has signed the checkpoint already",
            found=signer.address,
            hint="Nothing was changed; another signer adds the next signature.",
        )


def _require_grown(journal: SignedCheckpoints, log: IndexedLog) -> None:
    """What was signed before has to be a beginning of the log as it is now."""
    last = journal.last
    if last is not None and last.size <= log.size and "0x" + log.root_at(last.size).hex() != last.root:
        raise ContradictionError(
            f"the log's first {last.size} entries are not those that this key signed",
            expected=last.root,
            found="0x" + log.root_at(last.size).hex(),
            hint=LOOK,
        )


def _line(message: Checkpoint) -> SignedLine:
    return SignedLine(
        size=message.size,
        root="0x" + message.root.hex(),
        cells=message.cells,
        state_root="0x" + message.state_root.hex(),
        block_number=message.block_number,
        block_hash="0x" + message.block_hash.hex(),
        signer_epoch=message.signer_epoch,
    )


_FIELDS = {
    "stateRoot": "state_root",
    "blockNumber": "block_number",
    "blockHash": "block_hash",
    "blockTime": "block_time",
    "signerEpoch": "signer_epoch",
}


def _plain(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
