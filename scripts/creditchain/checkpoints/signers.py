"""The signers of a region's checkpoints, as cells of its log say, and the file in which a verifier pins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.file import MOST_SIGNERS
from creditchain.errors import Place
from creditchain.log.cells import ENTRY_BYTES, cell_key
from creditchain.log.members import Read
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object, written
from creditchain.vocabulary import Space

SIGNERS_FORMAT: Final = "creditchain/signers@1"
_PLACE: Final = Place(field="signers")


@dataclass(frozen=True, slots=True)
class CheckpointSigner:
    """A key that signs checkpoints, and the number of the member whose it is."""

    address: str  #: with its EIP-55 checksum
    node: int


@dataclass(frozen=True, slots=True)
class SignerEpoch:
    """One set of signers. `threshold` of them make a checkpoint."""

    epoch: int
    threshold: int
    signers: tuple[CheckpointSigner, ...]  #: ascending by address

    def pinned(self, log_id: bytes) -> PinnedSigners:
        """What a verifier pins who trusts this set. `log_id`: 32 bytes."""
        return PinnedSigners(log_id, self.epoch, frozenset(one.address for one in self.signers), self.threshold)


def read_signers(read: Read, epoch: int | None = None) -> SignerEpoch | None:
    """The signers of an epoch, by default the current one; None if there is no such epoch."""
    # Loads eth-utils, which commands that only list do without.
    from eth_utils.address import to_checksum_address

    if epoch is None:
        (epoch,) = _values(read, [_key(0, 0)])
    (head,) = _values(read, [_key(epoch, 0)])
    if epoch == 0 or head == 0:
        return None
    values = _values(read, [_key(epoch, place) for place in range(1, (head & 0xFF) + 1)])
    signers = [CheckpointSigner(to_checksum_address((one & (1 << 160) - 1).to_bytes(20)), one >> 160) for one in values]
    return SignerEpoch(epoch, head >> 8, tuple(signers))


def signers_file(pinned: PinnedSigners) -> bytes:
    """The file that `parse_signers` reads."""
    signers = sorted(address.lower() for address in pinned.addresses)
    log = {"format": SIGNERS_FORMAT, "log_id": hexed(pinned.log_id)}
    return written({**log, "epoch": pinned.epoch, "threshold": pinned.threshold, "signers": signers})


def parse_signers(raw: bytes) -> PinnedSigners:
    """Parse a file of pinned signers. Raises PackageError with the field; ConfigError for an impossible set."""
    from eth_utils.address import to_checksum_address

    fields = read_object(raw, SIGNERS_FORMAT, ("log_id", "epoch", "threshold", "signers"))
    signers = fields.hexes("signers", length=20, most=MOST_SIGNERS)
    if list(signers) != sorted(set(signers)):
        raise PackageError("the signers do not ascend", expected="each address once, ascending", place=_PLACE)
    return PinnedSigners(
        log_id=fields.digest("log_id"),
        epoch=fields.number("epoch", least=1, most=2**32 - 1),
        addresses=frozenset(map(to_checksum_address, signers)),
        threshold=fields.number("threshold", least=1, most=MOST_SIGNERS),
    )


def _key(epoch: int, place: int) -> bytes:
    return cell_key(Space.SIGNER, epoch << 8 | place)


def _values(read: Read, keys: Sequence[bytes]) -> list[int]:
    return [int.from_bytes(word[:-ENTRY_BYTES]) for word in read(keys)]
