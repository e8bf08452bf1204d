"""What a region's log says of consents and deliveries as a whole: which were granted, which were metered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from creditchain.chain.consents import nonce_of
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.index.facts import IndexedFacts
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.log.consent_cells import grant_key, is_used, nonce_key
from creditchain.log.entries import ConsentBody, QueriesBody
from creditchain.log.facts import Basis
from creditchain.log.query_items import QueryItem
from creditchain.log.reading import RegionReading
from creditchain.log.views import LogEntry, Metered
from creditchain.messages import Consent, QueryRequest
from creditchain.vocabulary import EntryKind

#: Whose nonce: institution, provider, nonce.
NonceOf = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Granted:
    """A consent that was granted, and its log entry."""

    consent: Consent
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class Delivered:
    """A metered delivery. `index` is the position of its item in its log entry."""

    item: QueryItem
    entry: LogEntry
    index: int

    @property
    def metered(self) -> Metered:
        """The item, with index and time of its entry."""
        return Metered(self.entry.index, self.entry.time, self.item)


def reading_of(region: Region, log: IndexedLog) -> RegionReading:
    """Questions about the region that the index answers."""
    return RegionReading(IndexedFacts(log, Basis.AGREED if region.chain.network.witnesses else Basis.TOLD))


def granted(
    log: IndexedLog, *, institution: int | None = None, platform: int | None = None, key: str | None = None
) -> Iterator[Granted]:
    """Consents that were granted, in order."""
    holding = b"" if key is None else bytes.fromhex(key[2:])
    for entry in log.of_kind(EntryKind.CONSENT, holding=holding):
        body = entry.body
        if not isinstance(body, ConsentBody):
            continue
        wanted = ((institution, body.institution), (platform, body.platform), (key, body.key))
        if all(want in (None, have) for want, have in wanted):
            yield Granted(body.message(log.log_id), entry)


def delivered(log: IndexedLog, request: bytes = b"") -> Iterator[Delivered]:
    """Metered deliveries in order; of one request, if its id (32 bytes) is given."""
    for entry in log.of_kind(EntryKind.QUERIES, holding=request):
        yield from (one for one in _items_of(entry) if request in (b"", one.item.request))


def delivered_under(log: IndexedLog, reading: RegionReading, consent: bytes) -> Iterator[Delivered]:
    """Metered deliveries under a consent, by its id (32 bytes), in order.

    Each use wrote the consent's cell, whose words name one entry after another, so the log is not searched. Only
    without a use left can it have been overdrawn, which writes no cell: then the log is read from the last use on.
    """
    uses = [one.entry for one in reading.writes_of(grant_key(consent)) if isinstance(one.entry.body, QueriesBody)]
    uses.reverse()
    state = reading.consent(consent)
    entries: Iterable[LogEntry] = uses
    if state is not None and uses and state.used >= state.uses:
        entries = chain(uses, log.of_kind(EntryKind.QUERIES, first=uses[-1].index + 1, holding=consent))
    for entry in entries:
        yield from (one for one in _items_of(entry) if one.item.consent == consent)


def _items_of(entry: LogEntry) -> Iterator[Delivered]:
    for index, item in enumerate(entry.body.items if isinstance(entry.body, QueriesBody) else ()):
        yield Delivered(item, entry, index)


def metered_for(region: Region, requests: Sequence[QueryRequest], block: int | None = None) -> dict[NonceOf, Metered]:
    """The deliveries that were metered for the requests' nonces until a block (None: the newest), by `nonce_of`.

    Whether a nonce is used, its cell says. Where its delivery is, the index says, which walks back from the cell; and
    the few blocks that are not final yet.

    Raises:
        LyingEndpointError: the endpoint omits the log entry of a nonce that is used. As `region_log`.
    """
    at = region.chain.head().number if block is None else block
    nonces = list(dict.fromkeys(nonce_of(request) for request in requests))
    words = region.words([nonce_key(*one) for one in nonces], at)
    used = [one for one, word in zip(nonces, words, strict=True) if is_used(word, one[2])]
    if not used:
        return {}
    log = region_log(region)
    reading, recent = reading_of(region, log), _recent(region, log.block.number + 1, at)
    found = {one: reading.metered(*one) or recent.get(one) for one in used}
    missing = [one for one, metered in found.items() if metered is None]
    if missing:
        raise LyingEndpointError("the endpoint omits an entry of the log", expected="a delivery for each used nonce")
    return {one: metered for one, metered in found.items() if metered is not None}


def _recent(region: Region, first: int, last: int) -> dict[NonceOf, Metered]:
    """What was metered in blocks that are not final."""
    entries = entries_between(region, first, last, EntryKind.QUERIES) if first <= last else []
    return {
        (item.institution, item.provider, item.nonce): Metered(entry.index, entry.time, item)
        for entry in entries
        for item in (entry.body.items if isinstance(entry.body, QueriesBody) else ())
    }
