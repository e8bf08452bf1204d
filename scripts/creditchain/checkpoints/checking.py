"""Check who signed a checkpoint, against signers that the verifier has pinned."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.checkpoints.errors import CheckpointError, TooFewSignersError
from creditchain.checkpoints.file import MOST_SIGNERS, SignedCheckpoint, require_ascending
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import ConfigError, Place
from creditchain.hashing import require_hash
from creditchain.messages.domains import require_address
from creditchain.packages.parts import hexed


@dataclass(frozen=True, slots=True)
class PinnedSigners:
    """The signers of one region in one epoch, whom a verifier has chosen to trust, and how many of them must sign.

    ConfigError for none or too many, or a threshold that they cannot reach or that is no majority: no region has such
    signers, because two halves could sign two histories. ValueError for what is no address.
    """

    log_id: bytes  #: 32 bytes
    epoch: int
    addresses: frozenset[str]  #: with their EIP-55 checksums
    threshold: int

    def __post_init__(self) -> None:
        require_hash(self.log_id, "log_id")
        for address in self.addresses:
            require_address(address, "signer")
        count = len(self.addresses)
        if not 1 <= count <= MOST_SIGNERS:
            raise ConfigError("wrong number of signers", expected=f"1 to {MOST_SIGNERS}", found=str(count))
        if not 1 <= self.threshold <= count:
            found = str(self.threshold)
            raise ConfigError("the signers cannot reach the threshold", expected=f"1 to {count}", found=found)
        if 2 * self.threshold <= count:
            raise ConfigError(
                "the threshold is no majority of the signers",
                expected=f"{count // 2 + 1} to {count} of {count} signers",
                found=str(self.threshold),
                hint="No region has such signers. Write the file anew: `creditchain checkpoint signers --output FILE`.",
            )


@dataclass(frozen=True, slots=True)
class CheckedCheckpoint:
    """A checkpoint, and who of the pinned signers signed it. Only with `enough` of them does it prove anything."""

    checkpoint: Checkpoint
    signers: tuple[str, ...]  #: ascending
    threshold: int
    pinned: int  #: how many signers there are

    @property
    def enough(self) -> bool:
        """Whether at least `threshold` of the pinned signers signed."""
        return len(self.signers) >= self.threshold

    def require_enough(self) -> Checkpoint:
        """The checkpoint, if enough signers signed it. Raises TooFewSignersError."""
        if not self.enough:
            raise TooFewSignersError(self.threshold, self.signers, self.pinned)
        return self.checkpoint


def check_checkpoint(signed: SignedCheckpoint, pinned: PinnedSigners) -> CheckedCheckpoint:
    """Who signed, and whether they are enough.

    A file with any wrong signature is refused as a whole, so that every verifier sees the same signers.

    Raises:
        CheckpointError: the checkpoint is of another log or another epoch; somebody signed who is not pinned, or twice,
            or out of order.
        SignatureError: a signature is not in canonical form (64 bytes, r and s in range).
    """
    message = signed.message
    if message.domain.log_id != pinned.log_id:
        expected, found = hexed(pinned.log_id), hexed(message.domain.log_id)
        hint = "Compare it with the signers that you pinned for that region."
        raise CheckpointError("the checkpoint is of another log", expected=expected, found=found, hint=hint)
    if message.signer_epoch != pinned.epoch:
        raise CheckpointError(
            "the checkpoint is of another epoch of signers",
            expected=f"epoch {pinned.epoch}",
            found=str(message.signer_epoch),
            hint=f"Pin the signers of epoch {message.signer_epoch} too: `creditchain checkpoint signers --epoch "
            f"{message.signer_epoch} --output FILE`, and compare them with what they publish.",
        )
    # Whose signature it is comes before the order: over altered values, keys come out that nobody knows, in any order.
    signers = signed.recovered()
    for index, signer in enumerate(signers):
        if signer not in pinned.addresses:
            expected, place = f"one of {len(pinned.addresses)} pinned signers", Place(field=f"signatures[{index}]")
            hint = "The checkpoint was altered after it was signed, or somebody else signed it: get it anew."
            message_ = "this is no pinned signer's signature of this checkpoint"
            raise CheckpointError(message_, expected=expected, found=signer, hint=hint, place=place)
    require_ascending(signers)
    return CheckedCheckpoint(message, signers, pinned.threshold, len(pinned.addresses))
