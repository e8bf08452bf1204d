"""Moving an upload out of the way once it is anchored: nothing is overwritten, and file systems may be crossed."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from creditchain.home.files import OutputExistsError, fsync_path, new_file, storage

#: What `link` answers between two file systems, and where a file system has no hard links.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
#: What `rename` of a folder answers where something has the name already.
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


def move_upload(upload: Path, folder: Path) -> Path:
    """Move a file or a folder of files into `folder`, which is made if it is missing. Returns where it is now.

    A namesake that is there stays, and the upload gets a number: `day.1.jsonl`. Killed anywhere, the upload is whole
    in one of the two places, or in both.

    Raises StorageError.
    """
    with storage("the folder that uploads are moved to"):
        folder.mkdir(parents=True, exist_ok=True)
        move = _move_file if upload.is_file() else _move_folder
        return next(target for target in _names(upload, folder) if move(upload, target))


def _move_file(upload: Path, target: Path) -> bool:
    """False where another file has the name."""
    if not target.exists():
        try:
            _place(upload, target)
        except (FileExistsError, OutputExistsError):
            return False
    elif not filecmp.cmp(upload, target, shallow=False):
        return False
    # A killed process may have come here before: then the target is there, with the same bytes.
    upload.unlink()
    return True


def _place(upload: Path, target: Path) -> None:
    try:
        # Unlike a rename, a link never replaces a file that came there a moment ago.
        os.link(upload, target)
        fsync_path(target.parent)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        with new_file(target) as copy, upload.open("rb") as original:
            shutil.copyfileobj(original, copy)


def _move_folder(upload: Path, target: Path) -> bool:
    """False where something has the name."""
    if target.exists():
        return False
    try:
        upload.rename(target)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        if error.errno != errno.EXDEV:
            raise
        _copied(upload, target.parent).rename(target)
        fsync_path(target.parent)
        shutil.rmtree(upload)
    fsync_path(target.parent)
    return True


def _copied(upload: Path, folder: Path) -> Path:
    """A durable copy of a folder on the target's file system, hidden from whoever looks there."""
    part = folder / f".{upload.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(upload, part)
    for each in (part, *part.rglob("*")):
        fsync_path(each)
    return part


def _names(upload: Path, folder: Path) -> Iterator[Path]:
    yield folder / upload.name
    for number in count(1):
        yield folder / f"{upload.stem}.{number}{upload.suffix}"
