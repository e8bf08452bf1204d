"""The tables of webhooks and of what goes out by them. Times are unix seconds, digests 32 bytes.

`log_id` and `exchange` say whose rows they are: those of one node in one region's log.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.home.journal import Base


class _OfExchange:
    """Whose rows these are. The columns stand first."""

    log_id: Mapped[bytes] = mapped_column(LargeBinary(32), sort_order=-2)
    exchange: Mapped[int] = mapped_column(sort_order=-1)


class _KeyedByExchange:
    """Whose rows these are, where their keys begin with that."""

    log_id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True, sort_order=-2)
    exchange: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)


class WebhookRow(_OfExchange, Base):
    """A webhook. `kinds`: names of events, separated by blanks; `secret` is sealed."""

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("log_id", "exchange", "member", "address"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    member: Mapped[int]
    address: Mapped[str] = mapped_column(Text)
    kinds: Mapped[str] = mapped_column(Text)
    sealing_key: Mapped[str] = mapped_column(String(32))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[int]


class ReaderRow(_KeyedByExchange, Base):
    """How far the log was read for a member that has webhooks: `size` entries, under which it had this root."""

    __tablename__ = "webhook_readers"

    member: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    since: Mapped[int]  #: from entries before it only due dates are taken
    sealing_key: Mapped[str] = mapped_column(String(32))  #: of the enterprises that the member watches


class EventRow(_OfExchange, Base):
    """An event of a member. `id` is its cursor, and never given twice."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("log_id", "exchange", "event_id"),
        Index("webhook_events_by_member", "log_id", "exchange", "member", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36))
    member: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    made_at: Mapped[int]


class SendingRow(Base):
    """An event that goes, went, or could not go to a webhook. `since`: from which on it is tried."""

    __tablename__ = "webhook_sendings"
    __table_args__ = (Index("webhook_sendings_due", "state", "next_at"),)

    webhook: Mapped[str] = mapped_column(ForeignKey("webhooks.id"), primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("webhook_events.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int]
    since: Mapped[int]
    next_at: Mapped[int]
    status: Mapped[int | None]
    trouble: Mapped[str | None] = mapped_column(String(64))


class TimerRow(_OfExchange, Base):
    """Something to tell a member at a time, if it still holds then. `item` says of what."""

    __tablename__ = "webhook_timers"
    __table_args__ = (
        UniqueConstraint("log_id", "exchange", "member", "kind", "item"),
        Index("webhook_timers_due", "log_id", "exchange", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    member: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    item: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[int]


class WatchRow(_KeyedByExchange, Base):
    """A consent whose institution hears of new warning records. `subject`: whom it is about, sealed."""

    __tablename__ = "webhook_watches"
    __table_args__ = (Index("webhook_watches_by_member", "log_id", "exchange", "member"),)

    consent: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    member: Mapped[int]
    subject: Mapped[bytes] = mapped_column(LargeBinary)
    data_from: Mapped[int]  #: YYYYMMDD
    data_to: Mapped[int]
    until: Mapped[int]


class ShownRow(_KeyedByExchange, Base):
    """A record that a member was shown, by its leaf hash; until it may keep it no longer."""

    __tablename__ = "webhook_shown"
    __table_args__ = (Index("webhook_shown_until", "until"),)

    leaf: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    member: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[int]  #: who published it
    until: Mapped[int]
    looked: Mapped[bool]  #: whether a dispute that was filed meanwhile was looked for


class BatchRow(_KeyedByExchange, Base):
    """A batch to be looked into for warning records, from `next_at` on."""

    __tablename__ = "webhook_batches"
    __table_args__ = (Index("webhook_batches_due", "log_id", "exchange", "next_at"),)

    root: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    node: Mapped[int]
    key_epoch: Mapped[int]
    time: Mapped[int]  #: of its anchor
    seen_at: Mapped[int]
    next_at: Mapped[int]
