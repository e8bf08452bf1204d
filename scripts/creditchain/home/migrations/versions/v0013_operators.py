"""Uploads that an operator sends to its exchange, and complaints of enterprises about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "operator_uploads",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("product", sa.String(128), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("told", sa.Text),
        sa.Column("root", sa.LargeBinary(32)),
        sa.Column("entry", _NUMBER),
        sa.Column("received_at", _NUMBER, nullable=False),
        sa.Column("changed_at", _NUMBER, nullable=False),
    )
    op.create_index("operator_uploads_by_state", "operator_uploads", ["log_id", "exchange", "state"])
    op.create_table(
        "complaints",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("consent", sa.LargeBinary(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("filed_at", _NUMBER, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", _NUMBER),
    )
    op.create_index("complaints_by_consent", "complaints", ["log_id", "consent"])
