"""Locks between processes: one process holds a lock, and others get the same refusal whatever the disk does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from creditchain.acts.locks import locked
from creditchain.acts.watching import watch_lock
from creditchain.backup.making import _locked as backing_up
from creditchain.backup.restoring import _locked as restoring
from creditchain.errors import UnavailableError
from creditchain.home.files import StorageError
from creditchain.home.layout import Home
from creditchain.home.locks import LockHeldError, file_lock


def test_another_process_that_holds_it_is_named_and_its_end_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "one"
    holder = "import sys; from pathlib import Path; from creditchain.home.locks import file_lock\n" + (
        "with file_lock(Path(sys.argv[1]), 0, ''):\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError, match="somebody works here"), file_lock(path, 0, "somebody works here"):
            pass
        process.kill()
    with file_lock(path, 0, "somebody works here"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_raised_inside_passes_through(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), file_lock(tmp_path / "one", 0, ""):
        raise PermissionError


@pytest.mark.parametrize("kind", ["act", "watch", "backup", "restore", "any"])
def test_a_lock_that_cannot_be_created_is_one_error(tmp_path: Path, kind: str) -> None:
    """As on a full or read-only disk: here the folder of locks is a file."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    home.locks.write_bytes(b"")
    taken = {
        "act": lambda: locked(home.locks, "upload", "1", 0),
        "watch": lambda: watch_lock(home, tmp_path),
        "backup": lambda: backing_up(home.path),
        "restore": lambda: restoring(home.locks / "restored"),
        "any": lambda: file_lock(home.locks / "one", 0, ""),
    }[kind]
    with pytest.raises(StorageError) as raised, taken():
        pytest.fail("nothing is locked")
    assert not isinstance(raised.value, LockHeldError)
    assert isinstance(raised.value, UnavailableError)


def test_names_may_be_any_bytes_that_a_file_may_have(tmp_path: Path) -> None:
    with locked(tmp_path / "locks", "watched folder", "/in/\udcc6\udcf3", 0):
        assert len(list((tmp_path / "locks").iterdir())) == 1
