"""A small region to test in, and what tests say about it again and again.

Hashes are recomputed with `tests/vectors/reference.py`, which shares no code with the package or the contracts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import brownie
import reference
from brownie import accounts, chain
from eth_abi import decode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import to_checksum_address

NO_ADDRESS = "0x" + "00" * 20
NO_WORD = bytes(32)
DAY = 86_400


class Role(IntEnum):
    REGULATOR = 1
    PLATFORM = 2
    BUREAU = 3
    SOURCE = 4
    INSTITUTION = 5


class Status(IntEnum):
    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    RETIRED = 3


class Kind(IntEnum):
    NODE = 1
    TAG_KEY_EPOCH = 2
    ANCHOR = 3
    STATUS = 4
    DISPUTE = 5
    AUDIT = 6
    BROKEN = 7
    CONSENT = 8
    REVOCATION = 9
    QUERIES = 10
    LOANS = 11
    SIGNERS = 12
    SEALED = 13
    WRITER = 14
    LIMITS = 15
    REGION = 16
    AUTHORITY = 17
    ANSWER = 18
    PRODUCT = 19
    BOOK = 20
    ANNULLED = 21
    CLOSED = 22
    PAUSE = 23
    COMPROMISE = 24
    ANSWERER = 25
    ACCESS = 26
    OPERATION = 27
    EXCEPTION = 28


WHOLE_SPACE = 2**200 - 1
NODE, KEY, MEMBER, TERM, COMPROMISE, COUNT, SIGNER = 1, 2, 17, 18, 19, 20, 22
EPOCH_SPACE, BOOK_SPACE, AUDIT_SPACE, PRODUCT_SPACE, PUBLISHER_SPACE, RECORD_SPACE = 3, 4, 5, 6, 7, 8
DISPUTE_SPACE = 9
CONSENT, PAUSE, NONCE, LOAN, LIMIT, BALANCE = 10, 11, 12, 13, 14, 21
ACCESS, EXCEPTION = 15, 23
# The bits of a consent's cell that count its uses.
CONSENT_USED = 0xFFFF << 184
# What each contract of a region may append, and the spaces that are its own; (space, bits) where others write too.
RIGHTS = {
    "Governance": ((Kind.ACCESS, Kind.OPERATION), (ACCESS,)),
    "NodeRegistry": (
        (Kind.NODE, Kind.COMPROMISE, Kind.ANSWERER),
        (NODE, KEY, MEMBER, TERM, COMPROMISE, COUNT),
    ),
    "AnchorRegistry": (
        (Kind.TAG_KEY_EPOCH, Kind.PRODUCT, Kind.ANCHOR, Kind.BOOK, Kind.STATUS, Kind.EXCEPTION),
        (EPOCH_SPACE, BOOK_SPACE, PRODUCT_SPACE, PUBLISHER_SPACE, RECORD_SPACE, EXCEPTION),
    ),
    "AuditRegistry": ((Kind.AUDIT, Kind.BROKEN, Kind.ANNULLED, Kind.CLOSED), (AUDIT_SPACE,)),
    "CheckpointSigners": ((Kind.SIGNERS,), (SIGNER,)),
    "Disputes": ((Kind.DISPUTE, Kind.ANSWER), (DISPUTE_SPACE,)),
    "ConsentToken": (
        (Kind.CONSENT, Kind.REVOCATION, Kind.LIMITS, Kind.PAUSE),
        ((CONSENT, WHOLE_SPACE ^ CONSENT_USED), PAUSE, LIMIT, BALANCE),
    ),
    "QueryLedger": ((Kind.QUERIES, Kind.LOANS), ((CONSENT, CONSENT_USED), NONCE, LOAN)),
}

# Numbers of the nodes that `found_region` admits; the operator of node n is accounts[n].
REGULATOR, PLATFORM, BUREAU, SOURCE, INSTITUTION, VIRTUAL = range(1, 7)
ALL_DOMAINS = 0xFFFF
# Numbers of the products that `found_region` launches.
PRODUCTS = (3, 5)


@dataclass(frozen=True)
class Region:
    """Contracts of one region; `members` asks its cells who acts.

    `accounts[0]` governs, `accounts[9]` is a stranger; PLATFORM hosts VIRTUAL, a source.
    """

    manager: Any
    log: Any
    nodes: Any
    members: Any
    anchors: Any
    audits: Any
    disputes: Any

    @property
    def governor(self) -> Any:
        return accounts[0]

    @property
    def outsider(self) -> Any:
        return accounts[9]


def deploy(contract: str, *arguments: Any) -> Any:
    """A contract of this project or of OpenZeppelin's, deployed by the governor."""
    return accounts[0].deploy(brownie.project.get_loaded_projects()[0][contract], *arguments)


