"""Gas of members' transactions on a log of at least 2^20 entries, beside the gas of peers, which do less.

The peers' figures were measured in steady state with each project's own compiler settings on Anvil 1.7.1 in November
2026: EAS 1.4 and OpenAttestation DocumentStore. The least that an anchor can cost is measured in the same run. Gas does
not depend on the machine.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from eth_abi.abi import decode

from creditchain.chain.abi import interface
from creditchain.chain.deploy import PARTS
from creditchain.hashing import keccak256
from creditchain.log.entries import BookBody
from creditchain.vocabulary import DisputeState, Life, Role
from tools.bench import Row
from tools.bench.local_chain import LocalChain, Sent, local_chain

#: Gas of peers: (what, gas).
EAS_ATTEST = ("EAS attest", 180_132)
EAS_REVOKE = ("EAS revoke", 59_890)
STORE_ISSUE = ("DocumentStore issue", 48_168)
STORE_REVOKE = ("DocumentStore revoke", 50_922)

RUNS = 1_000
FEWER_RUNS = 200
ENTRIES = 1 << 20
LARGEST_BATCH = 192_000_000
SEED = 20_201_208

#: Storage of RegionLog: the head, whose low 64 bits are flags and size, and the peaks of the tree after it.
HEAD_SLOT, PEAKS_SLOT = 1, 2

NO_WORD = bytes(32)
NO_ADDRESS = "0x" + "00" * 20
PRODUCT = 7
REGULATOR, PLATFORM, SOURCE, VIRTUAL = 1, 2, 3, 4


def measure() -> list[Row]:
    """Rows of group `core`."""
    with local_chain() as chain:
        region = found(chain)
        return [*_anchoring(region), *_records(region), *_audits(region)]


@dataclass(slots=True)
class Region:
    """Contracts of a region whose node n is operated by account n; VIRTUAL is hosted by PLATFORM."""

    chain: LocalChain
    addresses: dict[str, str]
    random: random.Random
    number: dict[int, int]

    def send(self, contract: str, sender: int, function: str, *arguments: object) -> Sent:
        data = interface(contract).encode(function, *arguments)
        return self.chain.send(data, self.addresses[contract], self.chain.accounts[sender])

    def word(self) -> bytes:
        return self.random.randbytes(32)

    def anchor(self, node: int, sender: int) -> Sent:
        """The next batch of the node's series, of any size up to LARGEST_BATCH."""
        self.number[node] = self.number.get(node, 0) + 1
        size = int(LARGEST_BATCH ** self.random.random())
        subjects, domains = self.random.randint(1, size), self.random.randint(1, 0xFFFF)
        batch = (node, 1, PRODUCT, self.number[node], self.word(), size, domains, subjects)
        return self.send("AnchorRegistry", sender, "anchor", batch)

    def enter_book(self) -> Sent:
        """The source enters the book of all its batches."""
        registry = self.addresses["AnchorRegistry"]
        batches, leaves, *_ = self.chain.call("AnchorRegistry", registry, "published", SOURCE, 1)
        return self.send("AnchorRegistry", SOURCE, "enterBook", (SOURCE, 1, batches, leaves, self.word()))

    def shown_book(self) -> tuple[object, ...]:
        """A book that the source just entered, as one who names it shows it: it is a subtree of its own."""
        while True:
            sent = self.enter_book()
            (event,) = self.chain.request("eth_getTransactionReceipt", sent.hash)["logs"]
            index = int(event["topics"][1], 16)
            if index % 2 == 0:
                break
        time, body, writes = decode(("uint64", "bytes", "bytes"), bytes.fromhex(event["data"][2:]))
        entry = (index, self.addresses["AnchorRegistry"], time, keccak256(writes), ())
        return decode(BookBody.TYPES, body), entry


