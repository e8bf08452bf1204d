"""What members do with their webhooks at an exchange: set, list, remove and replay them, and watch consents."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from creditchain.acts.consenting import granted_consent
from creditchain.acts.reporting import Places
from creditchain.chain.region import Region
from creditchain.consents.errors import ConsentUnknownError
from creditchain.documents import leaf_hash
from creditchain.errors import InputError, RefusedError
from creditchain.identifiers import Subject, subject_tag
from creditchain.index.opening import region_log
from creditchain.messages import NO_DIGEST, Consent, subject_digest
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.report_package import ReportPackage
from creditchain.packages.request_file import RequestFile
from creditchain.packages.webhook import EventKind, WebhookOrder
from creditchain.posting.addresses import Allowed
from creditchain.posting.resolving import Resolver
from creditchain.products import Product
from creditchain.store.events import Events, Sending, SendingState
from creditchain.store.noticing import Noticing
from creditchain.store.watches import OpenedWatches, SeenRecord, Watch, Watches
from creditchain.store.webhooks import Webhook, Webhooks

_DAY = 86_400
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: Seconds before now in which something may have happened that a report did not show yet, and that was told to nobody.
MEANWHILE_SECONDS = 600
#: Days for which a record that needed no consent counts as shown.
_KEEP_DAYS = 365
#: Seconds for which it is remembered which kinds of events a member wants.
_REMEMBERED_SECONDS = 1.0
#: What a record that was shown, or the consent that it was shown under, may lead to.
_OF_DELIVERIES = frozenset({EventKind.DISPUTE_FILED, EventKind.DISPUTE_ANSWERED, EventKind.WARNING_NEW})


class UnknownWebhookError(InputError):
    """The member has no such webhook."""


class NotWatchedError(RefusedError):
    """A consent cannot be watched: nobody would hear of it."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an exchange needs to tell members what happened."""

    region: Region
    node: int
    places: Places
    tag_keys: Sequence[bytes] = field(repr=False)
    products: Mapping[str, Product] = field(repr=False)
    webhooks: Webhooks = field(repr=False)
    events: Events = field(repr=False)
    watches: Watches = field(repr=False)
    noticing: Noticing = field(repr=False)
    allowed: Allowed = field(repr=False)
    resolver: Resolver = field(default_factory=Resolver, repr=False)  #: of names that members set
    authorities: Path | None = None  #: certificates (PEM) that receivers' may follow from, beside the usual ones
    opened: OpenedWatches = field(default_factory=OpenedWatches, repr=False)
    #: Which kinds a member wanted, and until when (time.monotonic) that is remembered.
    wanted: dict[int, tuple[frozenset[EventKind], float]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class WebhookShown:
    """A webhook, and how many events wait for it, were taken, or given up."""

    webhook: Webhook
    counts: Mapping[SendingState, int]


async def require_address(hooks: Hooks, member: int, order: WebhookOrder) -> None:
    """Raise ForbiddenAddressError, UnresolvedAddressError or TooManyLookUpsError if webhooks cannot go there."""
    await hooks.allowed.target(order.address, member, hooks.resolver)


def set_webhook(hooks: Hooks, member: int, order: WebhookOrder, now: int) -> Webhook:
    """Make a webhook, or change the one with this address, which `require_address` judged. Raises TooManyWebhooksError.

    A member's first webhook tells what happens from now on; due dates also of what happened before.
    """
    size = region_log(hooks.region).size
    hooks.wanted.pop(member, None)
    return hooks.webhooks.set(member, order, now, size)


def list_webhooks(hooks: Hooks, member: int) -> list[WebhookShown]:
    """A member's webhooks, the oldest first."""
    return [WebhookShown(one, hooks.events.counts(one.id)) for one in hooks.webhooks.of(member)]


def find_webhook(hooks: Hooks, member: int, webhook: str) -> WebhookShown:
    """A member's webhook by its id. Raises UnknownWebhookError."""
    return WebhookShown(_found(hooks, member, webhook), hooks.events.counts(webhook))


def remove_webhook(hooks: Hooks, member: int, webhook: str) -> None:
    """Remove a webhook; with a member's last one, all that was kept for the member. Raises UnknownWebhookError."""
    _found(hooks, member, webhook)
    hooks.wanted.pop(member, None)
    if not hooks.webhooks.remove(member, webhook):
        raise _unknown()


def members_told(hooks: Hooks) -> dict[int, dict[SendingState, int]]:
    """The members that have webhooks here, and how many events wait for each, were taken, or given up."""
    return hooks.events.counts_of_members()


def drop_webhooks(hooks: Hooks, member: int) -> int:
    """The operator removes all webhooks of a member, with all that was kept for it. Returns how many there were.

    Raises UnknownWebhookError.
    """
    hooks.wanted.pop(member, None)
    dropped = hooks.webhooks.drop(member)
    if not dropped:
        raise UnknownWebhookError(
            "this member has no webhooks", hint="GET /v1/operator/webhooks lists those that have."
        )
    return dropped


def replay_events(hooks: Hooks, member: int, webhook: str, cursor: int, now: int) -> int:
    """Send a webhook the events above a cursor again. Returns how many. Raises UnknownWebhookError."""
    found = _found(hooks, member, webhook)
    return hooks.events.replay(member, webhook, found.kinds, cursor, now)


def dead_letters(hooks: Hooks, member: int, webhook: str, cursor: int, most: int) -> list[Sending]:
    """What was given up for a webhook, of events above a cursor. Raises UnknownWebhookError."""
    _found(hooks, member, webhook)
    return hooks.events.of(webhook, SendingState.DEAD, cursor, most)


def watch_consent(hooks: Hooks, member: int, file: ConsentFile, now: int) -> None:
    """Tell a member from now on that there are new warning records under its consent. Times are those of the log.

    Whatever does not fit has one answer: told apart, the answers would say of any enterprise whether a tag, or the
    subject of somebody's consent, is its own.

    Raises:
        ConsentUnknownError: no final block has a consent that was given to the member and is about the enterprise that
            the file names.
        NotWatchedError: the member has no webhook for it.
    """
    granted = _granted(hooks, member, file)
    if granted is None:
        raise ConsentUnknownError(
            "no final block has this consent as one of this member's", expected="the file of a consent that was granted"
        )
    watch = _watch(granted, file.subject)
    if EventKind.WARNING_NEW not in _kinds(hooks, member) or not hooks.watches.watch(watch, now, now):
        raise NotWatchedError(
            "the member has no webhook that wants to hear of it", expected=f"a webhook for {EventKind.WARNING_NEW}"
        )


def note_delivery(hooks: Hooks, file: RequestFile, package: ReportPackage) -> None:
    """Before a report is delivered: the records that the institution is shown, and the consent that it watches.

    Nothing is noted for an institution that wants no such events. Harmless to repeat.
    """
    request, consent = file.request, file.consent
    kinds = _kinds(hooks, request.institution) & _OF_DELIVERIES
    if not kinds:
        return
    now = int(time.time())
    keep = _KEEP_DAYS if consent is None else consent.message.keep_days
    shown = _records(package, now + keep * _DAY)
    if kinds - {EventKind.WARNING_NEW}:
        hooks.watches.show(request.institution, shown)
    if consent is not None and request.consent != NO_DIGEST and EventKind.WARNING_NEW in kinds:
        hooks.watches.watch(_watch(consent.message, file.subject), now, now - MEANWHILE_SECONDS)


def _granted(hooks: Hooks, member: int, file: ConsentFile) -> Consent | None:
    """The consent of a file as the log has it; None unless it was given to the member, about this enterprise.

    The log is asked first: who names a consent that is not in it learns nothing of tags, not even by the time it takes.
    """
    try:
        granted = granted_consent(hooks.region, file.message.id)
    except ConsentUnknownError:
        return None
    if granted != file.message or granted.institution != member:
        return None
    tags = (subject_tag(key, file.subject) for key in hooks.tag_keys)
    return granted if granted.subject in [subject_digest(tag, file.subject_salt) for tag in tags] else None


def _watch(message: Consent, subject: Subject) -> Watch:
    return Watch(message.institution, message.id, subject, message.data_from, message.data_to, message.not_after)


def _records(package: ReportPackage, until: int) -> list[SeenRecord]:
    found = []
    for one in package.records:
        place, record = package.ranges[one.range], one.record
        tag = package.tag(place.key_epoch)
        if tag is not None:
            leaf = leaf_hash(tag.subject_tag, record.section, record.product, record.commitment)
            found.append(SeenRecord(place.node, leaf, until))
    return found


def _kinds(hooks: Hooks, member: int) -> frozenset[EventKind]:
    """The kinds of events that a member wants. Asked for each delivery, so it is remembered for a moment."""
    kinds, until = hooks.wanted.get(member, (frozenset(), 0.0))
    if time.monotonic() < until:
        return kinds
    kinds = frozenset(kind for one in hooks.webhooks.of(member) for kind in one.kinds)
    hooks.wanted[member] = kinds, time.monotonic() + _REMEMBERED_SECONDS
    return kinds


def _found(hooks: Hooks, member: int, webhook: str) -> Webhook:
    found = hooks.webhooks.find(member, webhook) if _ID.fullmatch(webhook) else None
    if found is None:
        raise _unknown()
    return found


def _unknown() -> UnknownWebhookError:
    return UnknownWebhookError("this member has no such webhook", hint="GET /v1/webhooks lists them.")
