"""The chain of the vectors as plain JSON, and the evidence that a verifier reads from it.

Members have the names of docs/format.md and of `log.views`. Bytes are 0x hex. Integers past 2^53 are text, so that
every JSON reader gets them right. `unread` names facts that could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from memory_facts import MemoryFacts

from creditchain.evidence.report import named_by, opened_leaves
from creditchain.log.consent_cells import Paused
from creditchain.log.entries import AnchorBody, parse_body
from creditchain.log.facts import Basis
from creditchain.log.views import (
    AnchorInfo,
    BlockRef,
    Compromise,
    ConsentState,
    LaunchedProduct,
    LogEntry,
    MemberAt,
    NodeInfo,
    RecordState,
)
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.parts import SignedTagStatement
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.evidence import (
    Evidence,
    Missing,
    NodeHistory,
    Origin,
    StatementSigner,
    TagEvidence,
)
from creditchain.verification.lives import read_lives, read_states
from creditchain.verification.report_evidence import DeliveryEvidence, ReportEvidence
from creditchain.verification.shelves import read_shelves
from creditchain.verification.steps import leaf_of
from creditchain.verification.subject import signer_of
from creditchain.verification.verdict import Source, Text
from creditchain.vocabulary import ProductState
from whole_log import grant_in, metered_in, pauses_of

_SAFE = 2**53 - 1
_MISSING = Missing(Text("a fact of the vectors that could not be read", "向量中未能读取的事实"))


def plain(value: Any) -> Any:
    """A value as the vectors hold it."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= _SAFE else str(value)
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def entry_json(entry: LogEntry) -> dict[str, Any]:
    """An entry: `data` is its body as the log hashed it."""
    return plain({one.name: getattr(entry, one.name) for one in fields(entry) if one.name != "body"})


