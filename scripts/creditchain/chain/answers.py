"""Typed readers of JSON-RPC results: nothing an endpoint says is used before its shape is known.

The readers are strict where a wrong value could slip through (a number in place of hex, a block that is not the one
asked for) and ignore what they do not read. Shapes as in ethereum/execution-apis.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from eth_utils.address import to_checksum_address

from creditchain.log.views import BlockRef

_T = TypeVar("_T")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
#: Beyond what any chain counts. What is estimated gets a margin added, so this stays below the 63 bits of a column.
MOST_COUNTED = 2**60
#: More wei than exist.
HIGHEST_PRICE = 2**100
#: Characters of a wrong value that an error shows.
_SHOWN = 30


class ShapeError(ValueError):
    """A result has another shape than its method's. `field` is a dotted path, `found` says what kind of value it is."""

    def __init__(self, field: str, expected: str, value: object) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field, self.expected, self.found = field, expected, _kind(value)


@dataclass(frozen=True, slots=True)
class Log:
    """One event as a receipt or eth_getLogs gives it. `address` checksummed, `index` its place in the block."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    transaction_hash: bytes
    index: int


@dataclass(frozen=True, slots=True)
class BlockFees:
    """A block's number and what its transactions paid for gas: wei a unit, None before EIP-1559."""

    number: int
    base_fee: int | None


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A transaction as a block names it. `sender` checksummed."""

    hash: bytes
    sender: str
    nonce: int


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """What became of a transaction that is in a block. `contract_address` is set for one that created a contract."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    contract_address: str | None
    logs: tuple[Log, ...]


def quantity(value: object, field: str = "result") -> int:
    """A whole number from 0."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise ShapeError(field, "0x and hex digits", value)
    return int(value, 16)


def count(value: object, field: str = "result") -> int:
    """A number of things: a height, a time, a nonce, gas. It fits the journal's columns, and a signed 64-bit number."""
    return _below(MOST_COUNTED, value, field)


def price(value: object, field: str = "result") -> int:
    """Wei for a unit of gas: small enough for a transaction's field when it is doubled and raised."""
    return _below(HIGHEST_PRICE, value, field)


