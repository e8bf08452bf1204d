"""The consents that concern a member, page by page in the order in which they were granted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from creditchain.chain.region import Region
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.log.consent_cells import consent_of, grant_key, pause_key
from creditchain.log.entries import ConsentBody
from creditchain.log.views import BlockRef, ConsentState, LogEntry
from creditchain.messages import Consent
from creditchain.vocabulary import EntryKind

#: Consents of all members that are looked at for one page.
LOOKED_AT: Final = 5000


@dataclass(frozen=True, slots=True)
class GrantedConsent:
    """A consent, the index and time (unix seconds) of its entry, and how it stands."""

    message: Consent
    entry: int
    granted_at: int
    state: ConsentState


@dataclass(frozen=True, slots=True)
class ConsentsPage:
    """Some consents, and the cursor of the next page; None at the end of the log, as of `block`."""

    consents: tuple[GrantedConsent, ...]
    next: int | None
    block: BlockRef


def consents_page(region: Region, member: int, cursor: int, most: int) -> ConsentsPage:
    """Consents for an institution, and those that a platform endorsed, from the entry `cursor` on; at most so many.

    A page may be short, or empty, though more follow: `next` alone says whether it was the last one.
    """
    log = region_log(region)
    found: list[tuple[LogEntry, Consent]] = []
    last = cursor - 1
    for entry in islice(log.of_kind(EntryKind.CONSENT, first=min(cursor, log.size)), LOOKED_AT):
        last = entry.index
        if isinstance(entry.body, ConsentBody) and member in (entry.body.institution, entry.body.platform):
            found.append((entry, entry.body.message(log.log_id)))
            if len(found) == most:
                break
    return ConsentsPage(_with_states(log, found), last + 1 if _more(log, last + 1) else None, log.block)


def _more(log: IndexedLog, first: int) -> bool:
    return next(iter(log.of_kind(EntryKind.CONSENT, first=first)), None) is not None


def _with_states(log: IndexedLog, found: list[tuple[LogEntry, Consent]]) -> tuple[GrantedConsent, ...]:
    words = log.words([key for _, one in found for key in (grant_key(one.id), pause_key(one.id))])
    states = [consent_of(*words[place : place + 2]) for place in range(0, len(words), 2)]
    return tuple(
        GrantedConsent(message, entry.index, entry.time, state)
        for (entry, message), state in zip(found, states, strict=True)
    )
