"""Runs the migrations inside a transaction of the caller."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, home: Path, revision: str = "head") -> None:
    """Upgrade to a revision. `connection` holds the write lock; the caller commits. `home` keeps the keys' files."""
    command.upgrade(configuration(connection, home), revision)


def configuration(connection: Connection, home: Path) -> Config:
    """Alembic's configuration: where the migrations lie, and what they get (see env.py)."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(connection=connection, home=home)
    return config