def found_region() -> Region:
    manager, log = found_log()
    nodes = deploy("NodeRegistry", manager, log)
    anchors = deploy("AnchorRegistry", manager, log)
    audits = deploy("AuditRegistry", manager, log)
    disputes = deploy("Disputes", log)
    admit_writer(log, nodes, "NodeRegistry")
    admit_writer(log, anchors, "AnchorRegistry")
    admit_writer(log, audits, "AuditRegistry")
    admit_writer(log, disputes, "Disputes")
    for role in Role:
        domains = ALL_DOMAINS if Role.PLATFORM <= role <= Role.SOURCE else 0
        nodes.admit(admission(accounts[int(role)], role, domains=domains))
    nodes.admit(admission(NO_ADDRESS, Role.SOURCE, host=PLATFORM, domains=0b11))
    anchors.openKeyEpoch(number_hash("epoch", 1))
    for product in PRODUCTS:
        anchors.launchProduct(product, number_hash("product", product))
    return Region(manager, log, nodes, deploy("MembersHarness", log), anchors, audits, disputes)


def found_log(delay: int = 0, region: bytes = b"YRD") -> tuple[Any, Any]:
    """A log and its governance, which has begun: `accounts[0]` is its founder. Later admins wait `delay` seconds."""
    manager = deploy("Governance", accounts[0], delay, NO_ADDRESS)
    log = deploy("RegionLog", manager, word(region))
    admit_writer(log, manager, "Governance")
    manager.begin(log, {"from": accounts[0]})
    return manager, log


def admit_writer(log: Any, contract: Any, name: str, *, instead_of: Any = None) -> Any:
    """Let a contract write what a contract of this name writes in a region; `instead_of` another, in the same entry."""
    kinds, spaces = RIGHTS[name]
    shares = [space if isinstance(space, tuple) else (space, WHOLE_SPACE) for space in spaces]
    removed = writer_id(log, instead_of) if instead_of else 0
    return log.setWriter(removed, contract, bits(*kinds), shares, {"from": accounts[0]})


def writer_id(log: Any, contract: Any) -> int:
    """The id of a contract with the code that it has now, as a writer."""
    return int(log.writerId(contract, reference.keccak(bytes(brownie.web3.eth.get_code(str(contract))))))


def bits(*numbers: int) -> int:
    """The bit set of these numbers."""
    return sum(1 << number for number in numbers)


def admission(
    operator: Any,
    role: int,
    *,
    division: int = 310000,
    host: int = 0,
    domains: int = 0,
    until: int = 0,
    profile: bytes = b"\x11" * 32,
) -> tuple[Any, ...]:
    return (operator, int(role), division, host, domains, until, profile)


def batch(
    number: int,
    root: bytes,
    *,
    node: int = SOURCE,
    epoch: int = 1,
    product: int = PRODUCTS[0],
    size: int = 5,
    domains: int = 1,
    subjects: int = 2,
) -> tuple[Any, ...]:
    return (node, epoch, product, number, root, size, domains, subjects)


def book(batches: int, size: int, root: bytes, *, node: int = SOURCE, epoch: int = 1) -> tuple[Any, ...]:
    return (node, epoch, batches, size, root)


BATCH_TYPES = ("uint24", "uint32", "uint32", "uint32", "bytes32", "uint64", "uint32", "uint64")
BOOK_TYPES = ("uint24", "uint32", "uint32", "uint64", "bytes32")


