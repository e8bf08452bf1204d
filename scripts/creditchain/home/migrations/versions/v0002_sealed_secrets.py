"""Secrets of batches under way are encrypted, each under a key in a file of its own (`creditchain.home.sealing`)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from creditchain.home.layout import Home
from creditchain.home.sealing import SealingKeys

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Encrypt what is there, and drop the column that held it in the clear."""
    op.add_column("anchorings", sa.Column("sealed_secret", sa.LargeBinary))
    op.add_column("anchorings", sa.Column("sealing_key", sa.String(32)))
    home = Home(context.config.attributes["home"])
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, log_id, secret FROM anchorings WHERE secret IS NOT NULL")).all()
    for number, log_id, secret in rows:
        sealed = SealingKeys(home.region(log_id).secrets).seal(secret)
        connection.execute(
            sa.text("UPDATE anchorings SET sealed_secret = :sealed, sealing_key = :key WHERE id = :id"),
            {"sealed": sealed.data, "key": sealed.key, "id": number},
        )
    with op.batch_alter_table("anchorings", recreate="always") as table:
        table.drop_column("secret")
