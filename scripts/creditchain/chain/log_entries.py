"""Read the region log from events: this is the one place that joins them into entries and decodes the bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from creditchain.chain.abi import Event, interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import LogRange
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.region import Region
from creditchain.log.entries import (
    ENTRY_VERSION,
    AnchorBody,
    AuditBody,
    Body,
    BrokenBody,
    ConsentBody,
    DisputeBody,
    LoansBody,
    NodeBody,
    OpenDomainsBody,
    QueriesBody,
    RevocationBody,
    SealedBody,
    StatusBody,
    TagKeyEpochBody,
    WriterBody,
    entry_hash,
)
from creditchain.log.history import LoggedAnchor
from creditchain.log.views import LogEntry
from creditchain.merkle.frontier import Frontier
from creditchain.vocabulary import DisputeState, EntryKind

_Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """An event that holds the content of an entry: its kind and contract, and how its values make the entry's body."""

    kind: EntryKind
    contract: str
    event: str
    body: Callable[[_Values], Body]


def _fields(kind: type[Body], *names: str) -> Callable[[_Values], Body]:
    """Make a body whose fields are the event parameters with these names, in order."""
    return lambda values: kind(*(values[name] for name in names))


def _dispute_filed(values: _Values) -> Body:
    return DisputeBody(
        platform=values["platform"],
        node=values["node"],
        leaf=values["leaf"],
        state=int(DisputeState.OPEN),
        due_at=values["dueAt"],
        successor=bytes(32),
        reason_digest=values["reasonDigest"],
    )


def _consent_granted(values: _Values) -> Body:
    # The third member of Consent is the platform.
    return ConsentBody(values["id"].to_bytes(32, "big"), values["institution"], values["consent"][2], values["key"])


def _consent_revoked(values: _Values) -> Body:
    return RevocationBody(values["id"].to_bytes(32, "big"), values["institution"], values["by"])


#: Every event that accompanies a log entry. To support a new contract, add its events here.
SOURCES = (
    _Source(EntryKind.WRITER, "RegionLog", "WriterSet", _fields(WriterBody, "writer", "authorised")),
    _Source(EntryKind.SEALED, "RegionLog", "Sealed", _fields(SealedBody, "by")),
    # The first ten members of NodeInfo, in order, are the body.
    _Source(EntryKind.NODE, "NodeRegistry", "NodeChanged", lambda values: NodeBody(*values["info"][:10])),
    _Source(
        EntryKind.TAG_KEY_EPOCH, "AnchorRegistry", "KeyEpochOpened", _fields(TagKeyEpochBody, "epoch", "epochDigest")
    ),
    _Source(
        EntryKind.ANCHOR,
        "AnchorRegistry",
        "Anchored",
        _fields(AnchorBody, "node", "root", "size", "product", "number", "kind", "domains", "subjects", "keyEpoch"),
    ),
    _Source(
        EntryKind.STATUS,
        "AnchorRegistry",
        "LifeChanged",
        _fields(StatusBody, "node", "leaf", "life", "successor", "reasonDigest"),
    ),
    _Source(EntryKind.DISPUTE, "AnchorRegistry", "DisputeFiled", _dispute_filed),
    _Source(
        EntryKind.DISPUTE,
        "AnchorRegistry",
        "DisputeAnswered",
        _fields(DisputeBody, "platform", "node", "leaf", "outcome", "dueAt", "successor", "reasonDigest"),
    ),
    _Source(
        EntryKind.AUDIT,
        "AnchorRegistry",
        "AuditAttested",
        _fields(AuditBody, "auditor", "node", "root", "size", "reportDigest"),
    ),
    _Source(EntryKind.BROKEN, "AnchorRegistry", "DisorderProven", _fields(BrokenBody, "node", "root", "index")),
    _Source(EntryKind.CONSENT, "ConsentToken", "ConsentGranted", _consent_granted),
    _Source(EntryKind.REVOCATION, "ConsentToken", "ConsentRevoked", _consent_revoked),
    _Source(EntryKind.OPEN_DOMAINS, "ConsentToken", "OpenDomainsSet", _fields(OpenDomainsBody, "domains")),
    _Source(EntryKind.QUERIES, "QueryLedger", "QueriesLogged", _fields(QueriesBody, "root", "count")),
    _Source(
        EntryKind.LOANS,
        "QueryLedger",
        "LoansReported",
        _fields(LoansBody, "institution", "month", "revision", "count", "amount", "queries"),
    ),
)


