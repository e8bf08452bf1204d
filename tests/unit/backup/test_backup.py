"""A restore gives what was backed up, in every kind of place; files that the place has are not copied again."""

from __future__ import annotations

import io
import re
import sqlite3
import stat
import threading
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from homes import (
    PASSWORD,
    SECRET,
    add_batch,
    backup,
    batches_of,
    content,
    make_home,
    order,
    request,
    restore,
    rows,
    write_row,
)

from creditchain.backup import BackupRefusedError, PasswordError, check_backup, make_backup, restore_backup
from creditchain.backup import making as making_room
from creditchain.backup.errors import TooMuchWorkError
from creditchain.backup.vault import Vault
from creditchain.batch.errors import BatchError
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.purging import erase
from creditchain.errors import InputError, UsageError

#: As they are before `passwords` of conftest begins.
STRETCHED = {name: vars(Vault)[name] for name in ("create", "unlock")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "node")


def files_in(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["folder", "archive", "file://", "file:// archive", "memory://", "memory:// archive"])
def test_there_and_back(kind: str, home: Path, tmp_path: Path) -> None:
    base = {"folder": f"{tmp_path}/b", "file:": f"file://{tmp_path}/b", "memory:": f"memory://{uuid.uuid4()}"}
    url = base.get(kind.split("//")[0], base["folder"]) + (".zip" if kind.endswith("archive") else "")
    before = content(home)
    made = backup(home, url)
    assert (made.number, made.kept_files, made.copied_bytes) == (1, 0, made.bytes)
    elsewhere = tmp_path / "other" / "machine" / "home"
    back = restore(url, elsewhere)
    assert (back.number, back.files, back.bytes) == (1, made.files, made.bytes)
    assert content(elsewhere) == {**before, "backup-id": (home / "backup-id").read_bytes()}
    assert (elsewhere.parent / "deployments" / "embedded.json").read_bytes() == b'{"region": "YRD"}'
    assert stat.S_IMODE((elsewhere / "keys" / "operator.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    assert sorted(path.name for path in elsewhere.parent.iterdir()) == ["deployments", "home"]
    assert not (elsewhere / "locks").exists()
    assert check_backup(request(url, tmp_path / "none")) == back
    assert not (tmp_path / "none").exists()


def test_nothing_lies_in_the_clear(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    # Six bytes and more: three stand in a megabyte of random bytes once in sixteen runs.
    clear = [SECRET, "更正".encode(), "上海示例".encode(), b"operator", b'"region": "YRD"', b"crypto", b"91310000"]
    for name, raw in files_in(tmp_path / "b").items():
        assert not any(word in raw or word in name.encode() for word in clear), name
        assert raw.startswith(b"age-encryption.org/v1"), name


def test_only_what_is_new_is_copied(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "b"
    backup(home, place)
    assert backup(home, place).copied_files == 0
    fresh = add_batch(home, 100)
    write_row(home / "journal.sqlite", b"more")
    read: list[str] = []
    reading = making_room.reading
    monkeypatch.setattr(making_room, "reading", lambda source, at: (read.append(source.name), reading(source, at))[1])
    made = backup(home, place)
    # manifest, leaves, documents, their order, levels and record ids of the new batch, and the journal
    assert (made.number, made.copied_files) == (3, 7)
    large = [name for name in read if name.endswith((".arrow", ".bin"))]
    assert {name.split("/")[4] for name in large} == {fresh.name}
    restore(place, tmp_path / "back" / "home")
    assert content(tmp_path / "back" / "home") == content(home)


def test_a_place_holds_the_newest_state_only(home: Path, tmp_path: Path) -> None:
    """The secret that the journal has destroyed is not kept by an older copy of the journal."""
    place = tmp_path / "b"
    backup(home, place)
    before = files_in(place)
    with closing(sqlite3.connect(home / "journal.sqlite", isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("DELETE FROM t")
    backup(home, place)
    after = files_in(place)
    assert len(after) == len(before)
    assert len(before.keys() - after.keys()) == 2  # the manifest and the journal


def test_what_was_purged_is_purged_from_the_backup(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "b"
    backup(home, place)
    before = files_in(place).keys()
    (folder,) = (path for path in batches_of(home).iterdir() if not path.name.startswith("."))
    with open_batch(folder) as batch:
        erased = batch.document(5).salt
        manifest = batch.manifest
    erase(folder, manifest, [5])
    made = backup(home, place)
    assert made.copied_files == 2  # the part, and the list of purges
    assert len(before - files_in(place).keys()) == 2  # the part as it was, and the manifest
    restore(place, tmp_path / "back" / "home")
    with open_batch(batches_of(tmp_path / "back" / "home") / folder.name) as batch:
        with pytest.raises(BatchError, match="purged"):
            batch.document(5)
        batch.document(6)
    assert all(erased not in path.read_bytes() for path in (tmp_path / "back" / "home").rglob("*.arrow"))


def test_what_vanished_from_the_home_stays_until_pruned(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "b"
    files = backup(home, place).files
    (home / "keys" / "operator.json").unlink()
    made = backup(home, place)
    assert (made.files, made.kept_files) == (files, 1)
    restore(place, tmp_path / "back" / "home")
    assert (tmp_path / "back" / "home" / "keys" / "operator.json").read_bytes() == b'{"crypto": {}}'
    made = backup(home, place, prune=True)
    assert (made.files, made.kept_files) == (files - 1, 0)


def test_databases_are_copied_whole_while_others_write(home: Path, tmp_path: Path) -> None:
    """Rows come in pairs, each pair in one transaction; a copy never holds half a pair."""
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(home / "journal.sqlite", isolation_level=None, timeout=60)) as database:
            while not stop.is_set():
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT INTO t VALUES (?)", [(bytes(5000),)] * 2)
                database.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = []
        for number in range(3):
            backup(home, tmp_path / "b")
            restore(tmp_path / "b", tmp_path / str(number) / "home")
            seen.append(len(rows(tmp_path / str(number) / "home" / "journal.sqlite")))
    finally:
        stop.set()
        writer.join()
    assert all(count % 2 == 1 for count in seen)
    assert seen == sorted(set(seen))
    assert not list(home.glob(".backup-*"))


def test_another_homes_backup_is_not_replaced(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "b"
    backup(home, place)
    before = files_in(place)
    with pytest.raises(BackupRefusedError, match="another home"):
        backup(make_home(tmp_path / "other"), place)
    assert files_in(place) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(BackupRefusedError, match="something else"):
        backup(home, tmp_path / "full")
    with pytest.raises(BackupRefusedError, match="never overwritten"):
        backup(home, tmp_path / "a.zip"), backup(home, tmp_path / "a.zip")


def test_a_restored_home_goes_on_with_the_same_place(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "back" / "home")
    made = backup(tmp_path / "back" / "home", tmp_path / "b")
    assert (made.number, made.copied_files) == (2, 0)


def test_places_and_homes_that_can_not_be(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inside"):
        backup(home, home / "b")
    with pytest.raises(UsageError, match="no installed library can reach"):
        backup(home, "nonsense://b")
    with pytest.raises(InputError, match="no home"):
        backup(tmp_path / "nowhere", tmp_path / "b")


def test_a_home_is_not_replaced_unless_forced(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    there = make_home(tmp_path / "there")
    (there / "reasons" / "02.json").write_text("mine")
    before = content(there)
    with pytest.raises(BackupRefusedError, match="home exists already"):
        restore(tmp_path / "b", there)
    assert content(there) == before
    back = restore(tmp_path / "b", there, force=True)
    assert content(there) == content(home)
    assert back.aside is not None
    assert content(back.aside) == before


def test_another_deployment_is_not_replaced_unless_forced(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    deployments = tmp_path / "back" / "deployments"
    deployments.mkdir(parents=True)
    (deployments / "embedded.json").write_text("another")
    with pytest.raises(BackupRefusedError, match="deployment"):
        restore(tmp_path / "b", tmp_path / "back" / "home")
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["deployments"]
    restore(tmp_path / "b", tmp_path / "back" / "home", force=True)
    assert (deployments / "embedded.json").read_bytes() == b'{"region": "YRD"}'


def test_deployments_inside_the_home(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    back = tmp_path / "back" / "home"
    asked = request(tmp_path / "b", back)
    restore_backup(type(asked)(asked.url, back, back / "deployments", asked.password))
    assert (back / "deployments" / "embedded.json").exists()
    given = order(back, tmp_path / "c")
    make_backup(type(given)(back, back / "deployments", given.url, given.password, given.new_password))
    restore(tmp_path / "c", tmp_path / "again" / "home")
    assert content(tmp_path / "again" / "home") == content(back)


def test_a_wrong_password(home: Path, tmp_path: Path) -> None:
    backup(home, tmp_path / "b")
    with pytest.raises(PasswordError, match="password") as caught:
        restore_backup(request(tmp_path / "b", tmp_path / "back" / "home", password=PASSWORD + "!"))
    assert PASSWORD not in str(caught.value)
    assert not (tmp_path / "back").exists()


def test_the_password_is_what_opens_it() -> None:
    """A real password that is stretched, unlike `passwords` in conftest."""
    with pytest.MonkeyPatch.context() as patch:
        for name, step in STRETCHED.items():
            patch.setattr(Vault, name, step)
        vault, key_file = Vault.create(PASSWORD)
        sealed, opened = io.BytesIO(), io.BytesIO()
        vault.seal(io.BytesIO(b"content" * 20_000), sealed)
        sealed.seek(0)
        Vault.unlock(key_file, PASSWORD).open("name", sealed, opened)
        assert opened.getvalue() == b"content" * 20_000
        with pytest.raises(PasswordError):
            Vault.unlock(key_file, PASSWORD + "!")
        # A machine that is a million times faster made it.
        harder = re.sub(rb"(-> scrypt \S+ )\d+", rb"\g<1>40", key_file)
        with pytest.raises(TooMuchWorkError, match="too long"):
            Vault.unlock(harder, PASSWORD)
