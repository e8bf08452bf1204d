"""Encrypted backup and restore of everything a node must not lose, in a folder of any store or in one file."""

from creditchain.backup.errors import BackupError, BackupRefusedError, PasswordError
from creditchain.backup.making import BackupOrder, Made, make_backup
from creditchain.backup.restoring import Restored, RestoreRequest, check_backup, restore_backup

__all__ = [
    "BackupError",
    "BackupOrder",
    "BackupRefusedError",
    "Made",
    "PasswordError",
    "RestoreRequest",
    "Restored",
    "check_backup",
    "make_backup",
    "restore_backup",
]
