"""An endpoint in memory that serves one region log: its events, its size and root at every block, and nothing else.

What it says about the log is what a real chain says: the events are encoded as Solidity does, and the roots are those
of its entries. So a log of any length can be followed without sending as many transactions. `changed` makes it lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from creditchain.chain.abi import interface
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import DeployedContract, Deployment
from creditchain.chain.networks import Network
from creditchain.chain.region import Region
from creditchain.chain.rpc import Answer
from creditchain.hashing import keccak256
from creditchain.log.appended import AppendedEntry
from creditchain.log.entries import region_code
from creditchain.log.event_columns import TOPIC
from creditchain.merkle import Frontier

ADDRESS: Final = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
CHAIN_ID: Final = 31337
CODE: Final = b"\x60\x00"
NETWORK: Final = Network(name="memory", kind="rpc", url="http://127.0.0.1:1", poll_seconds=0.001)

#: Given method, parameters and the true result: the result that goes out.
Change = Callable[[str, Sequence[Any], Any], Any]


@dataclass
class LogChain:
    """Blocks of one second, each with some entries. Mutable: `append` and `drop` change what the chain has."""

    log_id: bytes
    fork: bytes = b""  #: what tells the blocks of one fork from those of another
    name: str = "memory"
    changed: Change = lambda _, __, result: result
    asked: list[str] = field(default_factory=list)  #: the methods of all requests so far
    blocks: list[list[dict[str, Any]]] = field(default_factory=lambda: [[]])  #: events, as JSON-RPC has them
    heads: list[tuple[int, bytes]] = field(default_factory=lambda: [(0, Frontier().root)])
    forks: list[bytes] = field(default_factory=lambda: [b""])

    def __post_init__(self) -> None:
        self._frontiers = [Frontier()]

    def append(self, entries: Sequence[AppendedEntry]) -> None:
        """Make a block with these entries, of this `fork`."""
        frontier, number = self._frontiers[-1].copy(), len(self.blocks)
        frontier.extend(entry.hash(self.log_id) for entry in entries)
        self.blocks.append([event(entry, number, place) for place, entry in enumerate(entries)])
        self.heads.append((frontier.size, frontier.root))
        self.forks.append(self.fork)
        self._frontiers.append(frontier)

    def drop(self, blocks: int) -> None:
        """Take the last blocks away, as a reorganisation does."""
        for kept in (self.blocks, self.heads, self.forks, self._frontiers):
            del kept[-blocks:]

    @property
    def deployment(self) -> Deployment:
        """The region on this chain: its log alone."""
        contracts = {"RegionLog": DeployedContract(ADDRESS, 1, keccak256(CODE))}
        return Deployment("memory", CHAIN_ID, self._hash(0), "YRD", self.log_id, contracts)

    def region(self, **changes: Any) -> Region:
        """The region, over a connection to this endpoint. `changes`: of the network's configuration."""
        return Region(Chain(replace(NETWORK, **changes), self), self.deployment)

    def exchange(self, payload: Any, seconds: float) -> Answer:  # noqa: ARG002 - it answers at once
        """Answer one request, or a batch given as a list."""
        if isinstance(payload, list):
            return Answer([self._answer(call) for call in payload])
        return Answer(self._answer(payload))

    def close(self) -> None:
        """There is nothing to let go of."""

    def _answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        method, params = call["method"], call["params"]
        self.asked.append(method)
        result = self.changed(method, params, getattr(self, f"_{method}")(*params))
        return {"jsonrpc": "2.0", "id": call["id"], "result": result}

    def _eth_chainId(self) -> str:  # noqa: N802 - the method's own name
        return hex(CHAIN_ID)

    def _eth_getBlockByNumber(self, block: str, _full: bool) -> dict[str, Any] | None:  # noqa: N802
        number = self._number(block)
        if number >= len(self.blocks):
            return None
        return {"number": hex(number), "hash": "0x" + self._hash(number).hex(), "timestamp": hex(number)}

    def _eth_getCode(self, _address: str, _block: str) -> str:  # noqa: N802
        return "0x" + CODE.hex()

    def _eth_call(self, fields: Mapping[str, str], block: str) -> str:
        size, root = self.heads[self._number(block)]
        words = {"size": size.to_bytes(32), "root": root, "logId": self.log_id, "region": region_code("YRD")}
        face = interface("RegionLog")
        return next("0x" + words[name].hex() for name in words if "0x" + face.encode(name).hex() == fields["data"])

    def _eth_getLogs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        return [one for block in self.blocks[first : last + 1] for one in block]

    def _number(self, block: str) -> int:
        return len(self.blocks) - 1 if block == "latest" else int(block, 16)

    def _hash(self, number: int) -> bytes:
        return keccak256(self.forks[number] + number.to_bytes(8))


def event(entry: AppendedEntry, block: int, place: int) -> dict[str, Any]:
    """The event of an entry as a node gives it."""
    padded = entry.body + bytes(-len(entry.body) % 32)
    numbers = [entry.time, 96, 128 + len(padded), len(entry.body)]
    data = b"".join(number.to_bytes(32) for number in numbers) + padded + len(entry.writes).to_bytes(32) + entry.writes
    topics = [TOPIC, entry.index.to_bytes(32), entry.kind.to_bytes(32), entry.writer.rjust(32, b"\x00")]
    return {
        "address": ADDRESS,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + data.hex(),
        "blockNumber": hex(block),
        "transactionHash": "0x" + keccak256(entry.index.to_bytes(8)).hex(),
        "logIndex": hex(place),
    }
