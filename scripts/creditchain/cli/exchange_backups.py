"""Backups that an exchange makes by itself: the options, and the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from creditchain.cli.settings import Settings
    from creditchain.exchange.backup_worker import BackupPlan

BackupToOption = Annotated[
    str | None, typer.Option("--backup-to", help="Back the home up there, now and then again, as `backup` does.")
]
BackupEveryOption = Annotated[float, typer.Option("--backup-every", min=0.01, help="Hours between two backups.")]


def backups_of(chosen: Settings, place: str | None, hours: float) -> BackupPlan | None:
    """When to back up, and where; None: not at all. Raises UsageError: later nobody is asked for the password."""
    if place is None:
        return None
    from creditchain.backup import BackupOrder
    from creditchain.exchange.backup_worker import BackupPlan
    from creditchain.home.keystores import password_source

    password = password_source("the backup")
    order = BackupOrder(chosen.home, chosen.deployments, place, lambda _: password, lambda _: password, chosen.database)
    return BackupPlan(order, hours * 3600)
