"""Check who signed a checkpoint, against signers that the verifier has pinned."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.file import MOST_SIGNERS, SignedCheckpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import ConfigError, Place
from creditchain.hashing import require_hash
from creditchain.messages.domains import require_address
from creditchain.packages.parts import hexed


@dataclass(frozen=True, slots=True)
class PinnedSigners:
    """The signers of one region in one epoch, whom a verifier has chosen to trust, and how many of them must sign.

    ConfigError for none or too many, or a threshold that they cannot reach; ValueError for what is no address.
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


@dataclass(frozen=True, slots=True)
class CheckedCheckpoint:
    """A checkpoint, and who of the pinned signers signed it. Only with `enough` of them does it prove anything."""

    checkpoint: Checkpoint
    signers: tuple[str, ...]  #: ascending
    threshold: int

    @property
    def enough(self) -> bool:
        """Whether at least `threshold` of the pinned signers signed."""
        return len(self.signers) >= self.threshold

    def require_enough(self) -> Checkpoint:
        """The checkpoint, if enough signers signed it. Raises CheckpointError."""
        if not self.enough:
            expected, found = f"{self.threshold} signatures", str(len(self.signers))
            raise CheckpointError("too few signers signed", expected=expected, found=found)
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
        raise CheckpointError("the checkpoint is of another log", expected=expected, found=found)
    if message.signer_epoch != pinned.epoch:
        expected, found = f"epoch {pinned.epoch}", str(message.signer_epoch)
        raise CheckpointError("the checkpoint is of another epoch of signers", expected=expected, found=found)
    signers = signed.signers()
    for index, signer in enumerate(signers):
        if signer not in pinned.addresses:
            expected, place = f"one of {len(pinned.addresses)} pinned signers", Place(field=f"signatures[{index}]")
            hint = "A signature over other values than the file's recovers to an unknown address, too."
            message_ = "somebody signed who is no pinned signer"
            raise CheckpointError(message_, expected=expected, found=signer, hint=hint, place=place)
    return CheckedCheckpoint(message, signers, pinned.threshold)
