"""The index of a log that stands on a real node: an Anvil, asked over HTTP as any endpoint is.

The entries have the sizes and cells of a region's year: for each 100 deliveries 100 grants (a consent each), one
Queries entry, and four anchors. They are appended by a writer that sends many in one transaction, so that making the
log does not take longer than following it. The contract is the real one, and so are the events and the root.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from creditchain.chain.abi import interface
from creditchain.chain.connect import connect
from creditchain.chain.deployments import DeployedContract, Deployment
from creditchain.chain.log_entries import entry_pages
from creditchain.chain.networks import Network
from creditchain.chain.region import Region
from creditchain.hashing import keccak256
from creditchain.index.following import IndexPlace, follow_log
from creditchain.log.cells import cell_key
from creditchain.log.entries import AnchorBody
from creditchain.log.query_items import ITEM_BYTES
from creditchain.merkle import lanes
from creditchain.vocabulary import EntryKind, Space
from tools.bench import Row
from tools.bench.local_chain import LocalChain, local_chain

GROUP = "index"
#: Grants and items of a round, and anchors beside them.
CALLS, ANCHORS = 100, 4
A_ROUND: Final = CALLS + ANCHORS + 1
ROUNDS: Final = 150
#: Grants of a transaction, which together stay below Anvil's limit of gas.
_AT_ONCE = 50
#: Queries that 长三角 published until early 2023 (2.047 million), as if all were of one year.
YEAR_OF_CALLS: Final = 2_047_000
TARGET = 3_000
_NO_ADDRESS = "0x" + "00" * 20
_SPACES = (Space.CONSENT, Space.BALANCE, Space.NONCE, Space.BOOK)
_WHOLE = (1 << 200) - 1


def measure() -> list[Row]:
    """Rows of group `index`."""
    lanes.load_fastest()
    with local_chain(tracing=False) as chain:
        made = _made(chain)
        size = made.size()
        with tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as folder:
            network = Network(name="bench", kind="rpc", url=chain.url)
            with connect(network, Path(folder)) as connected:
                region = Region(connected, made.deployment())
                block = region.chain.final_block()
                fetched = _fetched(region, block.number)
                before, first = time.process_time(), time.perf_counter()
                log = follow_log(region, IndexPlace(Path(folder) / "index", Path(folder) / "lock"), block)
                taken, busy = time.perf_counter() - first, time.process_time() - before
    if log.size != size:
        raise AssertionError(f"{log.size} entries followed, {size} on the chain")
    return _rows(size, taken, busy, fetched)


def _rows(size: int, taken: float, busy: float, fetched: float) -> list[Row]:
    rate, year = size / taken, -(-YEAR_OF_CALLS // CALLS) * A_ROUND
    beside = f"fetching the same events from it alone, {size / fetched:,.0f} /s"
    what = f"{size:,} entries followed from Anvil, checked, written and synced"
    return [
        Row(GROUP, what, rate, "/s", beside, taken / fetched, f"≥ {TARGET:,} /s", rate >= TARGET),
        Row(GROUP, "… processor time of this side", 1e6 * busy / size, "µs an entry"),
        Row(GROUP, f"… computed from it: a year of 长三角, {year:,} entries from nothing", year / rate, "s"),
    ]


def _fetched(region: Region, last: int) -> float:
    """Seconds that the node and parsing its answers take alone."""
    start = time.perf_counter()
    for _ in entry_pages(region, region.deployment.first_block, last):
        pass
    return time.perf_counter() - start


@dataclass(slots=True)
class _Log:
    """A log on the chain, and the writer that appends to it."""

    chain: LocalChain
    log: str
    writer: str
    first_block: int
    random: Random

    def size(self) -> int:
        return int(self.chain.call("RegionLog", self.log, "size"))

    def deployment(self) -> Deployment:
        code = bytes.fromhex(self.chain.request("eth_getCode", self.log, "latest")[2:])
        genesis = bytes.fromhex(self.chain.request("eth_getBlockByNumber", "0x0", False)["hash"][2:])
        contracts = {"RegionLog": DeployedContract(self.log, self.first_block, keccak256(code))}
        chain_id = int(self.chain.request("eth_chainId"), 16)
        log_id = self.chain.call("RegionLog", self.log, "logId")
        return Deployment("bench", chain_id, genesis, "YRD", log_id, contracts)

    def round(self) -> None:
        """The entries of 100 deliveries."""
        consents = [self._cell(Space.CONSENT) for _ in range(CALLS)]
        for start in range(0, CALLS, _AT_ONCE):
            self._send([self._grant(key) for key in consents[start : start + _AT_ONCE]])
        items = self.random.randbytes(CALLS * ITEM_BYTES)
        metered = self._append(EntryKind.QUERIES, items, [*consents, self._cell(Space.NONCE)])
        self._send([*(self._anchor() for _ in range(ANCHORS)), metered])

    def _grant(self, consent: int) -> bytes:
        return self._append(EntryKind.CONSENT, self.random.randbytes(120), [consent, self._cell(Space.BALANCE, 711)])

    def _anchor(self) -> bytes:
        random = self.random
        size, root = random.randrange(1, 10_000), random.randbytes(32)
        body = AnchorBody(random.randrange(1, 20), 1, random.randrange(1, 23), 1, root, size, 1, size)
        return self._append(EntryKind.ANCHOR, body.encode(), [self._cell(Space.BOOK, 19)])

    def _cell(self, space: Space, most: int = 1 << 248) -> int:
        return int.from_bytes(cell_key(space, self.random.randrange(most)))

    def _append(self, kind: EntryKind, body: bytes, keys: list[int]) -> bytes:
        writes = [(key, self.random.getrandbits(199) + 1) for key in keys]
        data = interface("RegionLog").encode("append", int(kind), body, writes)
        # One call of MultiSend: its kind, address, value, length of the data, data.
        return bytes(1) + bytes.fromhex(self.log[2:]) + bytes(32) + len(data).to_bytes(32) + data

    def _send(self, calls: list[bytes]) -> None:
        self.chain.send(interface("MultiSendCallOnly").encode("multiSend", b"".join(calls)), self.writer)


def _made(chain: LocalChain) -> _Log:
    """A log that many entries were appended to."""
    manager = chain.deploy("Governance", chain.accounts[0], 0, _NO_ADDRESS)
    first = int(chain.request("eth_blockNumber"), 16) + 1
    log = chain.deploy("RegionLog", manager, b"YRD".ljust(32, b"\0"))
    writer = chain.deploy("MultiSendCallOnly")
    kinds = sum(1 << kind for kind in (EntryKind.CONSENT, EntryKind.QUERIES, EntryKind.ANCHOR))
    shares = [(int(space), _WHOLE) for space in _SPACES]
    chain.send(interface("RegionLog").encode("setWriter", 0, writer, kinds, shares), log)
    made = _Log(chain, log, writer, first, Random(1))  # noqa: S311 - not for keys
    for _ in range(ROUNDS):
        made.round()
    return made