def read_entries(region: Region, block: int | None = None) -> list[LogEntry]:
    """Every entry of the log as of a block (None: the newest), checked against the log's root at that block.

    Raises:
        LyingEndpointError: the entries do not give that root, or an entry's event is missing or contradicts the entry.
    """
    at = region.chain.head().number if block is None else block
    entries = entries_between(region, region.deployment.first_block, at)
    for index, entry in enumerate(entries):
        if entry.index != index:
            expected, found = f"entry {index}", f"entry {entry.index}"
            raise LyingEndpointError("the endpoint omits entries of the log", expected=expected, found=found)
    frontier = Frontier()
    frontier.extend(entry.hash for entry in entries)
    root = region.log_root(at)
    if frontier.root != root:
        raise LyingEndpointError(
            f"the events of the region log do not give its root at block {at}",
            expected=f"{region.log_size(at)} entries with root 0x{root.hex()}",
            found=f"{len(entries)} entries with root 0x{frontier.root.hex()}",
            hint="The endpoint omits or changes events; use another endpoint.",
        )
    return entries


def read_anchors(region: Region, node: int | None = None) -> list[LoggedAnchor]:
    """Anchored batches, of one node or of all. Only the endpoint says that none is missing; see `read_entries`."""
    last = region.chain.head().number
    entries = entries_between(region, region.deployment.first_block, last, EntryKind.ANCHOR)
    return [
        LoggedAnchor(entry.index, entry.time, entry.body)
        for entry in entries
        if isinstance(entry.body, AnchorBody) and node in (None, entry.body.node)
    ]


def entries_between(region: Region, first: int, last: int, kind: EntryKind | None = None) -> list[LogEntry]:
    """Entries of the log in order, from the events of blocks `first` to `last`; of one kind, or of all (None).

    Each entry's body is checked against the hash in the log. Only the log's root tells whether entries are missing
    (`read_entries`).

    Raises:
        LyingEndpointError: an entry's event is missing, or contradicts the entry.
    """
    chain, deployment = region.chain, region.deployment
    deployed = deployment.contracts
    events: dict[tuple[str, bytes], tuple[_Source, Event]] = {}
    for source in SOURCES:
        if source.contract in deployed and kind in (None, source.kind):
            event = interface(source.contract).events[source.event]
            events[deployed[source.contract].address, event.topic] = (source, event)
    appended_event, log = interface("RegionLog").events["Appended"], deployment.address("RegionLog")
    addresses = tuple({log, *(address for address, _ in events)})
    topics = tuple({appended_event.topic, *(topic for _, topic in events)})
    appended: list[tuple[Log, _Values]] = []
    said: dict[int, tuple[_Source, _Values]] = {}
    for found in chain.logs(LogRange(addresses, topics, first, last)):
        where = found.address, found.topics[0]
        if where == (log, appended_event.topic):
            values = appended_event.decode(found)
            if kind in (None, values["kind"]):
                appended.append((found, values))
        elif where in events:
            source, event = events[where]
            values = event.decode(found)
            said[values["entry"]] = (source, values)
    return [_entry(deployment, found, values, said.get(values["index"])) for found, values in appended]


def _entry(deployment: Deployment, log: Log, values: _Values, said: tuple[_Source, _Values] | None) -> LogEntry:
    index, kind, writer, time = values["index"], values["kind"], values["writer"], values["time"]
    digest = values["bodyHash"]
    return LogEntry(
        index=index,
        kind=kind,
        writer=writer,
        time=time,
        body_hash=digest,
        hash=entry_hash(ENTRY_VERSION, kind, deployment.log_id, index, writer, time, digest),
        body=_body(deployment, values, said),
        block=log.block,
        transaction_hash=log.transaction_hash,
    )


def _body(deployment: Deployment, entry: _Values, said: tuple[_Source, _Values] | None) -> Body | None:
    """The content of an entry. None if a contract wrote it that this version does not know."""
    deployed = deployment.contracts
    writers = {deployed[source.contract].address for source in SOURCES if source.contract in deployed}
    if entry["writer"] not in writers:
        return None
    if said is None:
        raise LyingEndpointError(f"the endpoint omits the event of entry {entry['index']} of the region log")
    source, values = said
    body = source.body(values)
    if body.body_hash() != entry["bodyHash"] or int(body.KIND) != entry["kind"]:
        raise LyingEndpointError(
            f"the {source.event} event contradicts entry {entry['index']} of the region log",
            expected="0x" + entry["bodyHash"].hex(),
            found="0x" + body.body_hash().hex(),
        )
    return body
