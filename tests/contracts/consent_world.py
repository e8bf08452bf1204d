"""A small region for the tests of ConsentToken and QueryLedger: contracts, members, and everybody's signatures."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import brownie
import reference
from brownie import (
    AnchorRegistry,
    ConsentToken,
    Disputes,
    NodeRegistry,
    QueryLedger,
    UnrulyWallet,
    Wallet,
    accounts,
    chain,
    web3,
)
from eth_abi import decode
from eth_account import Account
from world import admit_writer, appended, cell_key, found_log, node_count

from creditchain.hashing import keccak256
from creditchain.log.entries import QueriesBody, parse_body
from creditchain.log.query_items import QueryItem
from creditchain.messages import (
    NO_DIGEST,
    NO_KEY,
    Consent,
    DeliveryReceipt,
    DisputeFiling,
    LogDomain,
    OperatorAcceptance,
    Pause,
    QueryRequest,
    Resumption,
    Revocation,
    TypedMessage,
    compact,
)
from creditchain.vocabulary import EntryKind, Role

HOUR, DAY = 3600, 86400
SECTIONS, DOMAINS, PURPOSE = 0b0011110, 0b1110_0000_1111, 1
_fresh = itertools.count(1)
_nonces = itertools.count()


def digest(name: str) -> bytes:
    """32 bytes that occur nowhere else."""
    return keccak256(f"{name} {next(_fresh)}".encode())


def key(name: str) -> Any:
    """The account of a name, the same in every run."""
    return Account.from_key(keccak256(name.encode()))


def members(message: TypedMessage) -> tuple[Any, ...] | bytes:
    """A message as the contracts take it; of a consent, the one argument."""
    if isinstance(message, Consent):
        return message.form()
    snake = ("".join("_" + c.lower() if c.isupper() else c for c in name) for name, _ in message.MEMBERS)
    return tuple(getattr(message, name) for name in snake)


def sign(account: Any, message: TypedMessage) -> bytes:
    """The 64 bytes (EIP-2098) of an account's signature."""
    return compact(by_wallet(account, message))


def by_wallet(account: Any, message: TypedMessage) -> bytes:
    """65 bytes, as accounts' wallets make them, and contracts' wallets take them."""
    return bytes(account.unsafe_sign_hash(message.digest()).signature)


def words(signature: bytes) -> tuple[bytes, bytes]:
    """The first 64 bytes of a signature, filled up with zeros, as two words."""
    padded = signature[:64].ljust(64, b"\0")
    return padded[:32], padded[32:]


def malleable(signature: bytes) -> bytes:
    """The same signature with s in the upper half, in the 65 bytes that have room for it."""
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    parity, s = signature[32] >> 7, int.from_bytes(signature[32:], "big") & ~(1 << 255)
    return signature[:32] + (order - s).to_bytes(32, "big") + bytes([28 - parity])


def now() -> int:
    """Time of the last block, unix seconds."""
    return int(chain[-1].timestamp)


def next_block_at(time: int) -> None:
    """The next transaction's block has exactly this time."""
    answer = web3.provider.make_request("evm_setNextBlockTimestamp", [time])
    if "error" in answer:  # Ganache sets its clock instead, in milliseconds.
        web3.provider.make_request("evm_setTime", [time * 1000])


@dataclass(frozen=True)
class Signed:
    """A delivery: request and receipt with their signatures."""

    request: QueryRequest
    receipt: DeliveryReceipt
    request_signature: bytes
    receipt_signature: bytes
    broker_signature: bytes = bytes(64)

    def args(self) -> tuple[Any, ...]:
        """As `meter` takes it."""
        receipt = (self.receipt.report, self.receipt.delivered_at, self.receipt.meter_by)
        signatures = (self.request_signature, self.receipt_signature, self.broker_signature)
        return (members(self.request), *receipt, *map(words, signatures))


