"""Errors of this room, and the shape in which a worker hands a bad line back."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from creditchain.errors import CreditchainError, InputError, NotValidError, Place, UnavailableError


class UploadError(InputError):
    """An upload, or a line of one, is wrong. Nothing was written and nothing anchored."""


class BatchError(NotValidError):
    """A batch folder is not what its name and manifest say."""


class StorageError(UnavailableError):
    """A file could not be read or written: a full disk, missing rights."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One bad line. Plain values, so that it travels between processes; never holds content of the line."""

    line: int | None
    field: str | None
    message: str
    expected: str | None = None
    found: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, error: CreditchainError, line: int | None) -> Problem:
        """What `error` says, at `line` (from 1) of the upload."""
        field = error.place.field if error.place is not None else None
        return cls(line, field, error.message, error.expected, error.found, error.hint)

    def shifted(self, before: int) -> Problem:
        """The same `before` lines further on."""
        return self if self.line is None or not before else replace(self, line=self.line + before)

    def error(self, file: str) -> UploadError:
        """The problem as the error that ends a run."""
        place = Place(file, self.line, self.field)
        return UploadError(self.message, expected=self.expected, found=self.found, hint=self.hint, place=place)

    def as_json(self, file: str) -> dict[str, Any]:
        """One line of `--report-errors`."""
        values = {"file": file, "line": self.line, "field": self.field, "message": self.message}
        optional = {"expected": self.expected, "found": self.found, "hint": self.hint}
        return {**values, **{name: value for name, value in optional.items() if value is not None}}


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn an operating system's refusal into one clear error. `what` names the thing, with no identifier in it."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"the disk is full: {what} could not be written" if full else f"{what} could not be read or written",
            found=None if full else (error.strerror or type(error).__name__),
            hint="Make room and run the same command again; nothing half-made was kept." if full else None,
            place=Place(str(error.filename)) if error.filename and not full else None,
        ) from error
