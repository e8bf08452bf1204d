"""The region log read back from events, and checked: entries against the root, events against what was logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from creditchain.chain.abi import Event, interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import LogRange
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
from creditchain.log.views import LogEntry
from creditchain.merkle.frontier import Frontier
from creditchain.vocabulary import DisputeState

_Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Source:
    """An event that says what an entry is about: its contract, and how its values make the body."""

    contract: str
    event: str
    body: Callable[[_Values], Body]


def _fields(kind: type[Body], *names: str) -> Callable[[_Values], Body]:
    """A body whose fields are event parameters of these names, in order."""
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


#: Every event that stands beside an entry. A new contract adds its events here.
SOURCES = (
    _Source("RegionLog", "WriterSet", _fields(WriterBody, "writer", "authorised")),
    _Source("RegionLog", "Sealed", _fields(SealedBody, "by")),
    # The first ten members of NodeInfo, in order, are the body.
    _Source("NodeRegistry", "NodeChanged", lambda values: NodeBody(*values["info"][:10])),
    _Source("AnchorRegistry", "KeyEpochOpened", _fields(TagKeyEpochBody, "epoch", "epochDigest")),
    _Source(
        "AnchorRegistry",
        "Anchored",
        _fields(AnchorBody, "node", "root", "size", "product", "number", "kind", "domains", "subjects", "keyEpoch"),
    ),
    _Source("AnchorRegistry", "LifeChanged", _fields(StatusBody, "node", "leaf", "life", "successor", "reasonDigest")),
    _Source("AnchorRegistry", "DisputeFiled", _dispute_filed),
    _Source(
        "AnchorRegistry",
        "DisputeAnswered",
        _fields(DisputeBody, "platform", "node", "leaf", "outcome", "dueAt", "successor", "reasonDigest"),
    ),
    _Source("AnchorRegistry", "AuditAttested", _fields(AuditBody, "auditor", "node", "root", "size", "reportDigest")),
    _Source("AnchorRegistry", "DisorderProven", _fields(BrokenBody, "node", "root", "index")),
    _Source("ConsentToken", "ConsentGranted", _consent_granted),
    _Source("ConsentToken", "ConsentRevoked", _consent_revoked),
    _Source("ConsentToken", "OpenDomainsSet", _fields(OpenDomainsBody, "domains")),
    _Source("QueryLedger", "QueriesLogged", _fields(QueriesBody, "root", "count")),
    _Source(
        "QueryLedger",
        "LoansReported",
        _fields(LoansBody, "institution", "month", "revision", "count", "amount", "queries"),
    ),
)


def read_entries(region: Region, block: int | None = None) -> list[LogEntry]:
    """Every entry of the log as of a block (None: the newest), each with the event that says what it is about.

    Raises:
        LyingEndpointError: the entries do not add up to the log's root at that block, or an entry's event is missing or
            says something else than was logged.
    """
    at = region.chain.head().number if block is None else block
    appended, said = _read(region, at)
    entries = [_entry(region, index, log, said.get(index)) for index, log in enumerate(appended)]
    frontier = Frontier()
    frontier.extend(entry.hash for entry in entries)
    root = region.log_root(at)
    if frontier.root != root:
        raise LyingEndpointError(
            f"the events of the region log do not add up to its root at block {at}",
            expected=f"{region.log_size(at)} entries with root 0x{root.hex()}",
            found=f"{len(entries)} entries with root 0x{frontier.root.hex()}",
            hint="The endpoint leaves events out or changes them; ask another one.",
        )
    return entries


def _read(region: Region, at: int) -> tuple[list[Log], dict[int, tuple[_Source, _Values]]]:
    """The raw `Appended` events in order, and by entry index the event that says what it is about."""
    deployed = region.deployment.contracts
    log = deployed["RegionLog"].address
    appended_event = interface("RegionLog").events["Appended"]
    known: dict[tuple[str, bytes], tuple[_Source, Event]] = {}
    for source in SOURCES:
        if source.contract in deployed:
            event = interface(source.contract).events[source.event]
            known[deployed[source.contract].address, event.topic] = (source, event)
    addresses = tuple(contract.address for name, contract in deployed.items() if name != "AccessManager")
    topics = tuple({appended_event.topic, *(topic for _, topic in known)})
    appended: list[Log] = []
    said: dict[int, tuple[_Source, _Values]] = {}
    for found in region.chain.logs(LogRange(addresses, topics, region.deployment.first_block, at)):
        address, topic = found.address, found.topics[0]
        if address == log and topic == appended_event.topic:
            appended.append(found)
        elif (address, topic) in known:
            source, event = known[address, topic]
            values = event.decode(found)
            said[values["entry"]] = (source, values)
    return appended, said


def _entry(region: Region, index: int, log: Log, said: tuple[_Source, _Values] | None) -> LogEntry:
    values = interface("RegionLog").events["Appended"].decode(log)
    if values["index"] != index:
        found = f"entry {values['index']}"
        raise LyingEndpointError("the endpoint leaves out entries of the log", expected=f"entry {index}", found=found)
    body = _body(region, values, said)
    return LogEntry(
        index=index,
        kind=values["kind"],
        writer=values["writer"],
        time=values["time"],
        body_hash=values["bodyHash"],
        hash=entry_hash(
            ENTRY_VERSION,
            values["kind"],
            region.deployment.log_id,
            index,
            values["writer"],
            values["time"],
            values["bodyHash"],
        ),
        body=None if body is None else asdict(body),
        block=log.block,
        transaction_hash=log.transaction_hash,
    )


def _body(region: Region, entry: _Values, said: tuple[_Source, _Values] | None) -> Body | None:
    """What the entry is about. None when a contract that this version does not know wrote it."""
    writers = {
        region.deployment.contracts[source.contract].address
        for source in SOURCES
        if source.contract in region.deployment.contracts
    }
    if entry["writer"] not in writers:
        return None
    if said is None:
        raise LyingEndpointError(f"the endpoint leaves out the event of entry {entry['index']} of the region log")
    source, values = said
    body = source.body(values)
    if body.body_hash() != entry["bodyHash"] or int(body.KIND) != entry["kind"]:
        raise LyingEndpointError(
            f"the {source.event} event of entry {entry['index']} says something else than was logged",
            expected="0x" + entry["bodyHash"].hex(),
            found="0x" + body.body_hash().hex(),
        )
    return body
