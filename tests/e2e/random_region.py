"""A region on an Anvil that anybody can act in at once: callers are impersonated, and the chain's clock is set."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
from eth_account import Account
from servers import Server

from creditchain.chain.abi import interface
from creditchain.chain.deploy import PARTS
from creditchain.chain.region import Region
from creditchain.hashing import keccak256
from creditchain.log.appended import AppendedEntry
from creditchain.merkle import inclusion_proof
from creditchain.messages import LogDomain, TypedMessage, compact
from creditchain.vocabulary import EntryKind, Role

#: Arguments of an Anvil on which nobody needs funds.
FREE = ("--gas-price", "0", "--block-base-fee-per-gas", "0")
#: What passes between two transactions, in seconds: mostly little, sometimes none, or more than a delivery may take.
STEPS = (0, *[1] * 6, *[7] * 4, 60, 700, 5000)
_GAS = hex(8_000_000)
_APPENDED = "0x" + interface("RegionLog").events["Appended"].topic.hex()


@dataclass
class Node:
    """A member as the driver knows it."""

    number: int
    role: Role
    key: Any  #: account; None for a virtual node without one
    host: int = 0
    active: bool = True
    retired: bool = False
    keys: list[tuple[Any, int]] = field(default_factory=list)  #: all it ever had, and since when


class Ground:
    """The chain, the log as its events tell it, and the members. All chance comes from `chance`."""

    def __init__(self, server: Server, region: Region, governor: str, chance: random.Random) -> None:
        self.region, self.chance, self.governor = region, chance, governor
        self.at = {part.name: region.deployment.address(part.name) for part in PARTS}
        self.manager = region.deployment.address("Governance")
        self.domain = LogDomain(region.deployment.log_id)
        self.nodes: dict[int, Node] = {}
        self.entries: list[AppendedEntry] = []
        self.hashes: list[bytes] = []
        self._url, self._session, self._keys = server.url, requests.Session(), 0
        self.ask("anvil_autoImpersonateAccount", True)
        self.time = int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        everything = {"address": self.at["RegionLog"], "fromBlock": "0x0", "toBlock": "latest"}
        self._take(self.ask("eth_getLogs", everything))

    def ask(self, method: str, *params: Any) -> Any:
        """One request that has to succeed."""
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        found = self._session.post(self._url, json=asked, timeout=60).json()
        assert "error" not in found, found
        return found["result"]

    def ask_all(self, method: str, params: list[list[Any]]) -> list[Any]:
        """Many requests of one method, in the order of `params`."""
        asked = [{"jsonrpc": "2.0", "id": n, "method": method, "params": one} for n, one in enumerate(params)]
        found = self._session.post(self._url, json=asked, timeout=60).json()
        return [answer["result"] for answer in sorted(found, key=lambda answer: answer["id"])]

    def send(self, caller: str, contract: str, function: str, *arguments: Any) -> bool:
        """Call a contract of the region, some seconds later. False: it refused, and nothing was logged."""
        return self.transact(caller, self.at[contract], interface(contract).encode(function, *arguments))

    def transact(self, caller: str, to: str | None, data: bytes) -> bool:
        self.time += self.chance.choice(STEPS)
        self.ask("evm_setNextBlockTimestamp", self.time)
        sent = {"from": caller, "data": "0x" + data.hex(), "gas": _GAS, "gasPrice": "0x0"}
        receipt = self._receipt(self.ask("eth_sendTransaction", sent | ({"to": to} if to else {})))
        self.created = receipt["contractAddress"]
        self._take(receipt["logs"])
        return int(receipt["status"], 16) == 1

    def _receipt(self, transaction: str) -> Any:
        """The receipt: Anvil answers before its block is made."""
        while (found := self.ask("eth_getTransactionReceipt", transaction)) is None:
            time.sleep(0.001)
        return found

    def _take(self, logs: list[Any]) -> None:
        for log in logs:
            if log["topics"][0] != _APPENDED:
                continue
            index, kind, writer = (int(topic, 16) for topic in log["topics"][1:])
            data = bytes.fromhex(log["data"][2:])
            body, writes = (_tail(data, word) for word in (1, 2))
            entry = AppendedEntry(index, kind, writer.to_bytes(20), int.from_bytes(data[:32]), body, writes)
            assert index == len(self.entries)
            self.entries.append(entry)
            self.hashes.append(entry.hash(self.region.deployment.log_id))

    @property
    def last(self) -> int:
        """Index of the last entry."""
        return len(self.entries) - 1

    def opening(self, index: int) -> tuple[Any, ...]:
        """What shows an entry to a contract (`IRegionLog.peakOf`)."""
        level = (index ^ len(self.hashes)).bit_length() - 1
        first = index >> level << level
        proof = inclusion_proof(self.hashes[first : first + (1 << level)], index - first)
        entry = self.entries[index]
        return (index, "0x" + entry.writer.hex(), entry.time, keccak256(entry.writes), proof)

    def kinds(self) -> Counter[EntryKind]:
        """How many entries of each kind there are."""
        return Counter(EntryKind(entry.kind) for entry in self.entries)

    # Members.

    def new_key(self) -> Any:
        self._keys += 1
        return Account.from_key(keccak256(f"key {self._keys}".encode()))

    def some(self, *roles: Role) -> Node | None:
        """A member of one of these roles, mostly an active one."""
        found = [node for node in self.nodes.values() if node.role in roles]
        active = [node for node in found if node.active]
        chosen = active if active and self.chance.random() < 0.95 else found
        return self.chance.choice(chosen) if chosen else None

    def keyholder(self, node: Node) -> Any:
        """The account that acts for a node: its own, or its host's."""
        own = node.key and (not node.host or self.chance.random() < 0.7)
        return node.key if own or not node.host else self.nodes[node.host].key

    def caller(self, node: Node) -> str:
        """Who acts for the node; now and then somebody else tries to."""
        if self.chance.random() < 0.02:
            return str(self.new_key().address)
        return str(self.keyholder(node).address)

    def word(self) -> bytes:
        """32 bytes by chance."""
        return self.chance.randbytes(32)

    # What the chain holds, asked from outside of the contracts.

    def storage(self, slots: list[bytes]) -> list[bytes]:
        """Words of the log's storage by `eth_getStorageAt`."""
        found: list[bytes] = []
        for start in range(0, len(slots), 500):
            some = slots[start : start + 500]
            asked = [[self.at["RegionLog"], "0x" + slot.hex(), "latest"] for slot in some]
            words = self.ask_all("eth_getStorageAt", asked)
            found += [int(word, 16).to_bytes(32) for word in words]
        return found

    def all_storage(self, address: str) -> dict[int, int]:
        """Every slot of a contract that is not 0, from a dump of the whole chain."""
        dumped = json.loads(gzip.decompress(bytes.fromhex(self.ask("anvil_dumpState")[2:])))
        held = {key.lower(): value for key, value in dumped["accounts"].items()}[address.lower()]["storage"]
        return {int(slot, 16): int(word, 16) for slot, word in held.items() if int(word, 16)}


def signed(account: Any, message: TypedMessage) -> bytes:
    """An account's signature of a message, 64 bytes."""
    return compact(bytes(account.unsafe_sign_hash(message.digest()).signature))


def _tail(data: bytes, word: int) -> bytes:
    start = int.from_bytes(data[32 * word : 32 * word + 32])
    return data[start + 32 : start + 32 + int.from_bytes(data[start : start + 32])]
