"""One hierarchy of errors. Each says what was expected, what was found, where, and what to do.

The CLI turns an error into a message and an exit code in one place (`creditchain.cli.output`); nothing else prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command. docs/operations.md has the same table; a test holds them together."""

    OK = 0  #: done; for `verify`: valid
    NOT_VALID = 1  #: a verdict and nothing else: what was checked is not what it claims to be
    USAGE = 2  #: the command line itself is wrong
    COULD_NOT_CHECK = 3  #: no verdict: a node or a file could not be asked, or too few signers signed a checkpoint yet
    BAD_INPUT = 4  #: an input file or value is wrong; nothing was changed
    REFUSED = 5  #: the chain or a rule of this software refuses what was asked
    OUTPUT_FAILED = 6  #: results could not be written, on a full disk for example
    DATABASE_FAILED = 7  #: the journal's database failed
    OUT_OF_MEMORY = 8  #: there is not enough memory
    BUG = 70  #: an exception that this software did not expect; please report it
    INTERRUPTED = 130  #: Ctrl-C; run the same command again to go on
    OUTPUT_CLOSED = 141  #: whoever read the output has gone, as after `| head`


@dataclass(frozen=True)
class Place:
    """Where in an input something stands. Lines count from 1; `field` is a dotted path."""

    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}" if where else f"line {self.line}"
        if self.field is not None:
            where += f" field {self.field}" if where else f"field {self.field}"
        return where


class CreditchainError(Exception):
    """Base of every error this package raises on purpose.

    Never put an identifier of an enterprise, a key, a salt or a document's content into any part of an error.
    """

    exit_code = ExitCode.BAD_INPUT

    def __init__(
        self,
        message: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.found = found
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        text = "; ".join(parts)
        return f"{text}. {self.hint}" if self.hint else text

    def at(self, place: Place) -> CreditchainError:
        """The same error, with its place; the parts already known stay."""
        known = self.place or Place()
        self.place = Place(known.file or place.file, known.line or place.line, known.field or place.field)
        return self


class InputError(CreditchainError):
    """An input file or value is wrong. Nothing was changed."""


class ConfigError(CreditchainError):
    """The configuration is wrong: networks file, policy, product file, deployment file."""


class UsageError(CreditchainError):
    """The command was called in a way that cannot work."""

    exit_code = ExitCode.USAGE


class NotValidError(CreditchainError):
    """Something that was checked is not what it claims to be."""

    exit_code = ExitCode.NOT_VALID


class UnavailableError(CreditchainError):
    """A node or a file could not be asked. Never turned into a value."""

    exit_code = ExitCode.COULD_NOT_CHECK


def unreadable(what: str, path: object, error: OSError) -> UnavailableError:
    """The error for a file that is missing, or may not be read; `what` names its kind, like "the policy"."""
    found = error.strerror or type(error).__name__
    return UnavailableError(f"{what} cannot be read", place=Place(str(path)), found=found)


class RefusedError(CreditchainError):
    """The chain, or a rule of this software, refuses what was asked."""

    exit_code = ExitCode.REFUSED


class DatabaseError(CreditchainError):
    """The journal's database failed: locked for too long, damaged, or its disk is full."""

    exit_code = ExitCode.DATABASE_FAILED
