"""The URL of a database on a server. Its password is shown nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from creditchain.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_EXPECTED = "postgresql://USER@HOST:PORT/NAME"
#: Names and addresses. Anything else is most likely a part of a password whose `@` or `/` was not escaped.
_HOST = re.compile(r"[A-Za-z0-9._:%-]*")


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is, as an operator gave it: `postgresql://USER@HOST:PORT/NAME?sslmode=verify-full`.

    Everything that libpq takes may follow the question mark. Nothing is looked at before it is used.
    """

    given: str = field(repr=False)

    def url(self) -> URL:
        """The URL for SQLAlchemy. Raises UsageError, which does not show it: a password may stand anywhere in it."""
        # Loaded where it is used: most commands open no database.
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        scheme, _, rest = self.given.partition("://")
        if scheme not in _SCHEMES or not rest:
            raise UsageError(
                "this is no URL of a PostgreSQL database",
                expected=_EXPECTED,
                found=f"{scheme}://…" if re.fullmatch(r"[a-z+]{1,20}", scheme) and rest else None,
                hint="Without --database and CREDITCHAIN_DATABASE the journal is an SQLite file in the home.",
            )
        try:
            url = make_url(self.given).set(drivername="postgresql+psycopg")
        except (ArgumentError, ValueError):
            raise _not_readable() from None
        if not _HOST.fullmatch(url.host or "") or "/" in (url.database or ""):
            raise _not_readable()
        return url

    def __str__(self) -> str:
        """Server and name, without user, password and options. Raises UsageError."""
        url = self.url()
        host = url.host or next(iter(url.normalized_query.get("host", ())), "")
        shown = f"[{host}]" if ":" in host else host
        return f"postgresql://{shown}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def _not_readable() -> UsageError:
    return UsageError(
        "the URL of the database cannot be read",
        expected=_EXPECTED,
        hint="In user and password write @ as %40, : as %3A, / as %2F, % as %25; or leave the password out and keep it "
        "in ~/.pgpass or PGPASSFILE.",
    )
