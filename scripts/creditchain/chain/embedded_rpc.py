"""A JSON-RPC interface to an embedded chain: the methods of a node that this package uses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth.abc import BlockHeaderAPI
from eth_utils.address import to_canonical_address, to_checksum_address

from creditchain.chain.embedded import EmbeddedNode, LogFilter, RejectedError, as_bytes, as_quantity, call_request
from creditchain.chain.errors import WrongChainError
from creditchain.chain.rpc import Answer


class EmbeddedRpc:
    """Answers JSON-RPC requests about a chain in this process."""

    def __init__(self, chain_id: int, path: Path | None, lock_seconds: float = 30.0) -> None:
        self.node = EmbeddedNode(chain_id, path, lock_seconds)
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: "creditchain-embedded/py-evm",
            "net_version": lambda: str(self.node.chain_id),
            "eth_chainId": lambda: hex(self.node.chain_id),
            "eth_blockNumber": lambda: hex(self.node.head().block_number),
            "eth_gasPrice": lambda: "0x0",
            "eth_maxPriorityFeePerGas": lambda: "0x0",
            "eth_accounts": lambda: [],
            "eth_syncing": lambda: False,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage,
            "eth_getProof": self._proof,
            "eth_call": self._call,
            "eth_estimateGas": lambda fields, _block="latest": hex(self.node.estimate(call_request(fields))),
            "eth_sendRawTransaction": lambda raw: _hex(self.node.send(as_bytes(raw))),
            "eth_getTransactionReceipt": lambda sent: self.node.receipt(as_bytes(sent)),
            "eth_getTransactionByHash": lambda sent: self.node.transaction(as_bytes(sent)),
            "eth_getLogs": self._logs,
            "evm_increaseTime": lambda seconds: self.node.pass_time(as_quantity(seconds)),
            "evm_mine": self._mine,
        }

    def answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request as a node does. Errors use Geth's words, which `refusals` classifies."""
        method, number = call["method"], call["id"]
        asked = self._methods.get(method)
        if asked is None:
            return _error(number, -32601, f"the method {method} does not exist/is not available", None)
        with self.node.mutex:
            try:
                return {"jsonrpc": "2.0", "id": number, "result": asked(*call["params"])}
            except RejectedError as error:
                return _error(number, error.code, error.message, error.data)

    def _number(self, block: Any) -> int:
        if isinstance(block, dict):  # EIP-1898
            if "blockHash" in block:
                number = self.node.number_of(as_bytes(block["blockHash"]))
                if number is None:
                    raise RejectedError("header not found")
                return number
            block = block["blockNumber"]
        if block in ("latest", "pending", "safe", "finalized", None):
            return int(self.node.head().block_number)
        return 0 if block == "earliest" else as_quantity(block)

    def _block_by_number(self, block: Any, full: bool = False) -> dict[str, Any] | None:
        header = self.node.header(self._number(block))
        return self._block(header, full) if header is not None else None

    def _block_by_hash(self, block_hash: str, full: bool = False) -> dict[str, Any] | None:
        number = self.node.number_of(as_bytes(block_hash))
        return None if number is None else self._block_by_number(hex(number), full)

    def _block(self, header: BlockHeaderAPI, full: bool) -> dict[str, Any]:
        hashes = self.node.transaction_hashes(header.block_number)
        return {
            "number": hex(header.block_number),
            "hash": _hex(header.hash),
            "parentHash": _hex(header.parent_hash),
            "stateRoot": _hex(header.state_root),
            "transactionsRoot": _hex(header.transaction_root),
            "receiptsRoot": _hex(header.receipt_root),
            "logsBloom": _hex(header.bloom.to_bytes(256, "big")),
            "sha3Uncles": _hex(header.uncles_hash),
            "miner": to_checksum_address(header.coinbase),
            "difficulty": "0x0",
            "extraData": _hex(header.extra_data),
            "mixHash": _hex(header.mix_hash),
            "nonce": _hex(header.nonce),
            "gasLimit": hex(header.gas_limit),
            "gasUsed": hex(header.gas_used),
            "baseFeePerGas": "0x0",
            "timestamp": hex(header.timestamp),
            "uncles": [],
            "transactions": [self.node.transaction(h) for h in hashes] if full else [_hex(h) for h in hashes],
        }

    def _state(self, block: Any) -> Any:
        return self.node.state(self._number(block))

    def _balance(self, address: str, block: Any = "latest") -> str:
        return hex(self._state(block).get_balance(to_canonical_address(address)))

    def _transaction_count(self, address: str, block: Any = "latest") -> str:
        return hex(self._state(block).get_nonce(to_canonical_address(address)))

    def _code(self, address: str, block: Any = "latest") -> str:
        return _hex(self._state(block).get_code(to_canonical_address(address)))

    def _storage(self, address: str, slot: Any, block: Any = "latest") -> str:
        value = self._state(block).get_storage(to_canonical_address(address), as_quantity(slot))
        return _hex(value.to_bytes(32, "big"))

    def _proof(self, address: str, slots: list[Any], block: Any = "latest") -> dict[str, Any]:
        account, nodes = self.node.account_proof(to_canonical_address(address), self._number(block))
        storage = [(as_quantity(slot), self.node.storage_proof(account, as_quantity(slot))) for slot in slots]
        return {
            "address": to_checksum_address(address),
            "balance": hex(account.balance),
            "nonce": hex(account.nonce),
            "codeHash": _hex(account.code_hash),
            "storageHash": _hex(account.storage_root),
            "accountProof": [_hex(node) for node in nodes],
            "storageProof": [
                {"key": _hex(slot.to_bytes(32)), "value": hex(value), "proof": [_hex(node) for node in way]}
                for slot, (value, way) in storage
            ],
        }

    def _call(self, fields: dict[str, Any], block: Any = "latest", _overrides: Any = None) -> str:
        return _hex(self.node.call(call_request(fields), self._number(block)))

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in wanted:
            first = last = self._number({"blockHash": wanted["blockHash"]})
        else:
            first, last = self._number(wanted.get("fromBlock", "latest")), self._number(wanted.get("toBlock", "latest"))
        addresses = tuple(to_canonical_address(address) for address in _listed(wanted.get("address")))
        topics = tuple(tuple(as_bytes(topic) for topic in _listed(choice)) for choice in wanted.get("topics") or ())
        return self.node.logs(LogFilter(first, last, addresses, topics))

    def _mine(self, *_timestamp: Any) -> str:
        self.node.mine_empty()
        return "0x0"


