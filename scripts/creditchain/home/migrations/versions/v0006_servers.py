"""The journal may lie on a PostgreSQL server, whose database says whose journal it holds.

Servers know no earlier revision, so all tables are made here for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table; on a server, add all."""
    if op.get_bind().dialect.name != "sqlite":
        _transactions()
        _attempts()
        _anchorings()
    op.create_table(
        "journal_identity",
        sa.Column("home", sa.String(32), primary_key=True),
        sa.Column("journal", sa.String(32), nullable=False),
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("genesis", sa.LargeBinary(32), nullable=False),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("scope", sa.String(128), nullable=False),
        sa.Column("intent", sa.String(256), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("target", sa.String(42)),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.String(78), nullable=False),
        sa.Column("description", sa.String(512), nullable=False),
        sa.Column("gas", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("block_number", sa.BigInteger),
        sa.Column("block_hash", sa.LargeBinary(32)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.UniqueConstraint("genesis", "scope", "intent"),
        sa.UniqueConstraint("genesis", "sender", "nonce"),
    )


def _attempts() -> None:
    op.create_table(
        "transaction_attempts",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("transaction_id", sa.BigInteger, sa.ForeignKey("transactions.id"), nullable=False),
        sa.Column("genesis", sa.LargeBinary(32), nullable=False),
        sa.Column("sender", sa.String(42), nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("fee_limit", sa.String(78), nullable=False),
        sa.Column("fee_tip", sa.String(78)),
        sa.Column("signed_at", sa.Double, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.Column("state", sa.String(8), nullable=False, server_default="signed"),
        sa.Column("refusal", sa.String(256)),
        sa.UniqueConstraint("genesis", "hash"),
    )
    for column in ("transaction_id", "nonce"):
        op.create_index(f"ix_transaction_attempts_{column}", "transaction_attempts", [column])
    op.create_table(
        "key_claims",
        sa.Column("genesis", sa.LargeBinary(32), primary_key=True),
        sa.Column("sender", sa.String(42), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(300), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )


def _anchorings() -> None:
    op.create_table(
        "anchorings",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("log_id", sa.LargeBinary(32), nullable=False),
        sa.Column("node", sa.BigInteger, nullable=False),
        sa.Column("product", sa.String(128), nullable=False),
        sa.Column("product_number", sa.BigInteger, nullable=False),
        sa.Column("product_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("upload_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("upload", sa.String(4096), nullable=False),
        sa.Column("reading", sa.Text),
        sa.Column("skip_invalid", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary),
        sa.Column("sealing_key", sa.String(32)),
        sa.Column("key_epoch", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary(32)),
        sa.Column("size", sa.BigInteger),
        sa.Column("subjects", sa.BigInteger),
        sa.Column("domains", sa.BigInteger),
        sa.Column("skipped", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger),
        sa.Column("entry", sa.BigInteger),
        sa.Column("block", sa.BigInteger),
        sa.Column("transaction_hash", sa.LargeBinary(32)),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("updated_at", sa.Double, nullable=False),
        sa.UniqueConstraint("log_id", "node", "product_digest", "upload_digest"),
    )
    op.create_index("ix_anchorings_root", "anchorings", ["root"])
