"""Attempts of the outbox have states, and a key that is being used for signing is claimed (chain/outbox_journal.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: The newest attempt of each transaction under its present nonce is the one that is handed in.
_OLDER = """
UPDATE transaction_attempts SET state = 'replaced' WHERE id NOT IN (
    SELECT MAX(attempt.id) FROM transaction_attempts AS attempt
    JOIN transactions ON transactions.id = attempt.transaction_id AND transactions.nonce = attempt.nonce
    GROUP BY attempt.transaction_id
)
"""


def upgrade() -> None:
    """Add the columns and the table, and tell which attempts are outstanding."""
    op.add_column("transaction_attempts", sa.Column("state", sa.String(8), nullable=False, server_default="signed"))
    op.add_column("transaction_attempts", sa.Column("refusal", sa.String(256)))
    op.execute("UPDATE transaction_attempts SET state = 'sent' WHERE sent_at IS NOT NULL")
    op.execute(_OLDER)
    op.create_table(
        "key_claims",
        sa.Column("genesis", sa.LargeBinary(32), primary_key=True),
        sa.Column("sender", sa.String(42), primary_key=True),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(300), nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
