"""The tables as they were before revisions were written.

A journal from before may have all of them, or only the outbox's: a command that anchored nothing created no table of
anchorings. So each is created only where it is missing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create what is missing."""
    _transactions()
    _attempts()
    _anchorings()


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("genesis", sa.LargeBinary(32), nullable=False),
        sa.Column("chain_id", sa.Integer, nullable=False),
        sa.Column("scope", sa.String(128), nullable=False),
        sa.Column("intent", sa.String(256), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("target", sa.String(42)),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.String(78), nullable=False),
        sa.Column("description", sa.String(512), nullable=False),
        sa.Column("gas", sa.Integer, nullable=False),
        sa.Column("nonce", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("block_number", sa.Integer),
        sa.Column("block_hash", sa.LargeBinary(32)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.UniqueConstraint("genesis", "scope", "intent"),
        sa.UniqueConstraint("genesis", "sender", "nonce"),
        if_not_exists=True,
    )


def _attempts() -> None:
    op.create_table(
        "transaction_attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("transaction_id", sa.Integer, sa.ForeignKey("transactions.id"), nullable=False),
        sa.Column("genesis", sa.LargeBinary(32), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("fee_limit", sa.String(78), nullable=False),
        sa.Column("fee_tip", sa.String(78)),
        sa.Column("signed_at", sa.Double, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.UniqueConstraint("genesis", "hash"),
        if_not_exists=True,
    )
    for column in ("transaction_id", "nonce"):
        op.create_index(f"ix_transaction_attempts_{column}", "transaction_attempts", [column], if_not_exists=True)


def _anchorings() -> None:
    op.create_table(
        "anchorings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("node", sa.Integer, nullable=False),
        sa.Column("product", sa.String(128), nullable=False),
        sa.Column("product_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("upload_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("upload", sa.String(4096), nullable=False),
        sa.Column("skip_invalid", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("secret", sa.LargeBinary(32)),
        sa.Column("key_epoch", sa.Integer, nullable=False),
        sa.Column("root", sa.LargeBinary(32)),
        sa.Column("size", sa.Integer),
        sa.Column("subjects", sa.Integer),
        sa.Column("domains", sa.Integer),
        sa.Column("skipped", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("entry", sa.Integer),
        sa.Column("block", sa.Integer),
        sa.Column("transaction_hash", sa.LargeBinary(32)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.UniqueConstraint("log_id", "node", "product_digest", "upload_digest", "kind"),
        if_not_exists=True,
    )
    op.create_index("ix_anchorings_root", "anchorings", ["root"], if_not_exists=True)
