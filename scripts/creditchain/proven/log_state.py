"""The region log's storage, and what a proof of it shows: id, size and cells.

Slots follow from the layout of contracts/RegionLog.sol (Solidity's "layout of state variables in storage"): slot 0 is
AccessManaged's, then `_head`, the 64 words of `_peaks`, and `_cells`. The log's id also stands at a slot of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from creditchain.hashing import keccak256
from creditchain.log.views import BlockRef
from creditchain.merkle.frontier import Frontier
from creditchain.proven.accounts import Account, AccountProof, proven_account, proven_word
from creditchain.proven.errors import StateProofError
from creditchain.proven.headers import BlockHeader

#: `_head`: its last 5 bytes are the log's size.
HEAD_SLOT: Final = (1).to_bytes(32)
SIZE_BYTES: Final = 5
#: `_peaks`, a fixed array: the roots of the log's complete subtrees, the largest first.
PEAKS_SLOT: Final = 2
#: `_cells`, a mapping.
CELLS_SLOT: Final = (66).to_bytes(32)
LOG_ID_SLOT: Final = keccak256(b"creditchain.RegionLog.logId")


def cell_slot(key: bytes) -> bytes:
    """The storage slot of the cell with this key (32 bytes)."""
    return keccak256(key + CELLS_SLOT)


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A region log, and what has to be proven of it before anything else is believed."""

    address: bytes  #: 20 bytes
    code_hash: bytes  #: 32 bytes
    log_id: bytes  #: 32 bytes


@dataclass(frozen=True, slots=True)
class ProvenCells:
    """Words of cells (keys and words of 32 bytes) and the log's size, proven under the hash of `block`.

    The word of a key that was never written is zero, and proven so. A proof says nothing of whether `block` belongs to
    the chain: that is what its hash has to be trusted for.
    """

    block: BlockRef
    size: int
    words: Mapping[bytes, bytes]
    peaks: tuple[bytes, ...] = ()  #: the first words of `_peaks`, as many as were asked for

    @property
    def root(self) -> bytes:
        """The root over all entries, 32 bytes. StateProofError unless as many peaks were asked for as `size` has."""
        if len(self.peaks) != self.size.bit_count():
            expected, found = f"{self.size.bit_count()} peaks", str(len(self.peaks))
            raise StateProofError("the log's root is not proven", expected=expected, found=found)
        return Frontier.of(self.size, self.peaks).root


def slots_of(keys: Iterable[bytes], peaks: int = 0) -> list[bytes]:
    """The slots to ask for, in order: the log's id, its head, its first `peaks`, and each cell."""
    tops = [(PEAKS_SLOT + place).to_bytes(32) for place in range(peaks)]
    return [LOG_ID_SLOT, HEAD_SLOT, *tops, *map(cell_slot, keys)]


def proven_cells(
    header: BlockHeader, proofs: Sequence[AccountProof], keys: Sequence[bytes], log: LogPlace, peaks: int = 0
) -> ProvenCells:
    """The words of `keys` in the state of a block whose hash was checked.

    Args:
        header: its hash is what the words are proven under; see `headers.require_hash_of`.
        proofs: of the log's account, whose storage together shows `slots_of(keys, peaks)` in order.
        keys: 32 bytes each, none twice.
        log: which log.
        peaks: how many of the log's peaks are proven too.
    Raises:
        StateProofError: a proof does not hold, is not of this log, or is not of these keys.
    """
    slots, words = slots_of(keys, peaks), list[bytes]()
    for proof in proofs:
        account = _account_of_log(proof, header, log)
        part = slots[len(words) : len(words) + len(proof.storage)]
        if len(part) != len(proof.storage):
            raise StateProofError("a proof shows more slots than were asked for", expected=str(len(slots)))
        words += [proven_word(one, slot, account) for one, slot in zip(proof.storage, part, strict=True)]
    if len(words) != len(slots):
        raise StateProofError("slots are not proven", expected=f"{len(slots)} slots", found=f"{len(words)} slots")
    if words[0] != log.log_id:
        raise StateProofError(
            "the contract is another region's log, or of a chain that was started anew",
            expected=f"log id 0x{log.log_id.hex()}",
            found=f"0x{words[0].hex()}",
        )
    size = int.from_bytes(words[1][-SIZE_BYTES:])
    block = BlockRef(header.number, header.hash, header.timestamp)
    return ProvenCells(block, size, dict(zip(keys, words[2 + peaks :], strict=True)), tuple(words[2 : 2 + peaks]))


def _account_of_log(proof: AccountProof, header: BlockHeader, log: LogPlace) -> Account:
    account = proven_account(proof, log.address, header.state_root)
    if account.code_hash != log.code_hash:
        raise StateProofError(
            f"the code at 0x{log.address.hex()} is not the log that was deployed",
            expected=f"code hash 0x{log.code_hash.hex()}",
            found=f"0x{account.code_hash.hex()}",
        )
    return account
