"""`journal move`: everything arrives once, killed at whatever step, and the old file takes no change any more."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from creditchain.batch.ledger import Identity, Ledger, State, all_rows
from creditchain.chain.outbox_journal import AttemptRow, TransactionRow
from creditchain.cli.app import run
from creditchain.errors import ExitCode, InputError
from creditchain.home import moving
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.files import write_file
from creditchain.home.journal import JournalError, open_journal
from creditchain.home.layout import Home
from creditchain.home.moving import move_journal
from creditchain.home.whereabouts import JournalElsewhereError, Whereabouts
from postgres import Postgres

LOG = b"\x11" * 32
BIG = 2**40


def transaction(number: int) -> TransactionRow:
    words = {"scope": "s", "intent": f"锚定 {number}", "sender": "0x01", "value": str(2**200), "description": "付"}
    numbers = {"chain_id": BIG, "gas": 21_000, "nonce": number, "created_at": 1.5, "updated_at": 1.25}
    return TransactionRow(genesis=LOG, data=bytes([0, 255, number % 256]), state="signed", **words, **numbers)


def attempt(row: TransactionRow) -> AttemptRow:
    values = {"sender": "0x01", "nonce": row.nonce, "fee_limit": "7", "signed_at": 1.125, "state": "signed"}
    return AttemptRow(
        genesis=LOG, transaction_id=row.id, hash=bytes([row.nonce % 256, row.nonce // 256]), raw=b"\x00", **values
    )


def begin(ledger: Ledger, number: int) -> Any:
    identity = Identity(LOG, 1, b"\x01" * 32, bytes([number]) * 32)
    return ledger.begin(
        identity, product="p/1", product_number=3, upload="/上传", skip_invalid=bool(number % 2), key_epoch=BIG
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose journal, in its file, has 1,200 transactions, and two batches."""
    made = Home(tmp_path / "home")
    with open_journal(made.journal) as journal:
        with journal.write() as session:
            rows = [transaction(number) for number in range(1200)]
            session.add_all(rows)
            session.flush()
            session.add_all([attempt(row) for row in rows])
        ledger = Ledger(journal, LOG)
        begin(ledger, 1)
        ledger.change(begin(ledger, 2), State.PREPARED, root=b"\x05" * 32, size=BIG)
    return made


@pytest.fixture
def address(postgres: Postgres) -> DatabaseAddress:
    return postgres.database()


def content(home: Home, address: DatabaseAddress | None = None) -> list[Any]:
    """Every row of every table."""
    with open_journal(home.journal, address) as journal, journal.read() as session:
        tables = ("transactions", "transaction_attempts", "key_claims", "anchorings")
        return [session.execute(text(f"SELECT * FROM {name} ORDER BY 1")).mappings().all() for name in tables]  # noqa: S608


def same(home: Home, before: list[Any], address: DatabaseAddress) -> None:
    """Everything is there as it was, and nothing but the database is used from now on."""
    after = content(home, address)
    assert [[dict(row) for row in table] for table in after] == [
        [dict(row) | ({"skip_invalid": bool(row["skip_invalid"])} if "skip_invalid" in row else {}) for row in table]
        for table in before
    ]
    assert Whereabouts.of(home) is not None
    assert not Whereabouts.of(home).moving  # type: ignore[union-attr]
    with pytest.raises(JournalElsewhereError, match="in a database"):
        open_journal(home.journal)


def test_everything_arrives_and_the_next_rows_follow(home: Home, address: DatabaseAddress) -> None:
    before = content(home)
    assert move_journal(home, address).rows == 1200 + 1200 + 2
    same(home, before, address)
    with open_journal(home.journal, address) as journal:
        ledger = Ledger(journal, LOG)
        assert [len(ledger.secret(row)) for row in all_rows(journal)] == [32, 32]
        assert begin(ledger, 3).id == 3
        with journal.write() as session:
            session.add(transaction(1200))
        with journal.read() as session:
            assert session.get_one(TransactionRow, 1201).intent == "锚定 1200"


def test_a_process_that_has_the_file_open_writes_nothing_into_it_any_more(home: Home, address: DatabaseAddress) -> None:
    with open_journal(home.journal) as journal:
        move_journal(home, address)
        for attempt_to in (
            lambda: begin(Ledger(journal, LOG), 3),
            lambda: Ledger(journal, LOG).change(all_rows(journal)[0], State.MINED),
            lambda: Ledger(journal, LOG).forget(all_rows(journal)[0]),
        ):
            with pytest.raises(JournalError, match=r"was moved.*--database"):
                attempt_to()
        assert len(all_rows(journal)) == 2


