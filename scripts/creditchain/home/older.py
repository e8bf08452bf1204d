"""Moves what an older release kept in folders shared by all regions to the region that it belongs to.

Older releases had `batches/`, `audited/`, `reasons/` and `loans/` right in the home folder. A batch's manifest and a
reason's act name the log; leaf lists and loan lists do not, so they move only where the home knows one region. What
cannot be told apart stays where it is, and is in backups as before. Doing it again does no harm.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from creditchain.home.files import private_folder, rename, storage
from creditchain.home.layout import Home

_LOG_ID = re.compile(r"(?:0x)?([0-9a-f]{64})")
_ACT_OF_LOG = re.compile(r".* ([0-9a-f]{64})", re.DOTALL)
#: The folder in which a batch was being made; resuming makes it again from the upload.
_WORKSPACES = ".preparing-*"


def adopt_older_folders(home: Home) -> None:
    """Move what is there. Raises StorageError; run again, it goes on."""
    with storage("the folders of an older release"):
        for workspace in (home.path / "batches").glob(_WORKSPACES):
            shutil.rmtree(workspace)
        for batch in _entries(home.path / "batches"):
            _move(batch, home, _log_of_batch(batch), "batches")
        for reason in _entries(home.path / "reasons"):
            _move(reason, home, _log_of_reason(reason), "reasons")
        regions = list(home.known_regions())
        if len(regions) == 1:
            for folder in ("audited", "loans"):
                for entry in _entries(home.path / folder):
                    _move(entry, home, regions[0], folder)
        for folder in ("batches", "reasons", "audited", "loans"):
            _remove_if_empty(home.path / folder)


def _entries(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.glob("*") if not path.name.startswith(".")))


def _log_of_batch(batch: Path) -> bytes | None:
    try:
        found = _LOG_ID.fullmatch(str(json.loads((batch / "manifest.json").read_bytes())["log_id"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no batch folder
    return bytes.fromhex(found[1]) if found else None


def _log_of_reason(reason: Path) -> bytes | None:
    try:
        found = _ACT_OF_LOG.fullmatch(str(json.loads(reason.read_bytes())["act"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a damaged file, or none of ours
    return bytes.fromhex(found[1]) if found else None


def _move(entry: Path, home: Home, log_id: bytes | None, folder: str) -> None:
    if log_id is None:
        return
    target = home.region(log_id).path / folder / entry.name
    private_folder(target.parent)
    if not target.exists():
        rename(entry, target)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
