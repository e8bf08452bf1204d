"""The thread that backs the home up: when the service starts, and then every so many seconds."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from threading import Event
from typing import Final

from creditchain.backup import BackupOrder, make_backup
from creditchain.errors import CreditchainError
from creditchain.exchange import measures
from creditchain.faults import told

_log = logging.getLogger(__name__)

#: Seconds after which a backup that failed is tried again.
_RETRY: Final = 300.0


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What to back up and where, and every how many seconds."""

    order: BackupOrder
    every: float


def back_up(plan: BackupPlan, stop: Event) -> None:
    """Make backups until told to stop. A failure is told and tried again."""
    pause = 0.0
    while not stop.wait(pause):
        try:
            made = make_backup(plan.order)
            measures.BACKED_UP_AT.set(time.time())
            _log.info("backup %d is made: %d files copied", made.number, made.copied_files)
            pause = plan.every
        except CreditchainError as error:
            measures.BACKUP_FAILED.inc()
            pause = min(_RETRY, plan.every)
            _log.error("the backup failed, and is tried again in %.0f seconds: %s", pause, error)
        except Exception as error:  # a thread that ends would end backups for good
            measures.BACKUP_FAILED.inc()
            pause = min(_RETRY, plan.every)
            _log.error("the backup failed in a way that nobody foresaw: %s", told(error))