def _error(number: int, code: int, message: str, data: bytes | None) -> dict[str, Any]:
    described: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        described["data"] = _hex(data)
    return {"jsonrpc": "2.0", "id": number, "error": described}


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def _hex(value: bytes) -> str:
    return "0x" + bytes(value).hex()


# Chains that this process has open, by file, with the number of wires that use each. SQLite and the lock file would
# refuse to open one file twice, yet a command may well hold two connections to the same chain.
_open: dict[Path, tuple[EmbeddedRpc, int]] = {}
_open_mutex = threading.Lock()


class EmbeddedWire:
    """One connection's use of a chain. Connections of this process share the chain; the last one closes it."""

    name = "embedded"

    def __init__(self, rpc: EmbeddedRpc, path: Path | None) -> None:
        self.node = rpc.node
        self._rpc = rpc
        self._path = path
        self._closed = False

    def exchange(self, payload: Any, seconds: float) -> Answer:  # noqa: ARG002 - it answers at once
        """Answer one request, or a batch given as a list."""
        if isinstance(payload, list):
            return Answer([self._rpc.answer(call) for call in payload])
        return Answer(self._rpc.answer(payload))

    def close(self) -> None:
        """End this use. Calling it again does nothing."""
        with _open_mutex:
            if self._closed:
                return
            self._closed = True
            if self._path is None:
                self.node.close()
                return
            _, uses = _open[self._path]
            if uses > 1:
                _open[self._path] = (self._rpc, uses - 1)
            else:
                del _open[self._path]
                self.node.close()


def open_embedded(chain_id: int, path: Path | None, lock_seconds: float) -> EmbeddedWire:
    """Open the embedded chain in this file (None: a new one in memory). A file is opened once in a process."""
    if path is None:
        return EmbeddedWire(EmbeddedRpc(chain_id, None), None)
    path = path.resolve()
    with _open_mutex:
        rpc, uses = _open.get(path, (None, 0))
        if rpc is None:
            rpc = EmbeddedRpc(chain_id, path, lock_seconds)
        elif rpc.node.chain_id != chain_id:
            raise WrongChainError(
                "this process has the embedded chain open under another chain id",
                expected=str(chain_id),
                found=str(rpc.node.chain_id),
            )
        _open[path] = (rpc, uses + 1)
    return EmbeddedWire(rpc, path)
