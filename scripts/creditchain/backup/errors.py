"""Errors of this room."""

from __future__ import annotations

from creditchain.errors import ConfigError, NotValidError, Place, RefusedError


class BackupError(NotValidError):
    """A backup is torn, was tampered with, or is none. Nothing was changed."""


class PasswordError(ConfigError):
    """The password does not open the backup."""


class BackupRefusedError(RefusedError):
    """What is there already would be lost. Nothing was changed."""


def damaged(name: str, message: str = "a file of the backup is damaged") -> BackupError:
    """The error for the object `name` of a backup."""
    return BackupError(message, hint="Nothing was changed; take another copy of the backup.", place=Place(name))
