"""The one way to write a file: private, durable, and under its name only when it is whole.

A file is written beside its place under a name of its own, flushed to the disk, and then given its name in one step.
Killed anywhere, the name shows the old content (or nothing) or the new one, never a part. A file that somebody made is
not replaced unless the caller says so, and two processes that write the same new file cannot both succeed.

Everything is readable by its owner alone, whatever the umask: a package, a request and a journal all hold content that
a bank must not show to other users of the machine.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from creditchain.errors import Place, RefusedError, UnavailableError, UsageError

FILE_MODE = 0o600
FOLDER_MODE = 0o700

#: The name of a file that is being written ends with this; what a killed process left has no other meaning.
PART = ".part"
#: The name of a folder that is being removed starts with this; it has no other meaning either.
LEAVING = ".leaving-"
#: What `link` answers where the file system knows no hard links (FAT, some network shares).
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


_NO_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
_RIGHTS_HINT = "Give this user the right to read and write there, or name another place."


class StorageError(UnavailableError):
    """A file could not be read or written: a full disk, missing rights."""


class DiskFullError(StorageError):
    """There is no room left to write to."""


class OutputExistsError(RefusedError):
    """There is a file already where a new one was to be written. Nothing was changed."""


class OutputIsInputError(UsageError):
    """A command was told to write over a file that it reads. Nothing was changed."""


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn an operating system's refusal into one clear error. `what` names the thing, with no identifier in it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"the disk is full: {what} could not be written",
                hint="Make room and run the same command again; nothing half-made was kept.",
            ) from error
        raise StorageError(
            f"{what} could not be read or written",
            found=error.strerror or type(error).__name__,
            hint=_RIGHTS_HINT if error.errno in _NO_RIGHTS else None,
            place=Place(str(error.filename)) if error.filename else None,
        ) from error


def check_output(path: Path, *, overwrite: bool | None = False, inputs: Iterable[Path] = ()) -> None:
    """Refuse an output early, before anything is asked, computed or written. `write_file` refuses it again.

    Args:
        overwrite: `--force`: an existing file may be replaced. None: the command has no such option.
        inputs: the files that the command reads; the output must be none of them, by whatever name.
    Raises:
        OutputIsInputError, OutputExistsError; UsageError: the output is a folder.
    """
    for source in inputs:
        if _same_file(path, source):
            raise OutputIsInputError(
                "the output is also an input",
                hint="Writing it would erase what the command reads. Choose another name.",
                place=Place(str(path)),
            )
    if path.is_dir():
        raise UsageError("the output is a folder", expected="the name of a file", place=Place(str(path)))
    if not overwrite and path.exists() and not _is_stream(path):
        raise _exists(path, replaceable=overwrite is not None)


def private_folder(path: Path) -> Path:
    """Create a folder, and those above it that are missing, for the owner alone; existing ones are left as they are.

    Raises StorageError.
    """
    with storage(f"the folder {path.name}"):
        _make_folder(path)
    return path


def private_file(path: Path) -> Path:
    """Create an empty file for the owner alone, for a database say; one that is there is left as it is.

    Raises StorageError.
    """
    private_folder(path.parent)
    with storage(path.name):
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE)
        except FileExistsError:
            return path
        try:
            os.fchmod(handle, FILE_MODE)  # a umask may have taken the owner's own rights
        finally:
            os.close(handle)
    return path


def write_file(path: Path, content: bytes | str, *, overwrite: bool = False, mode: int = FILE_MODE) -> Path:
    """Write a whole file; text as UTF-8. It is durable when this returns.

    Raises:
        OutputExistsError: there is a file, and not `overwrite`. StorageError; nothing was changed then.
    """
    with new_file(path, overwrite=overwrite, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def new_file(path: Path, *, overwrite: bool = False, mode: int = FILE_MODE) -> Iterator[BinaryIO]:
    """A file to write piece by piece. It appears under its name when the context ends well, and not otherwise.

    A device, a pipe or a terminal (`/dev/stdout`) is written straight through: it cannot be replaced.
    Raises as `write_file`, on entering or at the end.
    """
    check_output(path, overwrite=overwrite)
    with storage(path.name):
        if _is_stream(path):
            with path.open("wb") as stream:
                yield stream
            return
        # Through a symbolic link: the file that it names is written, and the link stays.
        target = path.resolve()
        _make_folder(target.parent)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PART}")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), mode)  # not what a umask leaves of it
                fsync(file.fileno())
            if overwrite:
                part.replace(target)
            else:
                _name(part, target)
            fsync_path(target.parent)
        finally:
            part.unlink(missing_ok=True)


def extend_file(path: Path, length: int, content: bytes | memoryview) -> None:
    """Cut a file to `length` bytes, append to it, and make that durable; a missing file is created.

    What stands before `length` is never touched, so whoever knows that length reads the same while this runs, and after
    this was killed anywhere. Raises StorageError, also if the file is shorter than `length`.
    """
    private_file(path)
    with storage(path.name), path.open("r+b", buffering=0) as file:
        if (found := os.fstat(file.fileno()).st_size) < length:
            raise StorageError(f"{path.name} is too short", expected=f"{length} bytes", found=f"{found} bytes")
        file.truncate(length)
        file.seek(length)
        left = memoryview(content)
        while left:
            left = left[file.write(left) or 0 :]
        fsync(file.fileno())


def fsync(handle: int) -> None:
    """Make a file or folder durable. One place, so that a test can count these steps."""
    os.fsync(handle)


def fsync_path(path: Path) -> None:
    """Make a file, or the entries of a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fsync(handle)
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Rename within a file system, and make that durable. One place, so that a test can count these steps."""
    source.rename(target)
    fsync_path(target.parent)


def remove_folder(path: Path) -> None:
    """Remove a folder and all in it, if it is there.

    Its name goes first, in one step: killed meanwhile, and seen by another process meanwhile, nothing looks like a
    folder that is whole and is not. What a killed process left goes with the next folder of that name. Raises OSError.
    """
    leaving = path.with_name(f"{LEAVING}{path.name}")
    if leaving.exists():
        shutil.rmtree(leaving)
    if path.exists():
        rename(path, leaving)
        shutil.rmtree(leaving)


def _name(part: Path, target: Path) -> None:
    """Give a finished file its name, unless another file has it. Raises OutputExistsError, OSError."""
    try:
        # A link, unlike a rename, never replaces what another process wrote since `check_output`.
        target.hardlink_to(part)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _claim(target)
        part.replace(target)


def _claim(target: Path) -> None:
    """Create an empty file that nobody else can have created."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    except FileExistsError as error:
        raise _exists(target) from error


def _make_folder(path: Path) -> None:
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            continue  # another process made it meanwhile
        folder.chmod(FOLDER_MODE)  # a umask may have taken the owner's own rights
        fsync_path(folder.parent)


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _exists(path: Path, *, replaceable: bool = True) -> OutputExistsError:
    hint = "Choose another name, or replace it with --force." if replaceable else "Choose another name."
    return OutputExistsError("the file exists already", hint=hint, place=Place(str(path)))
