"""What an exchange keeps: deliveries to be metered, answers that may be asked for again, sessions of members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _deliveries()
    op.create_table(
        "exchange_sessions",
        sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("node", _NUMBER, nullable=False),
        sa.Column("address", sa.String(42), nullable=False),
        sa.Column("until", _NUMBER, nullable=False),
    )
    op.create_table(
        "used_challenges",
        sa.Column("challenge", sa.LargeBinary(32), primary_key=True),
        sa.Column("until", _NUMBER, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("institution", _NUMBER, nullable=False),
        sa.Column("provider", _NUMBER, nullable=False),
        sa.Column("nonce", _NUMBER, nullable=False),
        sa.Column("consent", sa.LargeBinary(32), nullable=False),
        sa.Column("request_message", sa.Text, nullable=False),
        sa.Column("receipt_message", sa.Text, nullable=False),
        sa.Column("request_signature", sa.LargeBinary, nullable=False),
        sa.Column("receipt_signature", sa.LargeBinary, nullable=False),
        sa.Column("broker_signature", sa.LargeBinary, nullable=False),
        sa.Column("delivered_at", _NUMBER, nullable=False),
        sa.Column("meter_by", _NUMBER, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("entry", _NUMBER),
        sa.Column("block", _NUMBER),
        sa.Column("flags", _NUMBER),
        sa.Column("finding", _NUMBER),
        sa.UniqueConstraint("log_id", "request"),
        sa.UniqueConstraint("log_id", "institution", "provider", "nonce"),
    )
    op.create_index("deliveries_by_consent", "deliveries", ["log_id", "consent"])
    op.create_index("deliveries_by_state", "deliveries", ["log_id", "provider", "state"])
    op.create_table(
        "delivery_answers",
        sa.Column("delivery_id", _NUMBER, sa.ForeignKey("deliveries.id"), primary_key=True),
        sa.Column("sealing_key", sa.String(32), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_delivery_answers_sealing_key", "delivery_answers", ["sealing_key"])
