"""How an upload is read, where not in the usual way: a batch that was begun is made again from the same documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; batches of older releases were read in the usual way."""
    op.add_column("anchorings", sa.Column("reading", sa.Text))
