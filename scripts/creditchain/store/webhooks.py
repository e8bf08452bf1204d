"""Webhooks of members: where each wants its events, and how far the log was read for it.

Secrets are sealed. The keys are files in the home; removing a webhook destroys its key, and the last one takes along
all else that the member left here.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from creditchain.errors import RefusedError
from creditchain.home.journal import Journal
from creditchain.home.sealing import Sealed, SealingKeys
from creditchain.packages.webhook import EventKind, WebhookOrder
from creditchain.store.webhook_tables import EventRow, ReaderRow, SendingRow, ShownRow, TimerRow, WatchRow, WebhookRow

#: Webhooks that a member may have at one exchange.
MOST_WEBHOOKS = 8


@dataclass(frozen=True, slots=True)
class Webhook:
    """A member's webhook. Times are unix seconds."""

    id: str
    member: int
    address: str = field(repr=False)
    kinds: tuple[EventKind, ...]
    made_at: int


@dataclass(frozen=True, slots=True)
class Reader:
    """How far the log was read for a member: `size` entries with this root; events are those from entry `since` on."""

    member: int
    size: int
    root: bytes
    since: int
    sealing_key: str


class TooManyWebhooksError(RefusedError):
    """The member has as many webhooks as it may have."""


class Webhooks:
    """The webhooks at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int, keys: SealingKeys) -> None:
        self.journal, self.log_id, self.exchange, self.keys = journal, log_id, exchange, keys
        #: What the rows of this exchange have in common.
        self.whose: Mapping[str, Any] = {"log_id": log_id, "exchange": exchange}

    def mine(self, table: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """That rows are of this exchange."""
        return table.log_id == self.log_id, table.exchange == self.exchange

    def key(self, *rest: Any) -> tuple[Any, ...]:
        """The key of a row of this exchange, where its columns begin with whose it is."""
        return self.log_id, self.exchange, *rest

    def set(self, member: int, order: WebhookOrder, now: int, size: int) -> Webhook:
        """Make a webhook, or change kinds and secret of the one with this address.

        `size`: of the log now; what happened before is no event of a member that had no webhook.
        Raises TooManyWebhooksError.
        """
        with self.journal.write() as session:
            row = session.scalars(self._of(member).where(WebhookRow.address == order.address)).one_or_none()
            if row is None:
                self._require_room(session, member)
            old = None if row is None else row.sealing_key
            sealed = self.keys.seal(order.secret)  # under the lock, so that `sweep` takes no key that is to be used
            if row is None:
                row = WebhookRow(
                    **self.whose, id=secrets.token_hex(16), member=member, address=order.address, made_at=now
                )
                session.add(row)
            row.kinds, row.sealing_key, row.secret = " ".join(order.kinds), sealed.key, sealed.data
            if session.get(ReaderRow, self.key(member)) is None:
                session.add(self._reader(member, size))
            made = _webhook(row)
        if old is not None:
            self.keys.destroy(old)
        return made

    def of(self, member: int) -> list[Webhook]:
        """A member's webhooks, the oldest first."""
        with self.journal.read() as session:
            rows = session.scalars(self._of(member).order_by(WebhookRow.made_at, WebhookRow.id))
            return [_webhook(row) for row in rows]

    def find(self, member: int, webhook: str) -> Webhook | None:
        """A member's webhook by its id; None if it has none such."""
        with self.journal.read() as session:
            row = session.scalars(self._of(member).where(WebhookRow.id == webhook)).one_or_none()
            return None if row is None else _webhook(row)

    def secret(self, webhook: str) -> bytes | None:
        """The secret of a webhook; None if it was removed. Raises SecretLostError, StorageError."""
        with self.journal.read() as session:
            row = session.get(WebhookRow, webhook)
        return None if row is None else self.keys.open(Sealed(row.sealing_key, row.secret))

    def remove(self, member: int, webhook: str) -> bool:
        """Remove a webhook, with all that waits for it. False if there is none."""
        return self._remove(member, WebhookRow.id == webhook) > 0

    def drop(self, member: int) -> int:
        """Remove all webhooks of a member, and all else that was kept for it. Returns how many webhooks there were."""
        return self._remove(member)

    def _remove(self, member: int, *which: ColumnElement[bool]) -> int:
        with self.journal.write() as session:
            rows = session.scalars(self._of(member).where(*which)).all()
            keys = [row.sealing_key for row in rows]
            for row in rows:
                session.execute(delete(SendingRow).where(SendingRow.webhook == row.id))
                session.delete(row)
            session.flush()
            if rows and session.scalars(self._of(member)).first() is None:
                keys += self._forget(session, member)
        for key in keys:  # afterwards: a row that is there can be opened
            self.keys.destroy(key)
        return len(rows)

    def readers(self) -> list[Reader]:
        """The members that have webhooks, and how far the log was read for them."""
        rows = select(ReaderRow).where(*self.mine(ReaderRow))
        with self.journal.read() as session:
            return [Reader(row.member, row.size, row.root, row.since, row.sealing_key) for row in session.scalars(rows)]

    def has_read(self, session: Session, members: Collection[int], size: int, root: bytes) -> None:
        """The log was read up to here for these members. Part of the transaction that writes their events."""
        session.execute(
            update(ReaderRow).where(*self.mine(ReaderRow), ReaderRow.member.in_(members)).values(size=size, root=root)
        )

    def wanting(self, session: Session, member: int, kind: EventKind) -> list[str]:
        """The ids of a member's webhooks that want events of a kind."""
        return [row.id for row in session.scalars(self._of(member)) if kind.value in row.kinds.split()]

    def sweep(self) -> None:
        """Destroy the keys that nothing refers to, as a killed process leaves them."""
        with self.journal.write() as session:
            used = {*session.scalars(select(WebhookRow.sealing_key)), *session.scalars(select(ReaderRow.sealing_key))}
            self.keys.destroy_all_but(used)

    def _reader(self, member: int, size: int) -> ReaderRow:
        return ReaderRow(**self.whose, member=member, size=0, root=b"", since=size, sealing_key=self.keys.new_key())

    def _forget(self, session: Session, member: int) -> list[str]:
        """Forget what was kept for a member that has no webhooks any more. Returns the key of what it watched."""
        reader = session.get(ReaderRow, self.key(member))
        for table in (EventRow, TimerRow, WatchRow, ShownRow):
            session.execute(delete(table).where(*self.mine(table), table.member == member))
        if reader is None:
            return []
        session.delete(reader)
        return [reader.sealing_key]

    def _require_room(self, session: Session, member: int) -> None:
        count = int(session.execute(select(func.count()).select_from(self._of(member).subquery())).scalar_one())
        if count >= MOST_WEBHOOKS:
            raise TooManyWebhooksError(
                "the member has as many webhooks as it may have",
                expected=f"at most {MOST_WEBHOOKS}",
                hint="Remove one that is not used any more.",
            )

    def _of(self, member: int) -> Select[WebhookRow]:
        return select(WebhookRow).where(*self.mine(WebhookRow), WebhookRow.member == member)


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(row.id, row.member, row.address, tuple(map(EventKind, row.kinds.split())), row.made_at)
