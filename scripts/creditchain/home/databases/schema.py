"""Schemas: tables that are created and changed together, by one line of migrations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one room.

    A second room keeps its own beside these, in the same database: its own metadata, folder and table of the version.
    """

    metadata: MetaData
    scripts: Path  #: Alembic's folder, with `env.py` and `versions/`
    revisions: tuple[str, ...]  #: every one, from the first to the newest; so that opening needs no import of Alembic
    version_table: str = "alembic_version"
    #: The first revision that servers know creates everything there; this one and those before it are SQLite's past.
    past: str | None = None

    @property
    def head(self) -> str:
        """The newest revision."""
        return self.revisions[-1]
