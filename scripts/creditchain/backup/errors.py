"""Errors of this room."""

from __future__ import annotations

from creditchain.errors import ConfigError, NotValidError, Place, RefusedError, UnavailableError


class BackupError(NotValidError):
    """The backup is incomplete or was tampered with, or this is no backup. Nothing was changed."""


class PasswordError(ConfigError):
    """The password does not open the backup."""


class TooMuchWorkError(UnavailableError):
    """Trying the password would take this machine too long: it is far slower than the one that made the backup."""


class BackupRefusedError(RefusedError):
    """Existing data would be lost. Nothing was changed."""


def damaged(name: str, message: str = "a file of the backup is damaged") -> BackupError:
    """The error for the file `name` of a backup."""
    return BackupError(message, hint="Nothing was changed; take another copy of the backup.", place=Place(name))
