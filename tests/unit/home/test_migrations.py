"""The schema comes from migrations alone; older journals are upgraded, newer ones refused."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from creditchain.batch.ledger import Ledger, State, all_rows
from creditchain.chain import outbox_journal
from creditchain.errors import ExitCode
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.databases.upgrading import configuration
from creditchain.home.files import StorageError
from creditchain.home.journal import SCHEMA, Base, JournalError, open_journal
from creditchain.home.layout import Home
from creditchain.home.migrations import HEAD, REVISIONS
from creditchain.store import (
    complaints,
    daily_counts,
    deliveries,
    enterprise_sessions,
    operator_uploads,
    orders,
    own_reports,
    parts,
    sessions,
    webhook_tables,
)

#: Written by the release before revisions: for two logs one batch preparing, one numbered, one final; a transaction.
BEFORE = Path(__file__).parent / "data" / "journal-before-revisions.sql"
#: The secrets of its batches under way: 32 times one byte.
SECRETS = {(log, upload): bytes([byte]) * 32 for (log, upload), byte in {
    (0x11, 1): 0xA1, (0x11, 2): 0xA2, (0x22, 1): 0xA4, (0x22, 2): 0xA5,
}.items()}  # fmt: skip
#: The last page of the old journal may still hold these: of batches that were final.
GONE = [b"\xa3" * 32, b"\xa6" * 32]


def older_journal(home: Home) -> None:
    home.path.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home.journal)) as database:
        database.executescript(BEFORE.read_text("utf-8"))


def schema(path: Path, address: DatabaseAddress | None = None) -> list[object]:
    """How the database differs from the classes."""
    engine = create_engine(f"sqlite:///{path}" if address is None else address.url())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    return differences


def version(path: Path, address: DatabaseAddress | None = None) -> str:
    engine = create_engine(f"sqlite:///{path}" if address is None else address.url())
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    return str(found)


def test_migrations_make_what_the_classes_declare(tmp_path: Path, address: DatabaseAddress | None) -> None:
    """After a change of a table's class: add a migration (creditchain/home/migrations/__init__.py says how)."""
    declared = (
        *(outbox_journal.TransactionRow, deliveries.DeliveryRow, sessions.SessionRow),
        *(parts.GivenPartRow, webhook_tables.WebhookRow, orders.OrderRow),
        *(enterprise_sessions.EnterpriseSessionRow, own_reports.OwnReportRow),
        *(operator_uploads.OperatorUploadRow, complaints.ComplaintRow, daily_counts.DailyCountRow),
    )
    assert {one.__tablename__ for one in declared} <= Base.metadata.tables.keys()
    open_journal(tmp_path / "j.sqlite", address).close()
    assert schema(tmp_path / "j.sqlite", address) == []
    assert version(tmp_path / "j.sqlite", address) == HEAD


def test_every_migration_is_listed_and_they_are_one_line(tmp_path: Path) -> None:
    script = ScriptDirectory.from_config(configuration(None, SCHEMA, tmp_path))
    assert script.get_heads() == [HEAD]
    assert tuple(step.revision for step in script.walk_revisions())[::-1] == REVISIONS


def test_a_journal_from_before_revisions_is_upgraded_and_keeps_everything(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    older_journal(home)
    with open_journal(home.journal) as journal:
        rows = all_rows(journal)
        assert [row.state for row in rows] == [State.PREPARING, State.NUMBERED, State.FINAL] * 2
        found = {}
        for row in rows:
            if row.state != State.FINAL:
                found[row.log_id[0], row.upload_digest[0]] = Ledger(journal, row.log_id).secret(row)
        assert found == SECRETS
        with journal.read() as session:
            (transaction,) = session.query(outbox_journal.TransactionRow).all()
            assert (transaction.intent, transaction.nonce) == ("anchor 1 aa", 3)
            assert session.query(outbox_journal.AttemptRow).one().raw == b"\x02\xf8"
    assert schema(home.journal) == []
    assert version(home.journal) == HEAD
    keys = [path for region in home.known_regions().values() for path in region.secrets.iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert len(keys) == len(SECRETS)


def test_no_secret_stays_in_the_clear_in_an_upgraded_journal(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    older_journal(home)
    assert all(secret in home.journal.read_bytes() for secret in SECRETS.values())
    with open_journal(home.journal):
        raw = [path.read_bytes() for path in home.path.rglob("*") if path.is_file()]
    assert not any(secret in content for secret in [*SECRETS.values(), *GONE] for content in raw)


def test_a_journal_with_the_outboxs_tables_alone_is_upgraded(tmp_path: Path) -> None:
    home = Home(tmp_path)
    older_journal(home)
    with closing(sqlite3.connect(home.journal)) as database:
        database.execute("DROP TABLE anchorings")
    with open_journal(home.journal) as journal:
        assert all_rows(journal) == []
    assert schema(home.journal) == []


def test_an_upgrade_that_fails_changes_nothing_and_is_done_the_next_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    older_journal(home)
    with closing(sqlite3.connect(home.journal)) as database:
        before = list(database.iterdump())
    (home.path / "regions").write_bytes(b"in the way of the keys' folder")
    with pytest.raises(StorageError, match="Not a directory"):
        open_journal(home.journal)
    with closing(sqlite3.connect(home.journal)) as database:
        assert list(database.iterdump()) == before
    (home.path / "regions").unlink()
    open_journal(home.journal).close()
    assert version(home.journal) == HEAD


def test_a_journal_of_a_newer_release_is_refused_and_unchanged(tmp_path: Path, address: DatabaseAddress | None) -> None:
    path = tmp_path / "j.sqlite"
    with open_journal(path, address) as journal, journal.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(JournalError, match=r"newer release.*9999.*Use that release") as raised:
        open_journal(path, address)
    assert raised.value.exit_code == ExitCode.DATABASE_FAILED
    assert version(path, address) == "9999"
