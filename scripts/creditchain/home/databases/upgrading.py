"""Runs migrations inside a transaction of the caller."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from creditchain.home.databases.schema import Schema


def upgrade(connection: Connection, schema: Schema, home: Path, *, fresh: bool = False) -> None:
    """Upgrade to the newest revision. `connection` holds the write lock; the caller commits. `home` keeps keys' files.

    `fresh`: there are no tables yet, or they are from before revisions were written, which only SQLite's can be.
    """
    config = configuration(connection, schema, home)
    if fresh and schema.past is not None and connection.dialect.name != "sqlite":
        command.stamp(config, schema.past)
    command.upgrade(config, "head")


def configuration(connection: Connection | None, schema: Schema, home: Path) -> Config:
    """Alembic's configuration: where the migrations lie, and what they get (see env.py)."""
    config = Config()
    config.set_main_option("script_location", str(schema.scripts).replace("%", "%%"))
    config.attributes.update(connection=connection, home=home, version_table=schema.version_table)
    return config