def test_a_second_move_is_refused(home: Home, address: DatabaseAddress, postgres: Postgres) -> None:
    move_journal(home, address)
    for target in (address, postgres.database()):
        with pytest.raises(JournalElsewhereError, match="was moved before"):
            move_journal(home, target)


def test_a_database_with_a_journal_is_refused(home: Home, address: DatabaseAddress, tmp_path: Path) -> None:
    before = content(home)
    with open_journal(tmp_path / "other" / "journal.sqlite", address):
        pass
    with pytest.raises(JournalElsewhereError, match="another home"):
        move_journal(home, address)
    assert content(home) == before


def test_a_restored_home_does_not_move_over_its_own_journal(
    home: Home, address: DatabaseAddress, tmp_path: Path
) -> None:
    """The file of a backup is older than the database: moving it there would take back what was signed since."""
    move_journal(home, address)
    restored = Home.made(tmp_path / "restored")
    write_file(restored.backup_id, home.backup_id.read_text())
    open_journal(restored.journal).close()
    with pytest.raises(JournalElsewhereError, match=r"holds a journal already.*empty database"):
        move_journal(restored, address)


def test_without_a_journal_there_is_nothing_to_move(tmp_path: Path, address: DatabaseAddress) -> None:
    with pytest.raises(InputError, match="no journal to move"):
        move_journal(Home.made(tmp_path / "home"), address)


POINTS = ("note", "end", "old", "new", "last")


def killed(home: Home, address: DatabaseAddress, point: str, after: bool) -> None:
    """A child moves, and dies by SIGKILL before or after a step."""
    child = os.fork()
    if child == 0:
        _arm(point, after)
        move_journal(home, address)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def _arm(point: str, after: bool) -> None:
    def dying(step: Callable[..., Any], when: Callable[..., bool] = lambda *_: True) -> Callable[..., Any]:
        def wrapped(*words: Any, **named: Any) -> Any:
            dies = when(*words)
            if dies and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            made = step(*words, **named)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            return made

        return wrapped

    if point in ("note", "last"):
        Whereabouts.note = dying(Whereabouts.note, lambda noted, _: noted.moving == (point == "note"))  # type: ignore[method-assign]
    elif point == "end":
        moving._end = dying(moving._end)
    else:
        kind = "sqlite" if point == "old" else "postgresql"
        ended = moving._end

        def then(*words: Any) -> None:
            ended(*words)
            Connection.commit = dying(Connection.commit, lambda one: one.dialect.name == kind)  # type: ignore[method-assign]

        moving._end = then


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_is_finished_by_the_next_run(
    home: Home, postgres: Postgres, point: str, after: bool
) -> None:
    address, before = postgres.database(), content(home)
    killed(home, address, point, after)
    kept = Whereabouts.of(home)
    if kept is not None and kept.moving:
        with pytest.raises(JournalElsewhereError, match="in a database"):
            open_journal(home.journal)
    if kept is None or kept.moving:
        if (point, after) in (("new", True), ("last", False)):
            content(home, address)  # it has arrived: any command may use it
            with pytest.raises(JournalElsewhereError, match="was moved before"):
                move_journal(home, address)
        else:
            with pytest.raises(JournalElsewhereError):
                open_journal(home.journal, address)
            # Or into another database: the first one has nothing of it.
            target = postgres.database() if (point, after) == ("note", True) else address
            move_journal(home, target)
            address = target
    same(home, before, address)


def test_the_command(home: Home, postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    address = postgres.database()
    line = ["--home", str(home.path), "--json"]
    assert run([*line, "journal", "move"]) == ExitCode.USAGE
    assert run([*line, "--database", address.given, "batch", "list"]) == ExitCode.REFUSED
    capsys.readouterr()
    assert run([*line, "--database", address.given, "journal", "move"]) == ExitCode.OK
    assert f'"database": "{address}"' in capsys.readouterr().out.replace('":"', '": "')
    assert run([*line, "batch", "list"]) == ExitCode.REFUSED
    assert run([*line, "--database", address.given, "batch", "list"]) == ExitCode.OK
    with closing(sqlite3.connect(home.journal)) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute("DELETE FROM anchorings")
