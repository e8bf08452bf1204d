"""The checkpoint file: a checkpoint with the signatures that there are so far (docs/format.md section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import Place
from creditchain.merkle.hashing import EMPTY_ROOT
from creditchain.messages import SIGNATURE_BYTES, LogDomain, SignatureError, recover
from creditchain.packages.delivery import message_json, read_message
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object, written

CHECKPOINT_FORMAT: Final = "creditchain/checkpoint@1"
_MEMBERS: Final = ("log_id", "message", "signatures")
#: Most signatures in a file, and most signers of a region. Each takes an elliptic curve operation to check.
MOST_SIGNERS: Final = 64


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and its signatures, in ascending order of the signers' addresses. `check_checkpoint` checks them."""

    message: Checkpoint
    signatures: tuple[bytes, ...] = ()  #: 64 bytes each (EIP-2098)

    def signers(self) -> tuple[str, ...]:
        """The addresses, with their EIP-55 checksums, that signed, in the order of the signatures.

        Raises:
            SignatureError: a signature is not in canonical form.
            CheckpointError: the signatures are not in order, or somebody signed twice.
        """
        found = self.recovered()
        require_ascending(found)
        return found

    def recovered(self) -> tuple[str, ...]:
        """As `signers`, in whatever order they are. Raises SignatureError."""
        return tuple(self._signer(index, signature) for index, signature in enumerate(self.signatures))

    def signed(self, signature: bytes) -> SignedCheckpoint:
        """With one more signature, at its place. Raises SignatureError; CheckpointError if that signer has signed."""
        by = {_number(signer): one for signer, one in zip(self.signers(), self.signatures, strict=True)}
        signer = recover(self.message, signature)
        if _number(signer) in by:
            raise CheckpointError("this signer has signed already", expected="one signature of each", found=signer)
        by[_number(signer)] = signature
        return replace(self, signatures=tuple(by[number] for number in sorted(by)))

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_checkpoint` reads them."""
        return written(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The checkpoint as one JSON object, as `read_checkpoint` reads it."""
        return {
            "format": CHECKPOINT_FORMAT,
            "log_id": hexed(self.message.domain.log_id),
            "message": message_json(self.message),
            "signatures": [hexed(signature) for signature in self.signatures],
        }

    def _signer(self, index: int, signature: bytes) -> str:
        try:
            return recover(self.message, signature)
        except SignatureError as error:
            error.at(_place(index))
            raise


def parse_checkpoint(raw: bytes) -> SignedCheckpoint:
    """Parse a checkpoint file; signatures are not checked here. Raises PackageError with the field."""
    return _read(read_object(raw, CHECKPOINT_FORMAT, _MEMBERS))


def read_checkpoint(value: object, path: str) -> SignedCheckpoint:
    """A checkpoint within another file; signatures are not checked here. Raises PackageError with the field."""
    fields = Fields(value, path, ("format", *_MEMBERS))
    fields.choice("format", [CHECKPOINT_FORMAT])
    return _read(fields)


def _read(fields: Fields) -> SignedCheckpoint:
    path = f"{fields.path}.message" if fields.path else "message"
    message = read_message(Checkpoint, fields.raw("message"), path, LogDomain(fields.digest("log_id")))
    _require_possible(message)
    return SignedCheckpoint(message, fields.hexes("signatures", length=SIGNATURE_BYTES, most=MOST_SIGNERS))


def _require_possible(message: Checkpoint) -> None:
    """PackageError for sizes that no log has."""
    if message.size == 0:
        place = Place(field="message.size")
        raise PackageError("a log has at least one entry", expected="a size from 1", found="0", place=place)
    if (message.cells == 0) != (message.state_root == EMPTY_ROOT):
        expected = f"{hexed(EMPTY_ROOT)} exactly if there are 0 cells"
        place = Place(field="message.stateRoot")
        raise PackageError("number of cells and state root contradict each other", expected=expected, place=place)


def require_ascending(signers: Sequence[str]) -> None:
    """CheckpointError unless each of these addresses comes after the one before."""
    for index in range(1, len(signers)):
        if _number(signers[index - 1]) >= _number(signers[index]):
            raise _out_of_order(index, signers[index - 1], signers[index])


def _out_of_order(index: int, before: str, signer: str) -> CheckpointError:
    if before == signer:
        message, expected = "somebody signed twice", "one signature of each signer"
    else:
        message, expected = "the signatures are not in the order of their signers", f"a signer after {before}"
    hint = "Over values that were altered after signing, keys come out that nobody has: get the checkpoint anew."
    return CheckpointError(message, expected=expected, found=signer, hint=hint, place=_place(index))


def _place(index: int) -> Place:
    return Place(field=f"signatures[{index}]")


def _number(address: str) -> int:
    """Addresses are ordered as numbers; their checksums do not count."""
    return int(address, 16)