@dataclass
class World:
    """`accounts[0]` governs; `accounts[9]` is a stranger who relays."""

    governor: Any
    anyone: Any
    manager: Any
    log: Any
    nodes: Any
    anchors: Any
    disputes: Any
    consents: Any
    ledger: Any
    operators: dict[int, Any] = field(default_factory=dict)
    #: Node numbers.
    platform: int = 0
    other_platform: int = 0
    bureau: int = 0
    bank: int = 0
    other_bank: int = 0
    source: int = 0
    regulator: int = 0

    @classmethod
    def build(cls) -> World:
        """Everything deployed and wired, one member of each role and a second platform and bank."""
        governor = accounts[0]
        manager, log = found_log()
        nodes = NodeRegistry.deploy(manager, log, {"from": governor})
        anchors = AnchorRegistry.deploy(manager, log, {"from": governor})
        disputes = Disputes.deploy(log, {"from": governor})
        consents = ConsentToken.deploy(manager, log, {"from": governor})
        ledger = QueryLedger.deploy(log, {"from": governor})
        for writer in (nodes, anchors, disputes, consents, ledger):
            admit_writer(log, writer, writer._name)
        world = cls(governor, accounts[9], manager, log, nodes, anchors, disputes, consents, ledger)
        for name in ("enterprise", "owner of a wallet", "nobody"):
            governor.transfer(key(name).address, "10 ether")
        world.platform = world.admit("platform", Role.PLATFORM)
        world.other_platform = world.admit("other platform", Role.PLATFORM)
        world.bureau = world.admit("bureau", Role.BUREAU)
        world.bank = world.admit("bank", Role.INSTITUTION)
        world.other_bank = world.admit("other bank", Role.INSTITUTION)
        world.source = world.admit("source", Role.SOURCE)
        world.regulator = world.admit("regulator", Role.REGULATOR)
        chain.sleep(1)
        chain.mine()
        return world

    def admit(self, name: str, role: Role, *, host: int = 0, until: int = 0, operator: Any = None) -> int:
        """Admit a member; returns its number. Its key derives from its name; a hosted member has none unless given."""
        if operator is None and not host:
            operator = key(name)
            self.governor.transfer(operator.address, "10 ether")
        address = operator.address if operator else NO_KEY
        domains = 1 if role in (Role.PLATFORM, Role.BUREAU, Role.SOURCE) else 0
        self.nodes.admit((address, role, 310000, host, domains, until, digest("profile")), {"from": self.governor})
        number = node_count(self)
        self.operators[number] = operator or self.operators[host]
        return number

    def forget(self, operators: dict[int, Any]) -> None:
        """Reset members and keys when the chain is reverted."""
        self.operators = dict(operators)

    def rotate(self, node: int, new: Any, *, by_governors: bool = True) -> None:
        """Give a node another key."""
        deadline = now() + DAY
        acceptance = OperatorAcceptance(self.of_log, node, new.address, deadline)
        assert by_governors
        self.nodes.replaceOperator(node, new.address, deadline, sign(new, acceptance), {"from": self.governor})
        self.operators[node] = new

    @property
    def of_log(self) -> LogDomain:
        """The domain of messages for the region."""
        return LogDomain(bytes(self.log.logId()))

    # Consents

    def consent(self, enterprise: Any = None, **changes: Any) -> Consent:
        """A consent of an enterprise's key to the bank, endorsed by the platform, with fresh digests."""
        time = now()
        values: dict[str, Any] = {
            "log": bytes(self.log.logId()),
            "institution": self.bank,
            "platform": self.platform,
            "key": (enterprise or key("enterprise")).address,
            "subject": digest("subject"),
            "sections": SECTIONS,
            "domains": DOMAINS,
            "purpose": PURPOSE,
            "data_from": 20200101,
            "data_to": 20261231,
            "not_before": time,
            "not_after": time + 90 * DAY,
            "uses": 3,
            "keep_days": 365,
            "notice": digest("notice"),
            "paper": NO_DIGEST,
            "deadline": time + 30 * DAY,
        }
        return Consent(self.of_log, **{**values, **changes})

    def paper(self, **changes: Any) -> Consent:
        """A consent on paper."""
        return self.consent(**{"key": NO_KEY, "paper": digest("paper"), **changes})

    def grant(self, consent: Consent, enterprise: Any = None, **signatures: bytes) -> Any:
        """Relay a consent with the right signatures, or those given as `by_key`, `by_platform`."""
        by_key, by_platform = signatures.get("by_key"), signatures.get("by_platform")
        if by_key is None:
            by_key = b"" if consent.on_paper else sign(enterprise or key("enterprise"), consent)
        if by_platform is None:
            by_platform = sign(self.operators[consent.platform], consent)
        return self.consents.grant(members(consent), by_key, by_platform, {"from": self.anyone})

    def granted(self, enterprise: Any = None, **changes: Any) -> Consent:
        """A consent that is on chain, in a block before the last."""
        consent = self.consent(enterprise, **changes)
        self.grant(consent, enterprise)
        chain.sleep(1)
        chain.mine()
        return consent

    def turn(self, consent: Consent, number: int, deadline: int | None = None) -> Pause | Resumption:
        """The message that pauses (odd numbers) or resumes it."""
        kind = Pause if number % 2 else Resumption
        return kind(self.of_log, consent.id, number, now() + DAY if deadline is None else deadline)

    def revocation(self, consent: Consent) -> Revocation:
        """The message that revokes it."""
        return Revocation(self.of_log, consent.id)

    # Disputes

    def filing(self, enterprise: Any = None, **changes: Any) -> DisputeFiling:
        """An enterprise disputes a record of the source, endorsed by the platform."""
        values: dict[str, Any] = {
            "platform": self.platform,
            "node": self.source,
            "leaf": digest("leaf"),
            "reason_digest": digest("reason"),
            "key": (enterprise or key("enterprise")).address,
            "previous": 0,
            "deadline": now() + DAY,
        }
        return DisputeFiling(self.of_log, **{**values, **changes})

    def file(self, filing: DisputeFiling, **signatures: bytes) -> Any:
        """Relay a filing with the right signatures, or those given as `by_key`, `by_platform`."""
        by_key, by_platform = signatures.get("by_key"), signatures.get("by_platform")
        by_key = sign(key("enterprise"), filing) if by_key is None else by_key
        by_platform = sign(self.operators[filing.platform], filing) if by_platform is None else by_platform
        return self.disputes.fileDisputeSigned(members(filing), by_key, by_platform, {"from": self.anyone})

    # Queries

    def request(self, consent: Consent | None, **changes: Any) -> QueryRequest:
        """The bank asks the bureau for what the consent covers, now."""
        time = now()
        values: dict[str, Any] = {
            "institution": self.bank,
            "provider": self.bureau,
            "consent": consent.id if consent else NO_DIGEST,
            "subject": digest("subject"),
            "product": digest("product"),
            "sections": SECTIONS,
            "domains": DOMAINS,
            "purpose": PURPOSE,
            "staff": digest("staff"),
            "issued_at": time - 10,
            "deadline": time + 600,
            "nonce": next(_nonces),
        }
        return QueryRequest(self.of_log, **{**values, **changes})

    def delivery(self, request: QueryRequest, at: int | None = None, **changes: Any) -> Signed:
        """The bureau's answer, signed by both, delivered now or `at`."""
        time = now() if at is None else at
        values = {"request": request.id, "report": digest("report"), "delivered_at": time, "meter_by": time + HOUR}
        receipt = DeliveryReceipt(self.of_log, **{**values, **changes})
        by_bank = sign(self.operators[request.institution], request)
        return Signed(request, receipt, by_bank, sign(self.operators[request.provider], receipt))

    def answered(self, consent: Consent | None, at: int | None = None, **changes: Any) -> Signed:
        """Request and delivery in one."""
        return self.delivery(self.request(consent, **changes), at)

    def meter(self, *deliveries: Signed) -> Any:
        """One metering transaction, sent by anyone."""
        return self.ledger.meter([delivery.args() for delivery in deliveries], {"from": self.anyone})

    def used(self, consent: Consent) -> int:
        """Uses counted so far."""
        return int(self.state(consent)["used"])

    def state(self, consent: Consent) -> dict[str, Any]:
        """What the contract keeps of a consent."""
        return dict(self.consents.consentOf(int.from_bytes(consent.id, "big")).dict())

    def metered(self, delivery: Signed) -> tuple[int, int, bytes]:
        """(entry, flags, receipt) of what the log says was metered for a delivery's nonce; zeros for nothing."""
        asked = delivery.request
        topics = [LOG_TOPIC, None, hex_word(EntryKind.QUERIES)]
        found = [
            (index, item)
            for index, item in logged_items({"address": self.log.address, "fromBlock": 0, "topics": topics})
            if (item.institution, item.provider, item.nonce) == (asked.institution, asked.provider, asked.nonce)
        ]
        used, _ = self.ledger.nonceUsed(asked.institution, asked.provider, asked.nonce)
        assert used == (len(found) == 1)
        return (found[0][0], found[0][1].flags, found[0][1].receipt) if found else (0, 0, bytes(32))

    def bank_account(self, name: str = "bank") -> Any:
        """An operator as a sender of transactions."""
        return accounts.add(key(name).key)


