"""Block headers as they are hashed: RLP of their fields in order (Ethereum yellow paper, section 4.4.3).

A header has 15 fields. Each fork since London appends some, so a header that has one of these has all before it:

    London (EIP-1559)      baseFeePerGas
    Shanghai (EIP-4895)    withdrawalsRoot
    Cancun (EIP-4844)      blobGasUsed, excessBlobGas
    Cancun (EIP-4788)      parentBeaconBlockRoot
    Prague (EIP-7685)      requestsHash

Paris (EIP-3675) adds no field; its mixHash holds the randomness. Chains that hash something else (clique and QBFT leave
signatures out, a fork after Prague appends fields) give another hash, which `require_hash_of` reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import rlp

from creditchain.hashing import keccak256
from creditchain.proven.errors import HeaderFormError

#: Fields that forks appended, in the order in which they are encoded.
APPENDED = (
    "base_fee_per_gas",
    "withdrawals_root",
    "blob_gas_used",
    "excess_blob_gas",
    "parent_beacon_block_root",
    "requests_hash",
)


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block header. Hashes have 32 bytes, `miner` 20, `logs_bloom` 256, `nonce` 8; numbers are wei, gas, seconds.

    Fields that the block's fork does not have are None.
    """

    parent_hash: bytes
    sha3_uncles: bytes
    miner: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra_data: bytes
    mix_hash: bytes
    nonce: bytes
    base_fee_per_gas: int | None = None
    withdrawals_root: bytes | None = None
    blob_gas_used: int | None = None
    excess_blob_gas: int | None = None
    parent_beacon_block_root: bytes | None = None
    requests_hash: bytes | None = None

    def __post_init__(self) -> None:
        for before, name in pairwise(APPENDED):
            if getattr(self, name) is not None and getattr(self, before) is None:
                raise HeaderFormError(f"the header has {name} but not {before}", expected="a header of a known fork")

    def encode(self) -> bytes:
        """The RLP that is hashed."""
        fields: list[bytes | int] = [
            self.parent_hash,
            self.sha3_uncles,
            self.miner,
            self.state_root,
            self.transactions_root,
            self.receipts_root,
            self.logs_bloom,
            self.difficulty,
            self.number,
            self.gas_limit,
            self.gas_used,
            self.timestamp,
            self.extra_data,
            self.mix_hash,
            self.nonce,
        ]
        for name in APPENDED:
            value: bytes | int | None = getattr(self, name)
            if value is not None:
                fields.append(value)
        encoded: bytes = rlp.encode(fields)
        return encoded

    @property
    def hash(self) -> bytes:
        """The block's hash, 32 bytes."""
        return keccak256(self.encode())


def require_hash_of(header: BlockHeader, expected: bytes, whose: str = "the block's hash") -> None:
    """Raises HeaderFormError unless the header hashes to `expected`. `whose` says where that comes from."""
    found = header.hash
    if found != expected:
        raise HeaderFormError(
            f"the header of block {header.number} does not hash to {whose}",
            expected="0x" + expected.hex(),
            found="0x" + found.hex(),
            hint="The endpoint alters the block, or this chain's headers are not hashed as Ethereum's from London to "
            "Prague are; then nothing can be proven there.",
        )
