"""Blocks' headers and proofs of accounts as endpoints give them, in types that the proven facts are checked with.

Shapes as in ethereum/execution-apis (`Block`, `AccountProof`), read as strictly as in `answers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from creditchain.chain.answers import ShapeError, address, count, data, items, mapping, quantity, word
from creditchain.proven.accounts import Account, AccountProof, StorageProof
from creditchain.proven.headers import BlockHeader, require_hash_of

_T = TypeVar("_T")
#: Longest way through a trie: one node for each nibble of a hash, and the leaf.
MOST_NODES = 65
#: Most bytes of a header's `extraData`: 32 on Ethereum, some hundreds where a genesis block lists validators.
MOST_EXTRA = 2**16


def header(value: object, number: int | None = None) -> BlockHeader:
    """The header of a block; the one of this number where it is given. Its hash is the one that the answer names.

    Raises:
        ShapeError: it is no block.
        HeaderFormError: its fields do not hash to its hash.
    """
    fields = mapping(value)
    found = BlockHeader(
        parent_hash=_field(fields, "parentHash", word),
        sha3_uncles=_field(fields, "sha3Uncles", word),
        miner=_bytes(fields, "miner", 20),
        state_root=_field(fields, "stateRoot", word),
        transactions_root=_field(fields, "transactionsRoot", word),
        receipts_root=_field(fields, "receiptsRoot", word),
        logs_bloom=_bytes(fields, "logsBloom", 256),
        difficulty=_field(fields, "difficulty", quantity),
        number=_field(fields, "number", count),
        gas_limit=_field(fields, "gasLimit", quantity),
        gas_used=_field(fields, "gasUsed", quantity),
        timestamp=_field(fields, "timestamp", count),
        extra_data=_extra(fields),
        mix_hash=_field(fields, "mixHash", word),
        nonce=_bytes(fields, "nonce", 8),
        base_fee_per_gas=_optional(fields, "baseFeePerGas", quantity),
        withdrawals_root=_optional(fields, "withdrawalsRoot", word),
        blob_gas_used=_optional(fields, "blobGasUsed", quantity),
        excess_blob_gas=_optional(fields, "excessBlobGas", quantity),
        parent_beacon_block_root=_optional(fields, "parentBeaconBlockRoot", word),
        requests_hash=_optional(fields, "requestsHash", word),
    )
    if number not in (None, found.number):
        raise ShapeError("result.number", f"block {number}", fields["number"])
    require_hash_of(found, _field(fields, "hash", word))
    return found


def account_proof(value: object) -> AccountProof:
    """What eth_getProof answers (EIP-1186). Nothing is checked but its shape."""
    fields = mapping(value)
    return AccountProof(
        address=bytes.fromhex(_field(fields, "address", address)[2:]),
        account=Account(
            nonce=_field(fields, "nonce", quantity),
            balance=_field(fields, "balance", quantity),
            storage_root=_field(fields, "storageHash", word),
            code_hash=_field(fields, "codeHash", word),
        ),
        nodes=_nodes(fields.get("accountProof"), "result.accountProof"),
        storage=tuple(
            _storage(one, f"result.storageProof[{place}]")
            for place, one in enumerate(items(fields.get("storageProof"), "result.storageProof"))
        ),
    )


def _storage(value: object, field: str) -> StorageProof:
    fields = mapping(value, field)
    # Clients write a slot and its word as quantities or as 32 bytes.
    slot, held = (quantity(fields.get(name), f"{field}.{name}").to_bytes(32) for name in ("key", "value"))
    return StorageProof(slot, held, _nodes(fields.get("proof"), f"{field}.proof"))


def _nodes(value: object, field: str) -> tuple[bytes, ...]:
    found = items(value, field)
    if len(found) > MOST_NODES:
        raise ShapeError(field, f"at most {MOST_NODES} nodes", found)
    return tuple(data(node, f"{field}[{place}]") for place, node in enumerate(found))


def _field(fields: Mapping[str, Any], name: str, reader: Callable[[object, str], _T]) -> _T:
    return reader(fields.get(name), f"result.{name}")


def _optional(fields: Mapping[str, Any], name: str, reader: Callable[[object, str], _T]) -> _T | None:
    """None: the block's fork does not have it. Some clients write null then."""
    return None if fields.get(name) is None else _field(fields, name, reader)


def _bytes(fields: Mapping[str, Any], name: str, length: int) -> bytes:
    found = _field(fields, name, data)
    if len(found) != length:
        raise ShapeError(f"result.{name}", f"0x and {2 * length} hex digits", fields[name])
    return found


def _extra(fields: Mapping[str, Any]) -> bytes:
    found = _field(fields, "extraData", data)
    if len(found) > MOST_EXTRA:
        raise ShapeError("result.extraData", f"at most {MOST_EXTRA} bytes", fields["extraData"])
    return found
