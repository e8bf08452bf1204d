"""Errors of databases. What was not committed is not in the database."""

from __future__ import annotations

from creditchain.errors import DatabaseError


class JournalError(DatabaseError):
    """The journal's database cannot be opened, read or written."""


class DatabaseAwayError(JournalError):
    """It cannot be used just now: not reachable, full, or held by others. Later the same may succeed."""


class AlreadyWrittenError(JournalError):
    """A unique constraint: another transaction wrote the same first."""
