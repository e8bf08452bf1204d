"""Until when an order's delivery, and a part that was given, may be kept, where a consent says so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

#: As the other numbers of these tables.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns. What older releases wrote is kept for as long as they did."""
    some = sa.text("drop_after IS NOT NULL")
    for table, index in (("orders", "orders_to_drop"), ("given_parts", "parts_to_drop")):
        op.add_column(table, sa.Column("drop_after", _NUMBER))
        op.create_index(index, table, ["drop_after"], sqlite_where=some, postgresql_where=some)
