"""`creditchain backup` and `creditchain restore`: everything a node must not lose, encrypted, to another place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.backup import Restored

PlaceArgument = Annotated[
    str,
    typer.Argument(metavar="PLACE", help="Folder or file that ends in .zip: a path, or any fsspec URL (s3://…)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    ctx: typer.Context,
    place: PlaceArgument,
    prune: Annotated[bool, typer.Option("--prune", help="Remove from the backup what the home no longer has.")] = False,
) -> None:
    """Back the home folder and the deployment files up, encrypted under a password. 备份

    Into a folder goes only what is new since the last time. Anchoring may go on meanwhile.
    """
    from creditchain.backup import BackupOrder, make_backup
    from creditchain.home.keystores import new_password, password_source

    chosen = settings(ctx)
    with chosen.output.stages() as watch:
        places = (chosen.home, chosen.deployments, place)
        order = BackupOrder(*places, password_source, new_password, chosen.database, prune, watch)
        made = make_backup(order)
    if made.kept_files:
        chosen.output.note(
            f"{made.kept_files} files stay in the backup that the home no longer has; --prune drops them."
        )
    chosen.output.emit(
        {
            "place": _shown(place),
            "number": made.number,
            "files": made.files,
            "bytes": made.bytes,
            "copied_files": made.copied_files,
            "copied_bytes": made.copied_bytes,
            "kept_files": made.kept_files,
        }
    )


def restore(
    ctx: typer.Context,
    place: PlaceArgument,
    force: Annotated[bool, typer.Option("--force", help="Set an existing home aside and replace it.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only read the backup and compare every digest.")] = False,
) -> None:
    """Restore the newest backup of a place as the home folder and the deployment files. 恢复

    Stop whatever runs on the old home first, and never run two homes that come from one.
    """
    from creditchain.backup import RestoreRequest, check_backup, restore_backup
    from creditchain.home.keystores import password_source

    chosen = settings(ctx)
    if force and check:
        raise UsageError("--check changes nothing, so there is nothing to force")
    with chosen.output.stages() as watch:
        request = RestoreRequest(place, chosen.home, chosen.deployments, password_source, force=force, watch=watch)
        done = check_backup(request) if check else restore_backup(request)
    told = _told(place, done)
    chosen.output.emit(told if check else {**told, "home": str(chosen.home)})


def _told(place: str, done: Restored) -> dict[str, Any]:
    told = {
        "place": _shown(place),
        "number": done.number,
        "made_at": datetime.fromtimestamp(done.made_at, UTC).isoformat(),
        "files": done.files,
        "bytes": done.bytes,
    }
    return told if done.aside is None else {**told, "set_aside": str(done.aside)}


def _shown(place: str) -> str:
    """Queries of URLs may carry keys."""
    return place.split("?", 1)[0]
