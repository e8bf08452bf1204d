"""Batches name their product by its number, and there are no full batches any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

#: SQLite keeps no names of such constraints; while a table is copied they get one.
_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
_IDENTITY = ["log_id", "node", "product_digest", "upload_digest"]
#: Of an upload that was anchored both ways, the later row stays.
_TWICE = """
DELETE FROM anchorings WHERE id NOT IN (
    SELECT MAX(id) FROM anchorings GROUP BY log_id, node, product_digest, upload_digest
)
"""


def upgrade() -> None:
    """Add the number, 0 for batches of older releases, whose logs no contract of today writes."""
    op.execute(_TWICE)
    with op.batch_alter_table("anchorings", recreate="always", naming_convention=_NAMES) as table:
        table.drop_constraint("uq_anchorings_log_id", type_="unique")
        table.drop_column("kind")
        table.add_column(sa.Column("product_number", sa.Integer, nullable=False, server_default="0"))
        table.create_unique_constraint("uq_anchorings_log_id", _IDENTITY)
    with op.batch_alter_table("anchorings") as table:
        table.alter_column("product_number", server_default=None)
