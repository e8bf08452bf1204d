"""Secrets of batches under way come back with a restore, and those of finished batches do not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from homes import backup, restore

from creditchain.backup import contents
from creditchain.batch.ledger import AnchoringRow, Identity, Ledger, all_rows
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.home.moving import move_journal
from creditchain.home.whereabouts import JournalElsewhereError

LOG = b"\x11" * 32


@pytest.fixture
def home(tmp_path: Path, address: DatabaseAddress | None) -> Home:
    """A home whose journal is in its file, or in a database."""
    (tmp_path / "node" / "deployments").mkdir(parents=True)
    return Home.made(tmp_path / "node" / "home", address)


def begin(journal: Journal, upload: int) -> AnchoringRow:
    which = Identity(LOG, 1, b"\x33" * 32, upload.to_bytes(32))
    return Ledger(journal, LOG).begin(
        which, product="p/1", product_number=1, upload="file:///u", skip_invalid=False, key_epoch=1
    )


def objects(place: Path) -> set[str]:
    return {path.name for path in (place / "objects").iterdir()}


def test_an_unfinished_batchs_secret_comes_back_privately(home: Home, tmp_path: Path) -> None:
    with open_journal(home.journal, home.database) as journal:
        row = begin(journal, 1)
        secret = Ledger(journal, LOG).secret(row)
        backup(home.path, tmp_path / "b", database=home.database)
    restore(tmp_path / "b", tmp_path / "back" / "home")
    back = Home(tmp_path / "back" / "home")
    with open_journal(back.journal) as journal:
        (again,) = all_rows(journal)
        assert Ledger(journal, LOG).secret(again) == secret
    for path in (back.path, *back.path.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_finished_batchs_key_leaves_the_backup_with_the_next_run(home: Home, tmp_path: Path) -> None:
    """Other things that vanished from the home stay until they are pruned; a key that was destroyed does not."""
    with open_journal(home.journal, home.database) as journal:
        row, kept = begin(journal, 1), begin(journal, 2)
        secret = Ledger(journal, LOG).secret(kept)
        assert row.sealing_key is not None
        key = (home.region(LOG).secrets / f"{row.sealing_key}.key").read_bytes()
        backup(home.path, tmp_path / "b", database=home.database)
        before = objects(tmp_path / "b")
        Ledger(journal, LOG).finish(row)
        assert backup(home.path, tmp_path / "b", database=home.database).kept_files == 0
        assert len(before - objects(tmp_path / "b")) == 2  # the key, and the journal as it was
    restore(tmp_path / "b", tmp_path / "back" / "home")
    back = Home(tmp_path / "back" / "home")
    assert [path.stem for path in back.region(LOG).secrets.iterdir()] == [kept.sealing_key]
    assert all(key not in path.read_bytes() for path in back.path.rglob("*") if path.is_file())
    with open_journal(back.journal) as journal:
        assert Ledger(journal, LOG).secret(all_rows(journal)[1]) == secret


def test_a_batch_cannot_be_finished_between_the_copies_of_its_row_and_of_its_key(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal(home.journal, home.database) as journal:
        row = begin(journal, 1)
        secret = Ledger(journal, LOG).secret(row)
        finishing = threading.Thread(target=lambda: Ledger(journal, LOG).finish(row))
        keys = contents._keys

        def after_somebody_tried_to_finish(place: Path) -> list[contents.BackupSource]:
            finishing.start()
            finishing.join(0.5)  # it waits for the backup; were it to go on, it would destroy the key
            return keys(place)

        monkeypatch.setattr(contents, "_keys", after_somebody_tried_to_finish)
        backup(home.path, tmp_path / "b", database=home.database)
        finishing.join()
    restore(tmp_path / "b", tmp_path / "back" / "home")
    with open_journal(tmp_path / "back" / "home" / "journal.sqlite") as journal:
        (again,) = Ledger(journal, LOG).rows(unfinished=True)
        assert Ledger(journal, LOG).secret(again) == secret


def test_every_unfinished_row_of_a_backup_has_its_key_whatever_goes_on_meanwhile(home: Home, tmp_path: Path) -> None:
    stop, begun = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        with open_journal(home.journal, home.database) as journal:
            row, number = begin(journal, 0), 0
            while not stop.is_set():  # at any moment there is an unfinished one
                number += 1
                following = begin(journal, number)
                Ledger(journal, LOG).finish(row)
                row = following
                begun.release()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(8):
            while not begun.acquire(timeout=1):
                assert worker.is_alive()
            backup(home.path, tmp_path / "b", database=home.database)
            restore(tmp_path / "b", tmp_path / str(number) / "home")
            with open_journal(tmp_path / str(number) / "home" / "journal.sqlite") as journal:
                ledger = Ledger(journal, LOG)
                under_way = ledger.rows(unfinished=True)
                assert {len(ledger.secret(row)) for row in under_way} == {32}
    finally:
        stop.set()
        worker.join()


def test_a_restored_journal_of_a_database_is_a_file_and_may_move_again(
    home: Home, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every row, whole: what lies in a database is in the backup as a home without one has it."""
    with open_journal(home.journal, home.database) as journal:
        for number in range(20):
            begin(journal, number)
        rows = all_rows(journal)
        secret = Ledger(journal, LOG).secret(rows[7])
        backup(home.path, tmp_path / "b", database=home.database)
    assert not list(home.path.glob(".backup-*"))
    restore(tmp_path / "b", tmp_path / "back" / "home")
    back = Home(tmp_path / "back" / "home")
    assert not back.journal_database.exists()
    with open_journal(back.journal) as journal:
        again = all_rows(journal)
        assert [vars(row) | {"_sa_instance_state": 0} for row in again] == [
            vars(row) | {"_sa_instance_state": 0} for row in rows
        ]
        assert Ledger(journal, LOG).secret(again[7]) == secret
        assert begin(journal, 20).id == 21
    target = request.getfixturevalue("postgres").database()
    assert move_journal(back, target).rows == 21
    with open_journal(back.journal, target) as journal:
        assert Ledger(journal, LOG).secret(all_rows(journal)[7]) == secret


def test_a_journal_in_a_database_is_never_left_out_of_a_backup(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue("postgres").database()
    (tmp_path / "node" / "deployments").mkdir(parents=True)
    home = Home.made(tmp_path / "node" / "home", address)
    with open_journal(home.journal, address) as journal:
        begin(journal, 1)
    with pytest.raises(JournalElsewhereError, match="in a database"):
        backup(home.path, tmp_path / "b")
    assert not (tmp_path / "b").exists()
