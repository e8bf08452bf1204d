"""Telling institutions that there are new warning records under their live consents. 风险预警

The event names the consent and nothing else: what the records say, how many there are, and whose they are, would be a
disclosure that nobody metered. The institution asks for a report.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from creditchain.acts.hook_members import acting_members
from creditchain.acts.noticing import new_event
from creditchain.acts.webhooks import Hooks
from creditchain.batch.folder.opened import BatchFolder
from creditchain.consents.standing import ConsentStanding, standing
from creditchain.documents import JSON_MEDIA_TYPE, Section, parse_document
from creditchain.errors import CreditchainError
from creditchain.faults import told
from creditchain.identifiers import epoch_digest, subject_tag
from creditchain.index.opened import IndexedLog
from creditchain.index.queries import reading_of
from creditchain.log.reading import RegionReading
from creditchain.log.views import ConsentState
from creditchain.packages.parts import hexed
from creditchain.packages.webhook import EventKind
from creditchain.reports import FolderLibrary
from creditchain.store.events import NewEvent
from creditchain.store.noticing import Noticed
from creditchain.store.watches import SeenBatch, Watch
from creditchain.verification.days import day_number

_log = logging.getLogger(__name__)

#: Batches that are looked into together.
_MOST: Final = 16
#: Seconds after which a batch that is not here is looked for again: while it is young, and later.
_SOON, _LATER, _YOUNG = 5, 600, 3600
#: Seconds for which a batch may still arrive.
BATCH_SECONDS: Final = 30 * 86_400
_NEVER: Final = 2**40


def notice_batches(hooks: Hooks, log: IndexedLog, now: int) -> int:
    """Look into batches that were anchored. Returns how many were looked into or for.

    A batch whose folder is not in this exchange's places yet is looked for again; so is one that concerns a member
    which does not act now.
    """
    batches = hooks.watches.batches(now, _MOST)
    if not batches:
        return 0
    reading = reading_of(hooks.region, log)
    watched = _watched(hooks, now)
    with FolderLibrary(log.log_id, hooks.places.batches, ()) as library:
        for one in batches:
            hooks.noticing.write(_looked_into(hooks, log, reading, library, one, watched, now), now)
    return len(batches)


def _watched(hooks: Hooks, now: int) -> list[Watch]:
    before = hooks.opened.lost
    found = hooks.watches.watched(now, hooks.opened)
    if hooks.opened.lost > before:
        _log.error("watched consents that cannot be opened, since their keys are lost: %d", hooks.opened.lost)
    return found


def _looked_into(
    hooks: Hooks, log: IndexedLog, reading: RegionReading, library: FolderLibrary, batch: SeenBatch,
    watched: list[Watch], now: int,
) -> Noticed:  # fmt: skip
    again = now + (_SOON if now < batch.time + _YOUNG else _LATER)
    try:
        folder = library.batch((batch.node, batch.root))
        if folder is None:
            return Noticed(looked_into=[(batch, again)])
        key = _key_of(hooks, reading, batch.key_epoch)
        about = [] if key is None else _about(folder, key, watched)
        acting = acting_members(hooks.region, log, {one.member for one, _ in about}, now)
        events = _events(log, reading, folder, batch, [one for one in about if one[0].member in acting], now)
    except CreditchainError as error:
        _log.error("a batch cannot be looked into, and is tried again: %s", error.message)
        return Noticed(looked_into=[(batch, now + _LATER)])
    except Exception as error:  # one batch's fault must not stop the others
        _log.error("a batch cannot be looked into, and is tried again: %s", told(error))
        return Noticed(looked_into=[(batch, now + _LATER)])
    all_told = acting.issuperset(one.member for one, _ in about)
    return Noticed(events=events, looked_into=[(batch, _NEVER if all_told else now + _LATER)])


def _about(folder: BatchFolder, key: bytes, watched: list[Watch]) -> list[tuple[Watch, Sequence[int]]]:
    """The watches about whose enterprises a batch has warning records, each with their rows."""
    found = ((one, folder.find(subject_tag(key, one.subject), Section.WARNING)) for one in watched)
    return [(one, rows) for one, rows in found if rows]


def _events(
    log: IndexedLog, reading: RegionReading, folder: BatchFolder, batch: SeenBatch,
    about: list[tuple[Watch, Sequence[int]]], now: int,
) -> list[NewEvent]:  # fmt: skip
    found = []
    for one, rows in about:
        state = reading.consent(one.consent)
        if state is None or not _is_live(state, one.member, now):
            continue
        domains = state.domains | (open_domains := reading.open_domains_at(now))
        if any(_is_covered(folder, row, domains, open_domains, one) for row in rows):
            item = one.consent + batch.root
            data = {"consent": hexed(one.consent)}
            found.append(new_event(log.log_id, one.member, EventKind.WARNING_NEW, item, batch.time, data))
    return found


def _is_live(state: ConsentState, member: int, now: int) -> bool:
    """Whether the consent would admit a request about warning records now."""
    covers = state.sections >> Section.WARNING & 1
    return bool(covers) and state.institution == member and standing(state, now) is ConsentStanding.VALID


def _is_covered(folder: BatchFolder, row: int, domains: int, open_domains: int, watch: Watch) -> bool:
    """Whether the consent covers the record: its domain, and the day that it is about."""
    domain = folder.leaves.domain(row)
    if row in folder.purged or not domains >> domain & 1:
        return False
    if open_domains >> domain & 1:
        return True
    stored = folder.document(row)
    if stored.media_type != JSON_MEDIA_TYPE:  # the day is not known, so no report shows it
        return False
    return watch.data_from <= day_number(parse_document(stored.content).as_of) <= watch.data_to


def _key_of(hooks: Hooks, reading: RegionReading, epoch: int) -> bytes | None:
    """The tag key of an epoch; None if this exchange does not have it, so that it finds no enterprise there."""
    logged = reading.key_epoch_digest(epoch)
    return next((key for key in hooks.tag_keys if epoch_digest(key) == logged), None)
