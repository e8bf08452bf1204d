"""Complaints are sealed: their words, and those of the answers.

No release had the table of before, whose words were open, so it is made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("complaints")
    op.create_table(
        "complaints",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("exchange", _NUMBER, nullable=False),
        sa.Column("consent", sa.LargeBinary(32), nullable=False),
        sa.Column("filed_at", _NUMBER, nullable=False),
        sa.Column("answered_at", _NUMBER),
        sa.Column("sealing_key", sa.String(32), nullable=False),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
    )
    op.create_index("complaints_by_consent", "complaints", ["log_id", "consent"])
    op.create_index("complaints_by_answer", "complaints", ["log_id", "exchange", "answered_at"])
