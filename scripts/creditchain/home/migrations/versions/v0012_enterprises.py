"""What an exchange keeps of enterprises: sessions, and reports about themselves. Answers that go early."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "enterprise_sessions",
        sa.Column("token_hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("until", _NUMBER, nullable=False),
    )
    op.create_table(
        "own_reports",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("consent", sa.LargeBinary(32), nullable=False),
        sa.Column("product", sa.LargeBinary(32), nullable=False),
        sa.Column("report", sa.LargeBinary(32), nullable=False),
        sa.Column("asker", sa.String(42), nullable=False),
        sa.Column("made_at", _NUMBER, nullable=False),
    )
    op.create_index("own_reports_by_consent", "own_reports", ["log_id", "consent"])
    op.create_index("own_reports_by_time", "own_reports", ["log_id", "exchange", "made_at"])
    op.add_column("delivery_answers", sa.Column("drop_after", _NUMBER))
    some = sa.text("drop_after IS NOT NULL")
    op.create_index(
        "answers_to_drop", "delivery_answers", ["drop_after"], sqlite_where=some, postgresql_where=some
    )  # fmt: skip
