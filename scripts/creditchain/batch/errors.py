"""Errors of this room, and the form in which a worker reports a bad line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from creditchain.errors import CreditchainError, InputError, NotValidError, Place
from creditchain.home.files import StorageError, storage

__all__ = ["BatchError", "Problem", "StorageError", "UploadError", "storage"]


class UploadError(InputError):
    """An upload, or a line of it, is wrong. Nothing was written and nothing anchored."""


class BatchError(NotValidError):
    """A batch folder does not match its name and manifest."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one line: plain values that travel between processes, and never content of the line."""

    line: int | None
    field: str | None
    message: str
    expected: str | None = None
    found: str | None = None
    hint: str | None = None
    column: str | None = None  #: column of the upload, where a mapping gives the field another name

    @classmethod
    def of(cls, error: CreditchainError, line: int | None) -> Problem:
        """The problem that `error` describes, at `line` (from 1) of the upload."""
        field = error.place.field if error.place is not None else None
        return cls(line, field, error.message, error.expected, error.found, error.hint)

    def shifted(self, before: int) -> Problem:
        """The same problem, `before` lines further down."""
        return self if self.line is None or not before else replace(self, line=self.line + before)

    def error(self, file: str) -> UploadError:
        """The problem as the error that ends a run."""
        place = Place(file, self.line, self.field)
        return UploadError(self.message, expected=self.expected, found=self.found, hint=self.hint, place=place)

    def as_json(self, file: str) -> dict[str, Any]:
        """One line of `--report-errors`."""
        values = {"file": file, "line": self.line, "field": self.field, "message": self.message}
        optional = {"column": self.column, "expected": self.expected, "found": self.found, "hint": self.hint}
        return {**values, **{name: value for name, value in optional.items() if value is not None}}