def found(chain: LocalChain) -> Region:
    """A region with a log of 2^20 entries, governed by account 0. Other groups use it too."""
    manager = chain.deploy("Governance", chain.accounts[0], 0, NO_ADDRESS)
    log = chain.deploy("RegionLog", manager, b"YRD".ljust(32, b"\0"))
    nodes = chain.deploy("NodeRegistry", manager, log)
    anchors = chain.deploy("AnchorRegistry", manager, log)
    audits = chain.deploy("AuditRegistry", manager, log)
    disputes = chain.deploy("Disputes", log)
    addresses = {"RegionLog": log, "NodeRegistry": nodes, "AnchorRegistry": anchors, "AuditRegistry": audits}
    region = Region(chain, {**addresses, "Disputes": disputes}, random.Random(SEED), {})  # noqa: S311
    for name in ("NodeRegistry", "AnchorRegistry", "AuditRegistry", "Disputes"):
        admit_writer(region, name)
    for node, role in ((REGULATOR, Role.REGULATOR), (PLATFORM, Role.PLATFORM), (SOURCE, Role.SOURCE)):
        domains = 0 if role == Role.REGULATOR else 0xFFFF
        admit(region, chain.accounts[node], role, domains)
    admit(region, NO_ADDRESS, Role.SOURCE, 0xFFFF, host=PLATFORM)
    region.send("AnchorRegistry", 0, "openKeyEpoch", keccak256(b"epoch"))
    region.send("AnchorRegistry", 0, "launchProduct", PRODUCT, keccak256(b"product"))
    _preload(region)
    return region


def admit_writer(region: Region, name: str) -> None:
    """Let a contract write what it writes in a region."""
    part = next(part for part in PARTS if part.name == name)
    kinds = sum(1 << kind for kind in part.kinds)
    region.send("RegionLog", 0, "setWriter", 0, region.addresses[name], kinds, list(part.shares))


def admit(region: Region, operator: str, role: Role, domains: int, host: int = 0) -> None:
    """Admit the next node."""
    admission = (operator, int(role), 310000, host, domains, 0, NO_WORD)
    region.send("NodeRegistry", 0, "admit", admission)


def _preload(region: Region) -> None:
    """Set the log's size to 2^20 entries. A log that grew to this size has written each of these slots before."""
    chain, log = region.chain, region.addresses["RegionLog"]
    for slot in range(PEAKS_SLOT, PEAKS_SLOT + ENTRIES.bit_length()):
        chain.request("anvil_setStorageAt", log, f"0x{slot:064x}", "0x" + region.word().hex())
    head = int(chain.request("eth_getStorageAt", log, hex(HEAD_SLOT), "latest"), 16)
    head = head >> 40 << 40 | ENTRIES
    chain.request("anvil_setStorageAt", log, f"0x{HEAD_SLOT:064x}", f"0x{head:064x}")
    if chain.call("RegionLog", log, "size") != ENTRIES:
        raise RuntimeError("RegionLog's storage has another layout than this benchmark expects")


def _anchoring(region: Region) -> Iterable[Row]:
    least = _least(region)
    sent = [region.anchor(SOURCE, SOURCE) for _ in range(RUNS)]
    gas = [transaction.gas for transaction in sent]
    middle = statistics.median(gas)
    yield _row("anchor, median", middle, EAS_ATTEST, 66_000)
    yield _row("anchor, worst (the first batch of a node)", max(gas), EAS_ATTEST)
    yield _row("anchor, median, beside the least: a slot and an event", middle, ("measured here", least))
    yield _row("anchor, median, beside DocumentStore", middle, STORE_ISSUE)
    yield from _shares(region, min(sent, key=lambda transaction: abs(transaction.gas - middle)))
    region.anchor(VIRTUAL, PLATFORM)
    hosted = _gas(FEWER_RUNS, lambda: region.anchor(VIRTUAL, PLATFORM))
    yield _row("anchor for a virtual node by its host, median", statistics.median(hosted), EAS_ATTEST)
    yield _row("anchor after another contract wrote the log, median", _interleaved(region), EAS_ATTEST, 70_000)