class Facts:
    """Reads facts as a verifier reads a chain."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        self._unread = set(facts["unread"])
        self.origin = Origin(
            **{name: _hash(value) if name == "log_id" else value for name, value in facts["origin"].items()}
        )
        self.block = BlockRef(**_numbers(facts["block"], hashes=("hash",)))
        said = facts["source"]
        self.source = Source(Basis(said["basis"]), said["age"], self.block, signed_block=said["signed_block"])
        self.log = tuple(_entry(one) for one in facts["log"])

    def record(self, package: RecordPackage) -> Evidence:
        """What the steps of a record need."""
        key = (package.batch.node, package.batch.root)
        found = next((one for one in map(_anchor, self._facts["anchors"]) if (one.node, one.root) == key), None)
        signer = self._or_missing("signer", self._signer(package.tag.statement))
        if found is None:
            waiting = any((one["node"], _hash(one["root"])) == key for one in self._facts["waiting"])
            return Evidence(self.origin, self.block, None, waiting, signer=signer, source=self.source)
        publisher = self.member(found.node)
        host = self.member(publisher.info.host) if publisher is not None and publisher.info.host else None
        return Evidence(
            origin=self.origin,
            block=self.block,
            anchor=self._or_missing("anchor", found),
            entry=self._or_missing("entry", self.log[found.entry]),
            product=self._or_missing("product", self._product(found.product)),
            publisher=self._or_missing("publisher", publisher),
            host=host,
            record=self._or_missing("record", self._state(found.node, leaf_of(package))),
            key_epoch_digest=self._epoch(found.key_epoch),
            signer=signer,
            source=self.source,
        )

    def report(self, package: ReportPackage) -> ReportEvidence:
        """What the steps of a report need. Whatever the log and its cells say follows from its entries."""
        members = self._members(package)
        log = MemoryFacts(self.log, self.block)
        time = self.block.time if package.delivery is None else package.delivery.receipt.delivered_at
        leaves = opened_leaves(package)
        places = [*(one.place for one in package.ranges), *(one.place for one in package.origins)]
        return ReportEvidence(
            origin=self.origin,
            block=self.block,
            tags={
                one.key_epoch: TagEvidence(
                    self._epoch(one.key_epoch), self._or_missing("signer", self._signer(one.tag.statement))
                )
                for one in package.tags
            },
            entries={
                place.index: self._or_missing("log", self.log[place.index] if place.index < len(self.log) else None)
                for place in places
            },
            shelves=self._or_missing("log", read_shelves(log, members, named_by(package, time))),
            states=self._or_missing("log", read_states(log, leaves)),
            lives=self._or_missing("log", read_lives(log, leaves, time)),
            members=self._or_missing("members", members),
            delivery=DeliveryEvidence() if package.delivery is None else self._delivery(package, package.delivery),
            source=self.source,
        )

    def _members(self, package: ReportPackage) -> dict[int, NodeHistory]:
        anchored = {entry.body.node for entry in self.log if isinstance(entry.body, AnchorBody)}
        members = {node: self.member(node) for node in sorted({*anchored, *self._named(package)})}
        hosts = {one.info.host for one in members.values() if one is not None and one.info.host}
        members |= {node: self.member(node) for node in hosts}
        return {node: one for node, one in members.items() if one is not None}

    def member(self, number: int) -> NodeHistory | None:
        """A node and the intervals in which keys were in other hands: the operator's where none is said."""
        for one in self._facts["nodes"]:
            if one["number"] == number:
                intervals = tuple(Compromise(**{"key": one["operator"]} | interval) for interval in one["compromises"])
                plainly = {name: value for name, value in one.items() if name != "compromises"}
                return NodeHistory(NodeInfo(**_numbers(plainly, hashes=("profile_digest",))), intervals)
        return None

    @staticmethod
    def _named(package: ReportPackage) -> Iterable[int]:
        if package.delivery is not None:
            request = package.delivery.request
            yield from (request.institution, request.provider, *((request.via,) if request.via else ()))
        if package.consent is not None:
            yield package.consent.message.platform
        yield from (one.node for one in package.countersigned)

    def _delivery(self, package: ReportPackage, delivery: PackagedDelivery) -> DeliveryEvidence:
        request, time = delivery.request, delivery.receipt.delivered_at
        consents = {_hash(one["id"]): one for one in self._facts["consents"]}
        state = consents.get(request.consent)
        metered = metered_in(self.log, request.institution, request.provider, request.nonce)
        pauses = tuple(Paused(*one) for one in pauses_of(self.log, request.consent))
        return DeliveryEvidence(
            consent=self._or_missing("consent", None if state is None else _consent(state)),
            grant=self._or_missing("log", grant_in(self.log, request.consent)),
            pauses=self._or_missing("log", pauses),
            metered=_MISSING if "log" in self._unread else self._or_missing("metered", metered),
            institution=self._or_missing("institution", self.member_at(request.institution, time)),
            provider=self._or_missing("provider", self.member_at(request.provider, time)),
            open_domains=self._or_missing("open_domains", self._facts["open_domains"]),
            broker=self._or_missing("broker", self.member_at(request.via, time)) if request.via else None,
            countersigners=self._or_missing(
                "countersigners", {one.node: self.member_at(one.node, one.given_at) for one in package.countersigned}
            ),
        )

    def member_at(self, node: int, time: int) -> MemberAt:
        """What a node was at a time: the last of its terms that began by then."""
        terms = [one for one in self._facts["terms"] if one["node"] == node and int(one["since"]) <= time]
        if not terms:
            return MemberAt(0, False, None, None)
        last = max(terms, key=lambda one: int(one["since"]))
        return MemberAt(last["role"], last["acts"], last["operator"], last["host_operator"])

    def _signer(self, statement: SignedTagStatement | None) -> StatementSigner | None:
        address = None if statement is None else signer_of(statement, self.origin)
        if statement is None or address is None:
            return None
        node = self._facts["keys"].get(address)
        then = None
        if statement.issued_at <= self.block.time:
            then = self.member_at(statement.platform, statement.issued_at)
        now = self.member_at(statement.platform, self.block.time)
        return StatementSigner(address, None if node is None else self.member(node), then, now)

    def _product(self, number: int) -> LaunchedProduct:
        """A product as governors launched it; a product that no fact names was never launched."""
        for one in self._facts["products"]:
            if one["number"] == number:
                return LaunchedProduct(number, ProductState(one["state"]), _hash(one["digest"]))
        return LaunchedProduct(number, ProductState.NONE, bytes(24))

    def _epoch(self, epoch: int) -> bytes | Missing | None:
        digest = self._facts["key_epochs"].get(str(epoch))
        return self._or_missing("key_epoch", None if digest is None else _hash(digest))

    def _state(self, node: int, leaf: bytes) -> RecordState:
        """Life and disputes. A record that no fact names is live and undisputed."""
        for one in self._facts["records"]:
            if (one["node"], _hash(one["leaf"])) == (node, leaf):
                return RecordState(**_numbers(one, hashes=("leaf",)))
        return RecordState(node, leaf)

    def _or_missing(self, name: str, value: Any) -> Any:
        return _MISSING if name in self._unread else value


def _hash(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _numbers(values: dict[str, Any], hashes: tuple[str, ...]) -> dict[str, Any]:
    """The values, hashes as bytes and integers that were written as text as integers."""
    return {
        name: _hash(value) if name in hashes else int(value) if isinstance(value, str) and value.isdecimal() else value
        for name, value in values.items()
    }


def _anchor(one: dict[str, Any]) -> AnchorInfo:
    return AnchorInfo(**_numbers(one, hashes=("root",)))


def _entry(one: dict[str, Any]) -> LogEntry:
    values = _numbers(one, hashes=("data", "hash", "writes", "transaction_hash"))
    return LogEntry(**values, body=parse_body(values["kind"], values["data"]))


def _consent(one: dict[str, Any]) -> ConsentState:
    return ConsentState(**{name: value for name, value in one.items() if name != "id"})


def view_json(view: Any) -> dict[str, Any]:
    """A view of `log.views` as the vectors hold it."""
    return plain(asdict(view))