def data(value: object, field: str = "result") -> bytes:
    """Any bytes."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ShapeError(field, "0x and pairs of hex digits", value)
    try:
        found = bytes.fromhex(value[2:])
    except ValueError:
        raise ShapeError(field, "0x and pairs of hex digits", value) from None
    # Python skips spaces between bytes; nothing else makes the text longer.
    if 2 * len(found) != len(value) - 2:
        raise ShapeError(field, "0x and pairs of hex digits", value)
    return found


def word(value: object, field: str = "result") -> bytes:
    """32 bytes."""
    found = data(value, field)
    if len(found) != 32:
        raise ShapeError(field, "0x and 64 hex digits", value)
    return found


def address(value: object, field: str = "result") -> str:
    """An address, checksummed here whatever its letters were."""
    found = data(value, field)
    if len(found) != 20:
        raise ShapeError(field, "0x and 40 hex digits", value)
    return _checksummed(found)


@lru_cache(maxsize=1024)
def _checksummed(raw: bytes) -> str:
    # A log names one contract thousands of times.
    return str(to_checksum_address(raw))


def chain_id(value: object) -> int:
    """EIP-155: from 1."""
    found = count(value)
    if found == 0:
        raise ShapeError("result", "a chain id from 1", value)
    return found


def block(value: object, number: int | None = None) -> BlockRef:
    """A block; the one of this number where it is given."""
    fields = mapping(value, "result")
    found = count(fields.get("number"), "result.number")
    if number not in (None, found):
        raise ShapeError("result.number", f"block {number}", fields.get("number"))
    return BlockRef(found, word(fields.get("hash"), "result.hash"), count(fields.get("timestamp"), "result.timestamp"))


def block_fees(value: object) -> BlockFees:
    """What fees follow from in a block."""
    fields = mapping(value, "result")
    base = fields.get("baseFeePerGas")
    return BlockFees(
        count(fields.get("number"), "result.number"),
        None if base is None else price(base, "result.baseFeePerGas"),
    )


def sent_in(value: object) -> list[SentTransaction]:
    """The transactions of a block that was asked for with all of them."""
    found = items(mapping(value, "result").get("transactions"), "result.transactions")
    return [_sent(each, f"result.transactions[{place}]") for place, each in enumerate(found)]


def logs(value: object, field: str = "result") -> tuple[Log, ...]:
    """Events, in the order of their blocks and their places there."""
    found = [_log(each, f"{field}[{position}]") for position, each in enumerate(items(value, field))]
    return tuple(sorted(found, key=lambda log: (log.block, log.index)))


def receipt(value: object, transaction: bytes) -> TransactionReceipt | None:
    """The receipt of a transaction; None while it is in no block."""
    if value is None:
        return None
    fields = mapping(value, "result")
    if word(fields.get("transactionHash"), "result.transactionHash") != transaction:
        raise ShapeError("result.transactionHash", "the transaction that was asked for", fields["transactionHash"])
    if fields.get("blockNumber", "") is None:
        return None  # some clients give receipts of transactions that still wait
    status = quantity(fields.get("status"), "result.status")
    if status > 1:
        raise ShapeError("result.status", "0x0 or 0x1", fields["status"])
    created = fields.get("contractAddress")
    number, found = count(fields.get("blockNumber"), "result.blockNumber"), logs(fields.get("logs"), "result.logs")
    if any((log.block, log.transaction_hash) != (number, transaction) for log in found):
        raise ShapeError("result.logs", "events of this transaction and block", fields["logs"])
    return TransactionReceipt(
        transaction_hash=transaction,
        block_number=number,
        block_hash=word(fields.get("blockHash"), "result.blockHash"),
        succeeded=status == 1,
        gas_used=count(fields.get("gasUsed"), "result.gasUsed"),
        contract_address=None if created is None else address(created, "result.contractAddress"),
        logs=found,
    )


def is_known(value: object, transaction: bytes) -> bool:
    """Has the endpoint this transaction, in its pool or in a block?"""
    if value is None:
        return False
    fields = mapping(value, "result")
    if word(fields.get("hash"), "result.hash") != transaction:
        raise ShapeError("result.hash", "the transaction that was asked for", fields["hash"])
    return True


def each(reader: Callable[[object], _T]) -> Callable[[object], list[_T]]:
    """A reader of lists."""
    return lambda value: [reader(one) for one in items(value, "result")]


def _sent(value: object, field: str) -> SentTransaction:
    fields = mapping(value, field)
    return SentTransaction(
        word(fields.get("hash"), f"{field}.hash"),
        address(fields.get("from"), f"{field}.from"),
        count(fields.get("nonce"), f"{field}.nonce"),
    )


def _log(value: object, field: str) -> Log:
    fields = mapping(value, field)
    if fields.get("removed") is True:
        raise ShapeError(f"{field}.removed", "an event that was not removed", True)
    topics = items(fields.get("topics"), f"{field}.topics")
    if len(topics) > 4:
        raise ShapeError(f"{field}.topics", "at most 4 topics", topics)
    return Log(
        address=address(fields.get("address"), f"{field}.address"),
        topics=tuple(word(topic, f"{field}.topics[{place}]") for place, topic in enumerate(topics)),
        data=data(fields.get("data"), f"{field}.data"),
        block=count(fields.get("blockNumber"), f"{field}.blockNumber"),
        transaction_hash=word(fields.get("transactionHash"), f"{field}.transactionHash"),
        index=count(fields.get("logIndex"), f"{field}.logIndex"),
    )


def _below(limit: int, value: object, field: str) -> int:
    found = quantity(value, field)
    if found >= limit:
        raise ShapeError(field, f"a number below 2^{limit.bit_length() - 1}", value)
    return found


def mapping(value: object, field: str = "result") -> Mapping[str, Any]:
    """An object's fields."""
    if not isinstance(value, Mapping):
        raise ShapeError(field, "an object", value)
    return value


def items(value: object, field: str = "result") -> list[Any]:
    """A list's items."""
    if not isinstance(value, list):
        raise ShapeError(field, "a list", value)
    return value


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value[:_SHOWN]) + ("…" if len(value) > _SHOWN else "")
    if isinstance(value, int | float):
        return f"the number {str(value)[:_SHOWN]}"
    return "an object" if isinstance(value, Mapping) else f"a list of {len(value)}" if isinstance(value, list) else "?"