def _interleaved(region: Region) -> float:
    """Anchors after another contract wrote to the log."""

    def anchor() -> Sent:
        region.send("NodeRegistry", 0, "setProfile", REGULATOR, region.word())
        return region.anchor(SOURCE, SOURCE)

    return statistics.median(_gas(FEWER_RUNS, anchor))


def _least(region: Region) -> float:
    from tools import compiling

    source = {"SlotAndEvent": "contracts/mocks/SlotAndEvent.sol"}
    artifact = compiling.compile_contracts(source, compiling.compiler(), compiling.SETTINGS)["SlotAndEvent"]
    address = region.chain.create(bytes.fromhex(artifact["bytecode"][2:]))
    selector = keccak256(b"store(bytes32)")[:4]
    return statistics.median(_gas(FEWER_RUNS, lambda: region.chain.send(selector + region.word(), address)))


def _shares(region: Region, sent: Sent) -> Iterable[Row]:
    """Where the gas of one anchor goes; the shares add up to the whole."""
    names = {address.lower(): name for name, address in region.addresses.items()}
    costs = region.chain.costs(sent.hash, names, "AnchorRegistry")
    events = sum(gas for (_, what), gas in costs.items() if what.startswith("LOG"))
    registry = sum(gas for (where, _), gas in costs.items() if where == "NodeRegistry")
    log = sum(gas for (where, what), gas in costs.items() if where == "RegionLog" and not what.startswith("LOG"))
    run = costs["AnchorRegistry", "run"]
    transaction = sent.gas - sum(costs.values())
    parts = {
        "transaction and its data": transaction,
        "registry: may this node publish this": registry,
        "log: cells, size, peaks, hashes": log,
        "event: Appended": events,
        "reaching registry and log": costs["AnchorRegistry", "call"],
        "rest": run,
    }
    for name, gas in parts.items():
        yield Row("core", f"anchor, share: {name}", gas, "gas", f"whole {sent.gas:,}", gas / sent.gas)


def _records(region: Region) -> Iterable[Row]:
    def set_life() -> Sent:
        arguments = (SOURCE, region.word(), int(Life.REVOKED), NO_WORD, region.word())
        return region.send("AnchorRegistry", SOURCE, "setLife", *arguments)

    def file() -> Sent:
        leaves.append(region.word())
        return region.send("Disputes", PLATFORM, "fileDispute", PLATFORM, SOURCE, leaves[-1], region.word())

    def answer() -> Sent:
        given = (SOURCE, leaves.pop(), 1, int(DisputeState.UPHELD), NO_WORD, region.word())
        return region.send("Disputes", SOURCE, "answerDispute", given)

    leaves: list[bytes] = []
    changed, filed = _gas(RUNS, set_life), _gas(RUNS, file)
    yield _row("status change, median", statistics.median(changed), EAS_REVOKE, 74_000)
    yield _row("status change, worst", max(changed), STORE_REVOKE)
    yield _row("dispute, median", statistics.median(filed), None, 78_000)
    yield _row("dispute, worst", max(filed), None)
    yield _row("answer to a dispute, median", statistics.median(_gas(FEWER_RUNS, answer)), None)


def _audits(region: Region) -> Iterable[Row]:
    books = _gas(FEWER_RUNS, region.enter_book)
    yield _row("enter a book, median", statistics.median(books), EAS_ATTEST, 70_000)
    audit = (REGULATOR, region.shown_book(), False, region.word())
    sent = region.send("AuditRegistry", REGULATOR, "attestAudit", *audit)
    yield _row("audit of a book of any size, shown by an empty proof", sent.gas, EAS_ATTEST)


def _gas(runs: int, action: Callable[[], Sent]) -> list[int]:
    return [action().gas for _ in range(runs)]


def _row(name: str, gas: float, beside: tuple[str, float] | None, most: int | None = None) -> Row:
    text = None if beside is None else f"{beside[0]} {beside[1]:,.0f}"
    ratio = None if beside is None else gas / beside[1]
    target, reached = (None, None) if most is None else (f"≤ {most:,}", gas <= most)
    return Row("core", name, gas, "gas", text, ratio, target, reached)
