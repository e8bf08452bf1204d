"""A chain inside this process: py-evm with one block for each transaction, state in one SQLite file, no fees.

It behaves like a node where that matters. Its chain id is real: the CHAINID opcode returns it, and transactions for
another chain are refused. Reverts carry their data, logs and receipts are indexed, transactions with a future nonce
wait. It differs from a node in three ways: it seals a block as soon as a transaction arrives, blocks made within one
second share a timestamp (so that chain time never runs ahead of the clock), and history is never reorganised.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import rlp
from eth.abc import BlockAPI, BlockHeaderAPI, ComputationAPI, ReceiptAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.constants import CREATE_CONTRACT_ADDRESS, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.exceptions import Revert, VMError
from eth.rlp.accounts import Account as StoredAccount
from eth.vm.forks.paris import ParisVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import BlockNumber
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.exceptions import ValidationError
from filelock import FileLock, Timeout
from trie import HexaryTrie

from creditchain.chain.embedded_store import SqliteStore
from creditchain.chain.errors import ChainUnavailableError, WrongChainError
from creditchain.hashing import keccak256
from creditchain.home.files import FILE_MODE, StorageError, private_file

# py-evm lets Python recurse 100,000 deep, and a deeply nested file would then overflow the C stack and end the process.
# Nothing here needs that: the default holds for our contracts too, whose calls are a few deep.
sys.setrecursionlimit(1000)

#: Gas limit of a block, and so of a transaction or call.
BLOCK_GAS = 60_000_000
#: How many transactions with a future nonce may wait in memory, all senders together.
WAITING_TRANSACTIONS = 4096
_ZERO = "0x" + "00" * 20


class RejectedError(Exception):
    """The node refuses a request: JSON-RPC code, message and, for a revert, its data."""

    def __init__(self, message: str, code: int = -32000, data: bytes | None = None) -> None:
        super().__init__(message)
        self.message, self.code, self.data = message, code, data


class _Vm(ParisVM):
    """Paris rules, except that blocks made within one second may share a timestamp."""

    def validate_block(self, block: BlockAPI) -> None:
        """Check nothing: py-evm would refuse a repeated timestamp, and no block ever comes from outside."""


class _PyEvm(MiningChain):
    """py-evm's chain with Paris rules from the first block, a constant gas limit and no base fee."""

    chain_id = 0
    vm_configuration = ((BlockNumber(0), _Vm),)

    def create_header_from_parent(self, parent_header: BlockHeaderAPI, **params: Any) -> BlockHeaderAPI:
        params["gas_limit"] = parent_header.gas_limit
        return super().create_header_from_parent(parent_header, **params).copy(base_fee_per_gas=0)

    def validate_block(self, block: BlockAPI) -> None:
        """Check nothing, for the reason given at `_Vm.validate_block`."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """The transaction object that eth_call and eth_estimateGas take."""

    sender: bytes = b"\0" * 20
    to: bytes = CREATE_CONTRACT_ADDRESS
    data: bytes = b""
    value: int = 0
    gas: int = BLOCK_GAS


@dataclass(frozen=True, slots=True)
class LogFilter:
    """The filter that eth_getLogs takes; an empty `topics[i]` matches anything."""

    first: int
    last: int
    addresses: tuple[bytes, ...] = ()
    topics: tuple[tuple[bytes, ...], ...] = field(default=())


class EmbeddedNode:
    """One chain in one file (or in memory), open in one process at a time."""

    def __init__(self, chain_id: int, path: Path | None, lock_seconds: float = 30.0) -> None:
        """Open the chain; create it if the file is new.

        Raises:
            ChainUnavailableError: another process holds it open for longer than `lock_seconds`.
            WrongChainError: the file holds a chain with another id.
        """
        self.mutex = threading.RLock()
        self._lock = _lock(path, lock_seconds)
        try:
            self._store = SqliteStore(path)
            self._chain = self._open(chain_id)
        except BaseException:
            self._unlock()
            raise
        self.chain_id = chain_id
        self._offset = int(self._store.meta("time_offset") or 0)
        self._waiting: dict[tuple[bytes, int], SignedTransactionAPI] = {}

    def close(self) -> None:
        """Close the file, so that another process can open it."""
        with self.mutex:
            self._store.close()
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _open(self, chain_id: int) -> _PyEvm:
        kind = type("EmbeddedChain", (_PyEvm,), {"chain_id": chain_id})
        known = self._store.meta("chain_id")
        if known is None:
            return self._begin(kind, chain_id)
        if int(known) != chain_id:
            raise WrongChainError(
                "the embedded chain's file holds a chain with another chain id",
                expected=str(chain_id),
                found=known,
                hint="Set chain_id of the network back, or choose another --home.",
            )
        opened: _PyEvm = kind(self._store)
        return opened

    def _begin(self, kind: type[_PyEvm], chain_id: int) -> _PyEvm:
        genesis: dict[str, Any] = {
            "difficulty": POST_MERGE_DIFFICULTY,
            "mix_hash": POST_MERGE_MIX_HASH,
            "nonce": POST_MERGE_NONCE,
            "gas_limit": BLOCK_GAS,
            "base_fee_per_gas": 0,
            "timestamp": int(time.time()),
            # Random, so that two chains created within one second have different genesis blocks.
            "extra_data": os.urandom(32),
        }
        with self._store.block():
            chain = cast(_PyEvm, kind.from_genesis(self._store, genesis))
            head = chain.get_canonical_head()
            self._store.set_meta("chain_id", str(chain_id))
            self._store.write("INSERT INTO blocks VALUES (?, ?)", (0, head.hash))
        return chain

    # Blocks.

    def head(self) -> BlockHeaderAPI:
        """The header of the newest block."""
        return self._chain.get_canonical_head()

    def header(self, number: int) -> BlockHeaderAPI | None:
        """The header of a block by number; None if there is no such block."""
        if number < 0 or number > self.head().block_number:
            return None
        return self._chain.get_canonical_block_header_by_number(BlockNumber(number))

    def number_of(self, block_hash: bytes) -> int | None:
        """The number of a block by its hash; None if there is no such block."""
        rows = self._store.rows("SELECT number FROM blocks WHERE hash = ?", (block_hash,))
        return int(rows[0][0]) if rows else None

    def transaction_hashes(self, number: int) -> list[bytes]:
        """The hashes of a block's transactions."""
        return [row[0] for row in self._store.rows("SELECT hash FROM receipts WHERE block = ?", (number,))]

    def pass_time(self, seconds: int) -> int:
        """Advance this chain's clock by `seconds`; returns how many seconds it is now ahead of the wall clock."""
        self._offset += seconds
        with self._store.block():
            self._store.set_meta("time_offset", str(self._offset))
        return self._offset

    def mine_empty(self) -> None:
        """Seal a block without transactions."""
        with self._sealing():
            self._seal(())

    # Reading.

    def receipt(self, transaction: bytes) -> dict[str, Any] | None:
        """The receipt in JSON-RPC form; None if the transaction is not mined."""
        rows = self._store.rows("SELECT receipt FROM receipts WHERE hash = ?", (transaction,))
        return json.loads(rows[0][0]) if rows else None

    def transaction(self, transaction: bytes) -> dict[str, Any] | None:
        """The transaction in JSON-RPC form, mined or waiting; None if unknown."""
        rows = self._store.rows("SELECT sent FROM receipts WHERE hash = ?", (transaction,))
        if rows:
            found: dict[str, Any] = json.loads(rows[0][0])
            return found
        return next((_transaction_json(t, None) for t in self._waiting.values() if t.hash == transaction), None)

    def logs(self, wanted: LogFilter) -> list[dict[str, Any]]:
        """The logs that match, in JSON-RPC form, in the order of the chain."""
        clauses, values = ["block BETWEEN ? AND ?"], [wanted.first, wanted.last]
        columns = [("address", wanted.addresses), *((f"topic{i}", t) for i, t in enumerate(wanted.topics[:4]))]
        for column, choices in columns:
            if choices:
                clauses.append(f"{column} IN ({', '.join('?' * len(choices))})")
                values.extend(choices)  # type: ignore[arg-type]
        query = f"SELECT log FROM logs WHERE {' AND '.join(clauses)} ORDER BY block, position"  # noqa: S608 - columns are ours
        return [json.loads(row[0]) for row in self._store.rows(query, values)]

    def state(self, number: int) -> Any:
        """py-evm's state after block `number`: get_nonce, get_balance, get_code, get_storage."""
        return self._chain.get_vm(self._known(number)).state

    def account_proof(self, address: bytes, number: int) -> tuple[StoredAccount, list[bytes]]:
        """An account after block `number`, and the nodes that prove it from the block's state root on (EIP-1186)."""
        value, nodes = self._proof(self._known(number).state_root, address)
        account = rlp.decode(value, sedes=StoredAccount) if value else StoredAccount()
        return account, nodes

    def storage_proof(self, account: StoredAccount, slot: int) -> tuple[int, list[bytes]]:
        """The word in an account's slot, and the nodes that prove it from the account's storage root on."""
        value, nodes = self._proof(account.storage_root, slot.to_bytes(32))
        return (int.from_bytes(rlp.decode(value)) if value else 0), nodes

    def _proof(self, root: bytes, key: bytes) -> tuple[bytes, list[bytes]]:
        """The value under the hash of `key` in a trie, empty if there is none, and the nodes on the way there."""
        trie, path = HexaryTrie(cast(Any, self._store), root), keccak256(key)
        return trie.get(path), [rlp.encode(node) for node in trie.get_proof(path)]

    def call(self, request: CallRequest, number: int) -> bytes:
        """Run a call on the state after block `number`, with that block's number and time.

        Raises:
            RejectedError: the call reverted (the error holds the data) or failed.
        """
        return self._run(self._chain.get_vm(self._known(number)).state, request).output

    def estimate(self, request: CallRequest) -> int:
        """An amount of gas that is enough for this transaction in the next block."""
        state = self._chain.get_vm(self._next_header()).state
        done = self._run(state, request)
        used = request.gas - done.get_gas_remaining()
        # A nested call gets at most 63/64 of the gas that is left (EIP-150), so a transaction needs somewhat more gas
        # than it uses.
        intrinsic = 21_000 + (32_000 if request.to == CREATE_CONTRACT_ADDRESS else 0) + 16 * len(request.data)
        return max(min(used + used // 32 + 2_300, BLOCK_GAS), min(intrinsic, BLOCK_GAS))

    def _run(self, state: Any, request: CallRequest) -> ComputationAPI:
        unsigned = self._builder().new_unsigned_dynamic_fee_transaction(
            chain_id=self.chain_id,
            nonce=state.get_nonce(request.sender),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=min(request.gas, BLOCK_GAS),
            to=request.to,
            value=request.value,
            data=request.data,
            access_list=(),
        )
        try:
            computation: ComputationAPI = state.apply_transaction(SpoofTransaction(unsigned, from_=request.sender))
        except ValidationError as error:
            raise RejectedError(str(error)) from error
        if computation.is_error:
            raise _failure(computation.error)
        return computation

    # Writing.

    def send(self, raw: bytes) -> bytes:
        """Accept a signed transaction and return its hash: mine it, or keep it waiting if its nonce is in the future.

        Raises:
            RejectedError: it is malformed, for another chain, or already known; its nonce is used; the pool is full; or
                its sender cannot pay for it.
        """
        transaction = self._decode(raw)
        if self.transaction(transaction.hash) is not None:
            raise RejectedError("already known")
        nonce = self.state(self.head().block_number).get_nonce(transaction.sender)
        if transaction.nonce < nonce:
            raise RejectedError(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.nonce > nonce:
            if len(self._waiting) >= WAITING_TRANSACTIONS:
                raise RejectedError("txpool is full")
            self._waiting[transaction.sender, transaction.nonce] = transaction
        else:
            self._mine(transaction)
            self._mine_waiting(transaction.sender, nonce + 1)
        return bytes(transaction.hash)

    def _decode(self, raw: bytes) -> SignedTransactionAPI:
        try:
            transaction: SignedTransactionAPI = self._builder().decode(raw)
            transaction.validate()
            _ = transaction.sender
        except Exception as error:  # rlp, eth-keys and py-evm each raise exceptions of their own for bad bytes
            raise RejectedError(f"invalid transaction: {type(error).__name__}") from error
        if transaction.chain_id != self.chain_id:
            raise RejectedError(f"invalid chain id for signer: have {transaction.chain_id} want {self.chain_id}")
        return transaction

    def _mine_waiting(self, sender: bytes, nonce: int) -> None:
        while (following := self._waiting.pop((sender, nonce), None)) is not None:
            try:
                self._mine(following)
            except RejectedError:
                return
            nonce += 1

    def _mine(self, transaction: SignedTransactionAPI) -> None:
        with self._sealing():
            try:
                self._seal((transaction,))
            except ValidationError as error:
                raise RejectedError(str(error)) from error

    @contextmanager
    def _sealing(self) -> Iterator[None]:
        """Seal one block as a whole, or not at all.

        The store drops its pending writes if sealing fails, but py-evm's chain object has already moved to the next
        header. Without resetting it, the next block would build on one that was never stored.
        """
        before = self._chain.header
        try:
            with self._store.block():
                yield
        except BaseException:
            self._chain.header = before
            raise

    def _seal(self, transactions: Sequence[SignedTransactionAPI]) -> None:
        self._chain.header = self._next_header()
        result, receipts, computations = self._chain.mine_all(transactions)
        block = result.imported_block
        self._store.write("INSERT INTO blocks VALUES (?, ?)", (block.number, block.hash))
        for transaction, receipt, computation in zip(transactions, receipts, computations, strict=True):
            self._index(block, transaction, receipt, computation)

    def _index(
        self, block: BlockAPI, transaction: SignedTransactionAPI, receipt: ReceiptAPI, computation: ComputationAPI
    ) -> None:
        described = _receipt_json(block, transaction, receipt, computation)
        self._store.write(
            "INSERT INTO receipts VALUES (?, ?, ?, ?)",
            (transaction.hash, block.number, json.dumps(described), json.dumps(_transaction_json(transaction, block))),
        )
        for position, (log, shown) in enumerate(zip(receipt.logs, described["logs"], strict=True)):
            topics = [topic.to_bytes(32, "big") for topic in log.topics]
            self._store.write(
                "INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (block.number, position, log.address, *(topics + [None] * 4)[:4], json.dumps(shown)),
            )

    def _next_header(self) -> BlockHeaderAPI:
        head = self.head()
        now = max(head.timestamp, int(time.time()) + self._offset)
        return self._chain.create_header_from_parent(head).copy(timestamp=now)

    def _known(self, number: int) -> BlockHeaderAPI:
        header = self.header(number)
        if header is None:
            raise RejectedError("header not found")
        return header

    def _builder(self) -> Any:
        return ParisVM.get_transaction_builder()


def _lock(path: Path | None, seconds: float) -> FileLock | None:
    if path is None:
        return None
    try:
        private_file(path)
        lock = FileLock(path.with_suffix(".lock"), timeout=seconds, mode=FILE_MODE, thread_local=False)
        lock.acquire()
    except Timeout as error:
        raise ChainUnavailableError(
            "another process has this embedded chain open",
            found=str(path),
            hint="Wait for the other command, or use a real node (`creditchain devnet`) to run several at once.",
        ) from error
    except (OSError, StorageError) as error:
        raise ChainUnavailableError("the embedded chain's file cannot be opened", found=str(error)) from error
    return lock


def _failure(error: VMError) -> RejectedError:
    if isinstance(error, Revert):
        data = error.args[0] if error.args and isinstance(error.args[0], bytes) else b""
        return RejectedError("execution reverted", code=3, data=data)
    return RejectedError(f"{type(error).__name__}: {error}")


def _transaction_json(transaction: SignedTransactionAPI, block: BlockAPI | None) -> dict[str, Any]:
    return {
        "hash": _hex(transaction.hash),
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "nonce": hex(transaction.nonce),
        "gas": hex(transaction.gas),
        "gasPrice": hex(transaction.max_fee_per_gas),
        "value": hex(transaction.value),
        "input": _hex(transaction.data),
        "blockHash": _hex(block.hash) if block else None,
        "blockNumber": hex(block.number) if block else None,
        "transactionIndex": "0x0" if block else None,
    }


def _receipt_json(
    block: BlockAPI, transaction: SignedTransactionAPI, receipt: ReceiptAPI, computation: ComputationAPI
) -> dict[str, Any]:
    place: Mapping[str, str] = {
        "blockHash": _hex(block.hash),
        "blockNumber": hex(block.number),
        "transactionHash": _hex(transaction.hash),
        "transactionIndex": "0x0",
    }
    logs = [
        {
            "address": to_checksum_address(log.address),
            "topics": [_hex(topic.to_bytes(32, "big")) for topic in log.topics],
            "data": _hex(log.data),
            "logIndex": hex(position),
            "removed": False,
            **place,
        }
        for position, log in enumerate(receipt.logs)
    ]
    created = to_checksum_address(computation.msg.storage_address) if not transaction.to else None
    return {
        **place,
        "from": to_checksum_address(transaction.sender),
        "to": to_checksum_address(transaction.to) if transaction.to else None,
        "contractAddress": created,
        "gasUsed": hex(receipt.gas_used),
        "cumulativeGasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": "0x0",
        "status": "0x1" if computation.is_success else "0x0",
        "logs": logs,
        "logsBloom": _hex(receipt.bloom.to_bytes(256, "big")),
        "type": "0x0",
    }


def _hex(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def call_request(fields: Mapping[str, Any]) -> CallRequest:
    """Parse the transaction object of a JSON-RPC call."""
    to = fields.get("to")
    return CallRequest(
        sender=to_canonical_address(fields.get("from") or _ZERO),
        to=to_canonical_address(to) if to else CREATE_CONTRACT_ADDRESS,
        data=as_bytes(fields.get("data", fields.get("input")) or "0x"),
        value=as_quantity(fields.get("value", 0)),
        gas=as_quantity(fields.get("gas", BLOCK_GAS)),
    )


def as_bytes(value: object) -> bytes:
    """Parse a bytes parameter of JSON-RPC.

    Raises:
        RejectedError: it is not 0x followed by an even number of hex digits.
    """
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    try:
        if isinstance(value, str) and value.startswith("0x"):
            return bytes.fromhex(value[2:])
    except ValueError:
        pass
    raise RejectedError("invalid params: not hex bytes", code=-32602)


def as_quantity(value: object) -> int:
    """Parse a quantity parameter of JSON-RPC.

    Raises:
        RejectedError: it is neither a whole number nor 0x followed by hex digits.
    """
    if isinstance(value, int) and value >= 0:
        return value
    try:
        if isinstance(value, str) and value.startswith("0x"):
            return int(value, 16)
    except ValueError:
        pass
    raise RejectedError("invalid params: not a quantity", code=-32602)
