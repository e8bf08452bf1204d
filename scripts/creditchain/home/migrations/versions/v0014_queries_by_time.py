"""Deliveries are read by time: for regulators' files, and page by page for the operator."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the index."""
    op.create_index("deliveries_by_time", "deliveries", ["log_id", "provider", "delivered_at", "id"])
