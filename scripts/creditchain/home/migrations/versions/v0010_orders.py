"""Orders: requests that somebody at the provider looks at before they are answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"

#: SQLite numbers rows by itself only under this name.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "orders",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("institution", _NUMBER, nullable=False),
        sa.Column("broker", _NUMBER, nullable=False),
        sa.Column("provider", _NUMBER, nullable=False),
        sa.Column("deadline", _NUMBER, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("placed_at", _NUMBER, nullable=False),
        *(
            sa.Column(f"{state}_at", _NUMBER)
            for state in ("accepted", "assembling", "delivered", "received", "metered", "declined", "expired")
        ),
        sa.Column("reason", sa.Text),
        sa.Column("sealing_key", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary),
        sa.Column("delivery", sa.LargeBinary),
        sa.UniqueConstraint("log_id", "request"),
    )
    op.create_index("orders_by_institution", "orders", ["log_id", "provider", "institution"])
    op.create_index("orders_by_state", "orders", ["log_id", "provider", "state"])
