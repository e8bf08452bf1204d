"""Encrypted backup and restore of everything a node must not lose, in a folder of any store or in one file."""

from creditchain.backup.errors import BackupError, BackupRefusedError, PasswordError
from creditchain.backup.making import Made, Order, make_backup
from creditchain.backup.restoring import Request, Restored, check_backup, restore_backup

__all__ = [
    "BackupError",
    "BackupRefusedError",
    "Made",
    "Order",
    "PasswordError",
    "Request",
    "Restored",
    "check_backup",
    "make_backup",
    "restore_backup",
]
