"""Parts of reports that a publisher gave to other providers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "given_parts",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("node", _NUMBER, nullable=False),
        sa.Column("order", sa.LargeBinary(32), nullable=False),
        sa.Column("institution", _NUMBER, nullable=False),
        sa.Column("provider", _NUMBER, nullable=False),
        sa.Column("consent", sa.LargeBinary(32), nullable=False),
        sa.Column("request_message", sa.Text, nullable=False),
        sa.Column("request_signature", sa.LargeBinary, nullable=False),
        sa.Column("part", sa.LargeBinary(32), nullable=False),
        sa.Column("records", _NUMBER, nullable=False),
        sa.Column("given_at", _NUMBER, nullable=False),
        sa.Column("sealing_key", sa.String(32)),
        sa.Column("data", sa.LargeBinary),
        sa.UniqueConstraint("log_id", "request", "node", "order"),
    )
    op.create_index("given_parts_by_consent", "given_parts", ["log_id", "consent"])
    op.create_index("ix_given_parts_sealing_key", "given_parts", ["sealing_key"])
