"""Where a home's journal is: in its file, or in a database on a server. A home has one journal, and never begins two.

A home whose journal is in a database keeps a small file that says so. Without it, a command that was started without
`--database` would silently begin a second journal, and sign with nonces that the first one has given out.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass

from creditchain.errors import Place, RefusedError
from creditchain.home.files import OutputExistsError, StorageError, storage, write_file
from creditchain.home.layout import Home


class JournalElsewhereError(RefusedError):
    """The journal of this home is not where the command looks for it. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a home notes about its journal in a database."""

    journal: str  #: the journal's random id, 32 hex digits, which the database holds too
    database: str  #: the database as it may be shown
    moving: bool  #: `journal move` has begun, and nobody has used the database since

    @staticmethod
    def of(home: Home) -> Whereabouts | None:
        """The home's note; None where the journal is in its file, or nowhere yet. Raises StorageError."""
        path = home.journal_database
        try:
            with storage(path.name):
                found = json.loads(path.read_bytes()) if path.exists() else None
            return None if found is None else Whereabouts(**found)
        except (ValueError, TypeError) as error:
            raise StorageError(
                "the note that says where the journal is cannot be read",
                hint="Restore the home from its backup.",
                place=Place(str(path)),
            ) from error

    def note(self, home: Home) -> None:
        """Write it into the home, durably, over what is there. Raises StorageError."""
        write_file(home.journal_database, json.dumps(asdict(self)) + "\n", overwrite=True)


def home_id(home: Home) -> str:
    """The random id of a home, which tells it from others: 32 hex digits, made the first time. Raises StorageError."""
    path = home.backup_id
    if not path.exists():
        with suppress(OutputExistsError):  # another process was faster
            write_file(path, secrets.token_hex(16))
    with storage("the home folder"):
        return path.read_text(encoding="ascii")


def has_journal(home: Home) -> bool:
    """Is there a journal to look into? Raises JournalElsewhereError: in a database that was not named."""
    if home.database is not None:
        return True
    require_file(home)
    return home.journal.exists()


def require_file(home: Home) -> None:
    """Raise JournalElsewhereError where a home's journal is not in its file."""
    kept = Whereabouts.of(home)
    if kept is not None:
        raise JournalElsewhereError(
            "the journal of this home is in a database",
            expected="--database URL, or CREDITCHAIN_DATABASE",
            found=f"neither; it was {kept.database}",
            hint="Run `journal move` again, with the same --database." if kept.moving else "Name the database.",
            place=Place(str(home.path)),
        )
