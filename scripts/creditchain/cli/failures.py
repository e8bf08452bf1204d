"""Every way a command can fail, and its exit code: the one place that decides it.

1 is a verdict and nothing else. Python itself ends with 1 after an uncaught exception and with 120 when the last
flush fails, so neither may reach the user: a script that asks "is it valid?" would take a bug for an answer.
"""

from __future__ import annotations

import sys

from creditchain import __version__
from creditchain.errors import (
    CreditchainError,
    DatabaseError,
    ExitCode,
    UnavailableError,
    UsageError,
)
from creditchain.faults import places

SEE_HELP = "See `creditchain --help`, or --help of the command."


class BugError(CreditchainError):
    """Something that this software did not expect. Its message is left out: it may hold what must not be shown."""

    exit_code = ExitCode.BUG


class MemoryFullError(CreditchainError):
    """There is not enough memory."""

    exit_code = ExitCode.OUT_OF_MEMORY


def explained(error: BaseException) -> CreditchainError:
    """Any exception as one of ours, with the exit code it stands for."""
    if isinstance(error, CreditchainError):
        return error
    if isinstance(error, MemoryError):
        return MemoryFullError("there is not enough memory", hint="Close other programs, or use fewer --workers.")
    if _of_a_database(error):
        return DatabaseError(
            "the journal's database failed",
            found=type(error).__name__,
            hint="Nothing is lost: run the command again. If it persists, see docs/operations.md.",
        )
    if isinstance(error, OSError):
        found = error.strerror or type(error).__name__
        name = error.filename if isinstance(error.filename, str) else None
        return UnavailableError(f"{name}: the file system refuses" if name else "the system refuses", found=found)
    return BugError(
        "this is a bug in creditchain",
        found=f"{type(error).__name__} at {_where(error)}",
        hint=f"Please report this line and version {__version__}, as CONTRIBUTING.md says. "
        "--verbose shows the whole way that the exception came.",
    )


def usage_error(message: str) -> UsageError:
    """A line that the parser refuses."""
    return UsageError(message, hint=SEE_HELP)


def _of_a_database(error: BaseException) -> bool:
    """Is it SQLAlchemy's or SQLite's? Looked up, not imported: most commands open no database."""
    for module, name in (("sqlalchemy.exc", "SQLAlchemyError"), ("sqlite3", "Error")):
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            return True
    return False


def _where(error: BaseException) -> str:
    """File and line inside this package that raised it; no values."""
    mine = [place for place in places(error.__traceback__) if place.startswith("creditchain/")]
    return mine[-1] if mine else "an unknown place"
