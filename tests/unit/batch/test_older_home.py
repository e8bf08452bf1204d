"""A home of an older release: opened once, everything lies with its region, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

from making import document, lines, made

from creditchain.batch.folder.opened import open_batch
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.reasons import keep_reason

OTHER_LOG = b"\x77" * 32


def older_home(folder: Path) -> Home:
    home = Home(folder)
    upload = folder.parent / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(40)]))
    made(upload, home.path / "batches")
    for name in ("reasons", "audited/ab12", "loans", "batches/.preparing-3/leaves", "batches/no-batch"):
        (home.path / name).mkdir(parents=True)
    (home.path / "audited" / "ab12" / "leaves.arrow").write_bytes(b"leaves")
    (home.path / "loans" / "0123.json").write_bytes(b"{}")
    return home


def test_everything_moves_to_its_region(tmp_path: Path) -> None:
    home = older_home(tmp_path / "home")
    (batch,) = (path for path in (home.path / "batches").iterdir() if len(path.name) == 64)
    log_id = bytes.fromhex(json.loads((batch / "manifest.json").read_bytes())["log_id"][2:])
    kept = keep_reason(home.path / "reasons", f"life revoked {log_id.hex()}", "更正")
    open_journal(home.journal).close()
    region = home.region(log_id)
    assert home.known_regions() == {log_id: region}
    open_batch(region.batches / batch.name).close()
    assert keep_reason(region.reasons, f"life revoked {log_id.hex()}", "更正").digest == kept.digest
    assert (region.audited / "ab12" / "leaves.arrow").read_bytes() == b"leaves"
    assert (region.loans / "0123.json").read_bytes() == b"{}"
    assert {path.name for path in home.path.iterdir()} >= {"batches", "regions"}
    assert [path.name for path in (home.path / "batches").iterdir()] == ["no-batch"]  # not ours to judge
    assert not (home.path / "reasons").exists()


def test_what_cannot_be_told_apart_stays(tmp_path: Path) -> None:
    home = older_home(tmp_path / "home")
    keep_reason(home.path / "reasons", f"life revoked {OTHER_LOG.hex()}", "another region")
    keep_reason(home.path / "reasons", "staff of query 12", "somebody")
    open_journal(home.journal).close()
    assert len(home.known_regions()) == 2
    assert len(list((home.path / "reasons").iterdir())) == 1
    assert len(list(home.region(OTHER_LOG).reasons.iterdir())) == 1
    assert (home.path / "audited" / "ab12" / "leaves.arrow").exists()
    assert (home.path / "loans" / "0123.json").exists()


def test_a_journal_of_this_release_moves_nothing(tmp_path: Path) -> None:
    """A folder of such a name that somebody makes later is left alone."""
    home = Home(tmp_path / "home")
    open_journal(home.journal).close()
    older_home(home.path)
    open_journal(home.journal).close()
    assert not home.regions.exists()
