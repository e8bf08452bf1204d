"""Webhooks of members: addresses, events, what is to be sent, due dates, watched consents, records that were shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _webhooks()
    _events()
    op.create_table(
        "webhook_timers",
        sa.Column("id", _NUMBER, primary_key=True),
        *_whose(key=False),
        sa.Column("member", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("item", sa.LargeBinary, nullable=False),
        sa.Column("at", _NUMBER, nullable=False),
        sa.UniqueConstraint("log_id", "exchange", "member", "kind", "item"),
    )
    op.create_index("webhook_timers_due", "webhook_timers", ["log_id", "exchange", "at"])
    _watched()


def _whose(*, key: bool) -> tuple[sa.Column[bytes], sa.Column[int]]:
    return (
        sa.Column("log_id", sa.LargeBinary(32), nullable=False, primary_key=key),
        sa.Column("exchange", _NUMBER, nullable=False, primary_key=key),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(32), primary_key=True),
        *_whose(key=False),
        sa.Column("member", _NUMBER, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("sealing_key", sa.String(32), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("made_at", _NUMBER, nullable=False),
        sa.UniqueConstraint("log_id", "exchange", "member", "address"),
    )
    op.create_table(
        "webhook_readers",
        *_whose(key=True),
        sa.Column("member", _NUMBER, primary_key=True),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("since", _NUMBER, nullable=False),
        sa.Column("sealing_key", sa.String(32), nullable=False),
    )


def _events() -> None:
    op.create_table(
        "webhook_events",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("event_id", sa.String(36), nullable=False),
        *_whose(key=False),
        sa.Column("member", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made_at", _NUMBER, nullable=False),
        sa.UniqueConstraint("log_id", "exchange", "event_id"),
        # A cursor has to go on growing when the newest events are gone.
        sqlite_autoincrement=True,
    )
    op.create_index("webhook_events_by_member", "webhook_events", ["log_id", "exchange", "member", "id"])
    op.create_table(
        "webhook_sendings",
        sa.Column("webhook", sa.String(32), sa.ForeignKey("webhooks.id"), primary_key=True),
        sa.Column("event", _NUMBER, sa.ForeignKey("webhook_events.id"), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", _NUMBER, nullable=False),
        sa.Column("since", _NUMBER, nullable=False),
        sa.Column("next_at", _NUMBER, nullable=False),
        sa.Column("status", _NUMBER),
        sa.Column("trouble", sa.String(64)),
    )
    op.create_index("webhook_sendings_due", "webhook_sendings", ["state", "next_at"])


def _watched() -> None:
    op.create_table(
        "webhook_watches",
        *_whose(key=True),
        sa.Column("consent", sa.LargeBinary(32), primary_key=True),
        sa.Column("member", _NUMBER, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("data_from", _NUMBER, nullable=False),
        sa.Column("data_to", _NUMBER, nullable=False),
        sa.Column("until", _NUMBER, nullable=False),
    )
    op.create_index("webhook_watches_by_member", "webhook_watches", ["log_id", "exchange", "member"])
    op.create_table(
        "webhook_shown",
        *_whose(key=True),
        sa.Column("leaf", sa.LargeBinary(32), primary_key=True),
        sa.Column("member", _NUMBER, primary_key=True),
        sa.Column("node", _NUMBER, nullable=False),
        sa.Column("until", _NUMBER, nullable=False),
        sa.Column("looked", sa.Boolean, nullable=False),
    )
    op.create_index("webhook_shown_until", "webhook_shown", ["until"])
    op.create_table(
        "webhook_batches",
        *_whose(key=True),
        sa.Column("root", sa.LargeBinary(32), primary_key=True),
        sa.Column("node", _NUMBER, nullable=False),
        sa.Column("key_epoch", _NUMBER, nullable=False),
        sa.Column("time", _NUMBER, nullable=False),
        sa.Column("seen_at", _NUMBER, nullable=False),
        sa.Column("next_at", _NUMBER, nullable=False),
    )
    op.create_index("webhook_batches_due", "webhook_batches", ["log_id", "exchange", "next_at"])
