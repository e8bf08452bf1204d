"""Files appear complete, private and durable, and never overwrite what somebody made."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from creditchain.errors import ExitCode, UsageError
from creditchain.home import files
from creditchain.home.files import (
    OutputExistsError,
    OutputIsInputError,
    StorageError,
    check_output,
    new_file,
    private_folder,
    storage,
    write_file,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", ["000", "077", "777"])
def test_files_and_new_folders_are_for_their_owner_whatever_the_umask(tmp_path: Path, umask: str):
    script = f"""
import os, sys
from pathlib import Path
from creditchain.home.files import new_file, private_folder, write_file
os.umask(0o{umask})
place = Path(sys.argv[1])
write_file(place / "a" / "b" / "text", "wörter")
with new_file(place / "a" / "stream") as file:
    file.write(b"bytes")
private_folder(place / "c" / "d")
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert {mode(tmp_path / name) for name in ("a", "a/b", "c", "c/d")} == {0o700}
    assert {mode(tmp_path / name) for name in ("a/b/text", "a/stream")} == {0o600}
    assert (tmp_path / "a" / "b" / "text").read_text("utf-8") == "wörter"


def test_a_file_that_somebody_made_is_refused_and_stays(tmp_path: Path):
    path = tmp_path / "kept"
    path.write_bytes(b"theirs")
    with pytest.raises(OutputExistsError, match="--force") as raised:
        write_file(path, b"ours")
    assert raised.value.exit_code == ExitCode.REFUSED
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["kept"]
    write_file(path, b"ours", overwrite=True)
    assert path.read_bytes() == b"ours"
    assert mode(path) == 0o600


def test_a_file_made_while_ours_was_written_is_not_replaced(tmp_path: Path):
    path = tmp_path / "kept"
    ours = new_file(path)
    ours.__enter__().write(b"ours")
    path.write_bytes(b"theirs")
    with pytest.raises(OutputExistsError):
        ours.__exit__(None, None, None)
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["kept"]


@pytest.mark.parametrize("links", [True, False])
def test_of_many_that_write_one_new_file_one_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool):
    if not links:

        def refuse(path: Path, target: Path) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(Path, "hardlink_to", refuse)

    def attempt(number: int) -> int | None:
        try:
            write_file(tmp_path / "one", str(number))
        except OutputExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(attempt, range(32)) if number is not None]
    assert [(tmp_path / "one").read_text()] == [str(number) for number in winners]
    assert names(tmp_path) == ["one"]


def test_nothing_appears_when_writing_fails(tmp_path: Path):
    (tmp_path / "old").write_bytes(b"old")
    broken = ValueError("broken")
    writing = new_file(tmp_path / "old", overwrite=True)
    writing.__enter__().write(b"part")
    assert writing.__exit__(ValueError, broken, None) is not True
    assert (tmp_path / "old").read_bytes() == b"old"
    assert names(tmp_path) == ["old"]


def test_content_is_durable_before_it_has_its_name_and_the_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    steps: list[tuple[int, list[str]]] = []
    monkeypatch.setattr(files, "fsync", lambda handle: steps.append((os.fstat(handle).st_ino, names(tmp_path))))
    write_file(tmp_path / "file", b"content")
    (content, before), (folder, after) = steps
    assert content == (tmp_path / "file").stat().st_ino
    assert "file" not in before
    assert folder == tmp_path.stat().st_ino
    assert "file" in after


def test_an_output_that_is_an_input_is_refused_under_any_name(tmp_path: Path):
    source = tmp_path / "upload.jsonl"
    source.write_bytes(b"{}\n")
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "hard").hardlink_to(source)
    for name in ("upload.jsonl", "link", "hard", "x/../upload.jsonl"):
        with pytest.raises(OutputIsInputError):
            check_output(tmp_path / name, overwrite=True, inputs=[tmp_path / "other", source])
    with pytest.raises(OutputIsInputError):
        check_output(tmp_path / "not-there", inputs=[tmp_path / "not-there"])
    check_output(tmp_path / "new", inputs=[source])
    with pytest.raises(UsageError):
        check_output(tmp_path)


def test_a_link_stays_and_the_file_it_names_is_replaced(tmp_path: Path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OutputExistsError):
        write_file(tmp_path / "link", b"new")
    write_file(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_is_written_through(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit((tmp_path / "pipe").read_bytes)
        write_file(tmp_path / "pipe", b"through")
        assert read.result() == b"through"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_an_operating_systems_refusal_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        private_folder(tmp_path / "file" / "below")
    with pytest.raises(StorageError, match="Give this user the right") as refused, storage("a file of the home"):
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere")
    assert str(refused.value.place) == "/somewhere"
    with pytest.raises(StorageError, match="disk is full") as raised, new_file(tmp_path / "large"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.exit_code == ExitCode.COULD_NOT_CHECK
    assert names(tmp_path) == ["file"]