def hashed(value: bytes) -> int:
    """The id of a cell that belongs to a hash."""
    return int.from_bytes(reference.keccak(value)[1:], "big")


def consent_cell(space: int, consent: Consent) -> int:
    """The key of a consent's cell."""
    return cell_key(space, hashed(consent.id))


def packed(*fields: tuple[int, int]) -> int:
    """A cell's value from (number, bits), the lowest first."""
    value = width = 0
    for number, bits in fields:
        assert 0 <= number < 1 << bits
        value |= number << width
        width += bits
    return value


def token(consent: Consent) -> int:
    """Token id of a consent."""
    return int.from_bytes(consent.id, "big")


#: The topic of the log's one event.
LOG_TOPIC = "0x" + keccak256(b"Appended(uint64,uint8,address,uint64,bytes,bytes)").hex()


def hex_word(number: int) -> str:
    """A topic."""
    return f"0x{int(number):064x}"


def logged_items(wanted: dict[str, Any]) -> list[tuple[int, QueryItem]]:
    """(entry, item) of each delivery in the events that are wanted."""
    found = []
    for event in web3.eth.get_logs(wanted):
        _, body, _ = decode(("uint64", "bytes", "bytes"), bytes(event["data"]))
        parsed = parse_body(EntryKind.QUERIES, body)
        assert isinstance(parsed, QueriesBody)
        found += [(int.from_bytes(event["topics"][1], "big"), item) for item in parsed.items]
    return found


