"""Stores of webhooks with a member, and events for it."""

from __future__ import annotations

from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.home.sealing import SealingKeys
from creditchain.packages.webhook import EventKind, WebhookOrder, event_body, event_id
from creditchain.store.events import Events, NewEvent
from creditchain.store.noticing import Noticed, Noticing
from creditchain.store.watches import Watches
from creditchain.store.webhooks import Webhooks

LOG, EXCHANGE, MEMBER, NOW = keccak256(b"log"), 5, 18, 1_800_000_000
SECRET = b"s" * 32


def stores(journal: Journal) -> Noticing:
    """The stores of one exchange."""
    folder = journal.home.region(LOG).webhooks
    webhooks = Webhooks(journal, LOG, EXCHANGE, SealingKeys(folder))
    return Noticing(webhooks, Events(webhooks), Watches(webhooks))


def order(address: str = "https://bank.example/hook", *kinds: EventKind) -> WebhookOrder:
    return WebhookOrder(address, kinds or tuple(EventKind), SECRET)


def event(number: int, kind: EventKind = EventKind.CONSENT_REVOKED, member: int = MEMBER) -> NewEvent:
    item = number.to_bytes(32)
    return NewEvent(event_id(LOG, member, kind, item), member, kind, event_body(kind, NOW, {"number": number}))


def tell(at: Noticing, *events: NewEvent, now: int = NOW) -> int:
    """Write events; how many were new."""
    return at.write(Noticed(events=events), now)
