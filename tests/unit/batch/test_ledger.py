"""The table of anchorings: a batch's secret can be read until the batch is final, and never after."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from creditchain.batch.ledger import Identity, Ledger, State
from creditchain.home import sealing
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home

LOG, OTHER_LOG = b"\x11" * 32, b"\x22" * 32


def identity(log_id: bytes = LOG, upload: int = 1) -> Identity:
    return Identity(log_id, 1, b"\x33" * 32, bytes([upload]) * 32)


def begin(ledger: Ledger, which: Identity):  # type: ignore[no-untyped-def]
    return ledger.begin(which, product="p/1", product_number=1, upload="file:///u", skip_invalid=False, key_epoch=1)


def key_files(home: Home) -> list[Path]:
    return sorted(path for region in home.known_regions().values() for path in region.secrets.glob("*"))


def everything(home: Home) -> bytes:
    """The raw bytes of all files of the home: journal, write-ahead log, keys, whatever else there is."""
    return b"".join(path.read_bytes() for path in sorted(home.path.rglob("*")) if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.made(tmp_path / "home")


def test_the_secret_is_the_same_until_final_in_any_process(home: Home) -> None:
    with open_journal(home.journal) as journal:
        row = begin(Ledger(journal, LOG), identity())
        secret = Ledger(journal, LOG).secret(row)
    with open_journal(home.journal) as journal:
        ledger = Ledger(journal, LOG)
        again = begin(ledger, identity())
        assert (again.id, ledger.secret(again)) == (row.id, secret)
        assert len(key_files(home)) == 1
    assert len(secret) == 32
    assert secret not in everything(home)


@pytest.mark.parametrize("end", ["finish", "forget", "start_over"])
def test_after_its_end_neither_secret_nor_key_is_anywhere_in_the_home(home: Home, end: str) -> None:
    with open_journal(home.journal) as journal, open_journal(home.journal) as other:
        ledger = Ledger(journal, LOG)
        kept = begin(ledger, identity(upload=2))
        elsewhere = begin(Ledger(other, OTHER_LOG), identity(OTHER_LOG))
        before = set(key_files(home))
        row = begin(ledger, identity())
        secret = ledger.secret(row)
        (file,) = set(key_files(home)) - before
        key = file.read_bytes()
        assert key in everything(home)
        ledger.change(row, State.PREPARED, root=b"\x44" * 32, size=1, subjects=1, domains=1)
        if end == "finish":
            ledger.finish(row, entry=1)
        if end == "forget":
            ledger.forget(row)
        if end == "start_over":
            ledger.start_over(row, 2)
            assert ledger.secret(row) != secret
        for _ in ("with the write-ahead log", "and as others see it"):
            raw = everything(home)
            assert secret not in raw
            assert key not in raw
        assert not file.exists()
        assert len(ledger.secret(kept)) == len(Ledger(other, OTHER_LOG).secret(elsewhere)) == 32
    raw = everything(home)  # everything closed: the log is in the database
    assert secret not in raw
    assert key not in raw


def test_one_batchs_end_destroys_no_other_batchs_key(home: Home) -> None:
    with open_journal(home.journal) as journal:
        ledger = Ledger(journal, LOG)
        rows = [begin(ledger, identity(upload=number)) for number in range(1, 6)]
        for row in rows:
            ledger.finish(row)
            left = [other for other in rows if other.state != State.FINAL]
            assert len({ledger.secret(other) for other in left}) == len(left) == len(key_files(home))


#: Runs to the n-th step that makes something durable or removes a file, and is killed there.
DRIVER = """
import os, signal, sys
from pathlib import Path
from creditchain.batch.ledger import Identity, Ledger, State
from creditchain.home import files, sealing
from creditchain.home.journal import open_journal

def deadly(step):
    def run(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **kwargs)
    return run

journal = open_journal(Path(sys.argv[1]))
ledger = Ledger(journal, b"\\x11" * 32)
left = int(sys.argv[2])
for module in (files, sealing):
    module.fsync = deadly(module.fsync)
Path.unlink = deadly(Path.unlink)
Path.hardlink_to = deadly(Path.hardlink_to)
row = ledger.begin(Identity(b"\\x11" * 32, 1, b"\\x33" * 32, b"\\x01" * 32),
                   product="p/1", product_number=1, upload="file:///u", skip_invalid=False, key_epoch=1)
if row.state != State.FINAL:
    print(ledger.secret(row).hex(), flush=True)
    ledger.finish(row)
"""


def test_killed_at_any_step_every_unfinished_row_has_its_secret_and_no_key_outlives_its_row(home: Home) -> None:
    killed, step = 0, 0
    while True:
        place = Home.made(home.path / str(step))
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(place.journal), str(step)], capture_output=True, text=True
        )
        with open_journal(place.journal) as journal:
            ledger = Ledger(journal, LOG)
            for row in ledger.rows(unfinished=True):
                assert done.stdout in ("", ledger.secret(row).hex() + "\n")
            ledger.destroy_unused_keys()
            assert len(key_files(place)) == len(ledger.rows(unfinished=True))
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed, step = killed + 1, step + 1
    assert killed >= 8
    assert ledger.rows()[0].state == State.FINAL


def test_no_key_is_taken_for_unused_while_its_row_is_being_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that ends its own batch waits until the row that refers to a new key is committed."""
    script = "import sys; from pathlib import Path\n" + (
        "from creditchain.home.journal import open_journal; from creditchain.batch.ledger import Ledger\n"
        "ledger = Ledger(open_journal(Path(sys.argv[1])), b'\\x11' * 32); print('ready', flush=True)\n"
        "sys.stdin.readline(); ledger.destroy_unused_keys()\n"
    )
    seal = sealing.SealingKeys.seal
    with open_journal(home.journal) as journal:
        ledger: Ledger = Ledger(journal, LOG)
        other = subprocess.Popen(
            [sys.executable, "-c", script, str(home.journal)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"

        def sealed_while_the_other_sweeps(keys: sealing.SealingKeys, secret: bytes) -> sealing.Sealed:
            sealed = seal(keys, secret)
            other.stdin.write("go\n")  # type: ignore[union-attr]
            other.stdin.flush()  # type: ignore[union-attr]
            with pytest.raises(subprocess.TimeoutExpired):  # it waits: were it to go on, it would destroy this key
                other.wait(0.5)
            return sealed

        monkeypatch.setattr(sealing.SealingKeys, "seal", sealed_while_the_other_sweeps)
        row = begin(ledger, identity())
        assert other.wait() == 0
        other.communicate()
        assert len(ledger.secret(row)) == 32


def test_journals_are_shared_by_regions_but_not_their_rows(home: Home) -> None:
    journal: Journal
    with open_journal(home.journal) as journal:
        begin(Ledger(journal, LOG), identity())
        assert Ledger(journal, OTHER_LOG).rows() == []