def shown(region: Region, tx: Any) -> tuple[Any, tuple[Any, ...]]:
    """The batch or book that a transaction logged, as one who names it shows it: its fields, and its entry."""
    (event,) = appended(tx)
    fields = decode(BATCH_TYPES if event["kind"] == Kind.ANCHOR else BOOK_TYPES, event["body"])
    return (fields, opening(region.log, event))


def opening(log: Any, event: dict[str, Any]) -> tuple[Any, ...]:
    """What opens an entry now: its proof ends at the root of the largest perfect subtree that holds it."""
    entries, index = all_entries(log), event["index"]
    level = (index ^ len(entries)).bit_length() - 1
    first = index >> level << level
    proof = reference.path(index - first, entries[first : first + (1 << level)])
    return (index, event["writer"], event["time"], reference.keccak(event["writes"]), proof)


def word(text: bytes) -> bytes:
    return text.ljust(32, b"\x00")


def number_hash(name: str, number: int) -> bytes:
    return reference.keccak(f"{name} {number}".encode())


def body_hash(*members: tuple[str, Any]) -> bytes:
    """keccak256(abi.encode(…)) of (type, value) pairs of static types."""
    return reference.keccak(reference.words(list(members)))


def as_bytes(value: Any) -> bytes:
    return bytes.fromhex(str(value).removeprefix("0x"))


@contextmanager
def refused(name: str, *values: Any) -> Iterator[None]:
    """The call reverts with exactly this custom error and these values. `refused("")`: it reverts without a reason."""
    with brownie.reverts(f"{name}: {', '.join(map(_shown, values))}" if name else None) as caught:
        yield
    assert caught is None or name


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return repr(value)
    if isinstance(value, IntEnum):
        return str(int(value))
    if isinstance(value, int | bool):
        return str(value)
    return str(getattr(value, "address", value)).lower()


def entry_hash(log: Any, appended: Any) -> bytes:
    """The leaf hash of the entry of an `Appended` event, by docs/format.md section 5."""
    members = [
        ("uint16", 1),
        ("uint8", appended["kind"]),
        ("bytes32", as_bytes(log.logId())),
        ("uint64", appended["index"]),
        ("address", str(appended["writer"])),
        ("uint64", appended["time"]),
        ("bytes32", reference.keccak(appended["body"])),
        ("bytes32", reference.keccak(appended["writes"])),
    ]
    return reference.keccak(b"\x00", reference.words(members))


def assert_logged(region: Region, tx: Any, writer: Any, *entries: tuple[int, bytes]) -> list[int]:
    """The transaction appended exactly these (kind, body hash) entries, in order. Returns their indices."""
    found = appended(tx)
    assert len(found) == len(entries)
    first = region.log.size() - len(entries)
    for offset, (event, (kind, body)) in enumerate(zip(found, entries, strict=True)):
        assert event["index"] == first + offset
        assert event["kind"] == kind
        assert event["writer"] == writer.address
        assert event["time"] == chain[tx.block_number].timestamp
        assert reference.keccak(event["body"]) == body
    return [first + offset for offset in range(len(entries))]


def all_entries(log: Any) -> list[bytes]:
    """Leaf hashes of the whole log, from its events."""
    filters = {"address": log.address, "fromBlock": 0, "toBlock": "latest", "topics": [log.topics["Appended"]]}
    return [entry_hash(log, _appended(found)) for found in brownie.web3.eth.get_logs(filters)]


def appended(tx: Any) -> list[dict[str, Any]]:
    """The `Appended` events of a transaction. Decoded here, because Brownie shows no bytes as a zero byte."""
    topic = bytes.fromhex(brownie.RegionLog.topics["Appended"].removeprefix("0x"))
    return [_appended(found) for found in tx.logs if bytes(found["topics"][0]) == topic]


def _appended(found: Any) -> dict[str, Any]:
    index, kind, writer = (int.from_bytes(bytes(topic), "big") for topic in found["topics"][1:])
    time, body, writes = decode(("uint64", "bytes", "bytes"), bytes(found["data"]))
    address = to_checksum_address(writer.to_bytes(20, "big"))
    return {"index": index, "kind": kind, "writer": address, "time": time, "body": body, "writes": writes}


