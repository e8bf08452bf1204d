"""How often somebody did today what costs an exchange something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "daily_counts",
        sa.Column("log_id", sa.LargeBinary(32), primary_key=True),
        sa.Column("exchange", _NUMBER, primary_key=True),
        sa.Column("what", sa.String(16), primary_key=True),
        sa.Column("who", sa.String(100), primary_key=True),
        sa.Column("day", _NUMBER, nullable=False),
        sa.Column("count", _NUMBER, nullable=False),
    )