def items(tx: Any) -> list[QueryItem]:
    """The deliveries that a transaction metered."""
    bodies = [parse_body(event["kind"], event["body"]) for event in appended(tx)]
    return [item for body in bodies if isinstance(body, QueriesBody) for item in body.items]


def item(delivery: Signed, flags: int = 0) -> QueryItem:
    """The item of a delivery."""
    request, receipt = delivery.request, delivery.receipt
    return QueryItem(
        institution=request.institution,
        provider=request.provider,
        via=request.via,
        nonce=request.nonce,
        domains=request.domains,
        delivered_at=receipt.delivered_at,
        meter_within=receipt.meter_by - receipt.delivered_at,
        sections=request.sections,
        purpose=request.purpose,
        flags=flags,
        request=request.id,
        receipt=receipt.struct_hash(),
        report=receipt.report,
        consent=request.consent,
        product=request.product,
        terms=request.terms,
    )


def with_signature(delivery: Signed, **changes: bytes) -> Signed:
    """The same delivery with another signature."""
    return replace(delivery, **changes)


def rejections(tx: Any) -> list[tuple[int, int]]:
    """(index in the call, finding) of each rejection."""
    return (
        [(int(event["index"]), int(event["finding"])) for event in tx.events["DeliveryRejected"]]
        if ("DeliveryRejected" in tx.events)
        else []
    )


def entry_bodies(tx: Any) -> list[tuple[int, bytes]]:
    """(kind, body hash) of each log entry of a transaction."""
    return [(event["kind"], reference.keccak(event["body"])) for event in appended(tx)]


def wallet(owner: Any) -> Any:
    """An ERC-1271 wallet of one owner."""
    return Wallet.deploy(owner.address, {"from": accounts[0]})


def unruly_wallet() -> Any:
    """An ERC-1271 wallet that says yes to everything until told otherwise."""
    return UnrulyWallet.deploy({"from": accounts[0]})


def reverts(name: str, *values: Any) -> Any:
    """Expect a custom error with exactly these values."""
    # Brownie shows addresses in lower case.
    shown = (value.lower() if isinstance(value, str) else str(value) for value in values)
    return brownie.reverts(f"{name}: {', '.join(shown)}")