def acceptance(nodes: Any, node: int, key: bytes, deadline: int, **changes: Any) -> bytes:
    """A new operator's EIP-712 signature; `changes` replace parts of the domain."""
    log = brownie.project.get_loaded_projects()[0].RegionLog.at(nodes.log())
    domain = {"name": "creditchain", "version": "1", "salt": bytes(log.logId()), **changes}
    message = encode_typed_data(
        domain,
        {
            "OperatorAcceptance": [
                {"name": "node", "type": "uint24"},
                {"name": "operator", "type": "address"},
                {"name": "deadline", "type": "uint64"},
            ]
        },
        {"node": node, "operator": Account.from_key(key).address, "deadline": deadline},
    )
    signed = Account.sign_message(message, key)
    return signed.r.to_bytes(32, "big") + (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")


def new_key(number: int) -> tuple[bytes, str]:
    """A private key for tests, and its address."""
    key = number_hash("key", number)
    return key, Account.from_key(key).address


def value(region: Any, space: int, identity: int) -> int:
    """The value of a cell."""
    return int(next(iter(region.log.read([cell_key(space, identity)])[0]))) >> 56


def node_count(region: Any) -> int:
    return value(region, COUNT, 0)


def node_info(region: Any, node: int) -> dict[str, Any]:
    """What the cells of a node say (docs/format.md, section 5)."""
    seat, member = value(region, NODE, node), value(region, MEMBER, node)
    low, high = value(region, MEMBER, 1 << 32 | node), value(region, MEMBER, 3 << 32 | node)
    assert seat >> 192 == member >> 196 == 0
    return {
        "operator": to_checksum_address((seat & (1 << 160) - 1).to_bytes(20, "big")),
        "role": seat >> 160 & 7,
        "status": seat >> 163 & 3,
        "domains": seat >> 165 & 0xFFFFFF,
        "hosted": seat >> 189 & 1,
        "guest": seat >> 190 & 1,
        "marked": seat >> 191 & 1,
        "host": member & 0xFFFFFF,
        "division": member >> 24 & 0xFFFFF,
        "until": member >> 44 & 0xFFFFFFFFFF,
        "since": member >> 84 & 0xFFFFFFFFFF,
        "statusAt": member >> 124 & 0xFFFFFFFFFF,
        "terms": member >> 164,
        "profile": (high << 200 | low).to_bytes(32, "big"),
    }


def intervals(region: Any, key: Any) -> list[tuple[int, int]]:
    """When a key was in other hands: closed intervals, then the open one."""
    cell = value(region, COMPROMISE, int(str(getattr(key, "address", key)), 16))
    times = [cell >> 40 * place & 0xFFFFFFFFFF for place in range(5)]
    closed = [(since, until) for since, until in (times[1:3], times[3:5]) if since]
    return closed + ([(times[0], 0)] if times[0] else [])


def declare_stolen(region: Any, key: Any, *given: tuple[int, int]) -> Any:
    """Governors declare when a key was in other hands."""
    return region.nodes.setCompromises(getattr(key, "address", key), list(given), {"from": accounts[0]})


def node_body(node: int, info: dict[str, Any], *, by: Any, profile: bytes = NO_WORD) -> bytes:
    """Body hash of a `NODE` entry from the node's state."""
    return body_hash(
        ("uint24", node),
        ("address", str(by)),
        ("address", str(info["operator"])),
        ("uint8", info["role"]),
        ("uint8", info["status"]),
        ("uint24", info["division"]),
        ("uint24", info["host"]),
        ("uint32", info["domains"]),
        ("uint40", info["until"]),
        ("bytes32", profile),
    )


def assert_node_changed(
    region: Region, tx: Any, node: int, before: dict[str, Any], *, by: Any = None, **changed: Any
) -> None:
    """The node differs from `before` only in `changed`, and one entry logs it. A term that ended is a cell."""
    after = node_info(region, node)
    if {"operator", "status", "host", "until"} & set(changed) and before["since"] < time_of(tx):
        changed = {"since": time_of(tx), "terms": before["terms"] + 1, **changed}
        past = value(region, TERM, node << 32 | before["terms"])
        active = before["status"] == Status.ACTIVE
        assert past == int(before["operator"], 16) | before["since"] << 160 | active << 199
        more = value(region, TERM, 1 << 64 | node << 32 | before["terms"])
        assert more == before["host"] | before["until"] << 24
    assert after == {**before, **changed}
    body = node_body(node, after, by=by or accounts[0], profile=changed.get("profile", NO_WORD))
    assert_logged(region, tx, region.nodes, (Kind.NODE, body))
    assert set(tx.events.keys()) == {"Appended"}


Openings = list[tuple[bytes, int, int, bytes]]


def leaf_opening(number: int) -> tuple[bytes, int, int, bytes]:
    """Leaf `number` of an ascending sequence: tag, section, product, commitment."""
    return (number.to_bytes(32, "big"), 1, PRODUCTS[0], number_hash("commitment", number))


def batch_tree(openings: list[tuple[bytes, int, int, bytes]]) -> list[bytes]:
    return [reference.leaf(*opening) for opening in openings]


def shown_leaf(openings: list[tuple[bytes, int, int, bytes]], index: int) -> tuple[Any, ...]:
    """Leaf `index` of a tree as it is shown: its opening, its index, its proof."""
    return (openings[index], index, reference.path(index, batch_tree(openings)))


def publish(
    region: Region,
    openings: list[tuple[bytes, int, int, bytes]],
    *,
    node: int = SOURCE,
    epoch: int = 1,
    caller: int = 0,
) -> Any:
    """The transaction that anchors a batch of these leaves, the next of the node."""
    number = region.anchors.published(node, epoch).dict()["batches"] + 1
    root = reference.mth(batch_tree(openings))
    given = batch(number, root, node=node, epoch=epoch, size=len(openings), subjects=1)
    return region.anchors.anchor(given, {"from": accounts[caller or (PLATFORM if node == VIRTUAL else node)]})


def enter(region: Region, openings: Openings, *, node: int = SOURCE, epoch: int = 1, caller: int = 0) -> Any:
    """The transaction that enters a book of these leaves, over all batches of the node."""
    batches = region.anchors.published(node, epoch).dict()["batches"]
    root = reference.mth(batch_tree(openings))
    given = book(batches, len(openings), root, node=node, epoch=epoch)
    return region.anchors.enterBook(given, {"from": accounts[caller or (PLATFORM if node == VIRTUAL else node)]})


def index_of(tx: Any) -> int:
    """The index of the one entry that a transaction appended."""
    (event,) = appended(tx)
    return int(event["index"])


def now() -> int:
    """Time of the last block. Local chains run ahead of the clock when blocks come faster than seconds."""
    return int(chain[-1].timestamp)


def wait(seconds: int) -> None:
    """Let this time pass and make a block."""
    chain.sleep(seconds)
    chain.mine()


def writer_for(log: Any, kinds: int, shares: list[tuple[int, int]]) -> Any:
    """A contract with these rights in the log; its owner is accounts[1]."""
    contract = deploy("Wallet", accounts[1])
    log.setWriter(0, contract, kinds, shares, {"from": accounts[0]})
    return contract


def append(log: Any, writer: Any, kind: int, body: bytes, writes: list[tuple[int, int]]) -> Any:
    """Append as a contract of `writer_for`."""
    return writer.execute(log, log.append.encode_input(kind, body, writes), {"from": accounts[1]})


@contextmanager
def refused_inside(log: Any, signature: str, *values: int) -> Iterator[None]:
    """A call through a contract of `writer_for` reverts with this custom error of the log; static values."""
    data = reference.keccak(signature.encode())[:4] + b"".join(value.to_bytes(32, "big") for value in values)
    with refused("WalletCallFailed", data):
        yield


def cell_key(space: int, identity: int) -> int:
    return space << 248 | identity


def written(tx: Any) -> list[tuple[int, int, int]]:
    """(key, old word, new word) of each cell that the transaction wrote."""
    found = []
    for event in appended(tx):
        data = event["writes"]
        words = [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]
        found += [(words[i], words[i + 1], words[i + 2]) for i in range(0, len(words), 3)]
    return found


def time_of(tx: Any) -> int:
    return int(chain[tx.block_number].timestamp)
