"""A record's id is unique in a batch and in the series, so a corrected upload publishes no record twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
from making import RULES, SEALS, TERMS, document, lines, write_parquet

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.folder import record_ids
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.supersessions import read_supersessions
from creditchain.batch.making import record_ids as gathering
from creditchain.batch.making.finishing import IDS
from creditchain.batch.making.pipeline import Prepared, Series, prepare
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.hashing import keccak256

CASES = Path(__file__).parent / "cases"
FIELD = "data.record_id"
TAX = load_product("tax-payment/1")


def batch(path: Path, dest: Path, *, secret: int = 1, series: Series | None = None, **more: Any) -> Prepared:
    """A batch with a secret of its own, as every batch has."""
    seals = Seals(SEALS.tag_key, bytes([secret]) * 32)
    more = {"rules": RULES, "limits": BatchLimits(), **more}
    rules, limits = more.pop("rules"), more.pop("limits")
    return prepare(
        find_upload(path), rules, seals, TERMS, dest, name="test", series=series or Series(), limits=limits, **more
    )


def upload(path: Path, documents: list[dict[str, Any]]) -> Path:
    path.write_bytes(lines(documents))
    return path


def with_id(value: dict[str, Any], record_id: str) -> dict[str, Any]:
    return {**value, "data": {**value["data"], "record_id": record_id}}


def by_leaf(folder: Path) -> dict[bytes, str]:
    """The record id of each leaf."""
    with open_batch(folder) as opened:
        return {
            leaf.hash(): orjson.loads(opened.document(index).content)["data"]["record_id"]
            for index, leaf in enumerate(opened.leaves)
        }


def require_right_index(folder: Path) -> None:
    """The index holds exactly the ids of the batch, and its rows lead to the leaves of these."""
    entries, leaves, salt = record_ids.open_entries(folder), by_leaf(folder), record_ids.series_salt(TERMS)
    assert (np.diff(entries["key"].astype(object)) >= 0).all()
    found = record_ids.leaves_of_rows(folder, entries["row"])
    assert len(found) == len(leaves)
    for entry, leaf in zip(entries, found, strict=True):
        assert entry["key"].tobytes() + entry["rest"].tobytes() == keccak256(salt + leaves[leaf].encode())[:16]


def test_an_id_stands_once_in_an_upload(tmp_path: Path) -> None:
    values = [document(record) for record in range(50)]
    values[40] = with_id(values[40], "R000000007")
    values[45] = with_id(values[45], "R000000007")
    told: list[Problem] = []
    path = upload(tmp_path / "u.jsonl", values)
    with pytest.raises(UploadError, match="twice in the upload") as refused:
        batch(path, tmp_path / "b", faults=Faults(report=told.append))
    assert [(problem.line, problem.field, problem.found) for problem in told] == [
        (41, FIELD, "lines 8 and 41"),
        (46, FIELD, "lines 8 and 46"),
    ]
    assert refused.value.place is not None
    assert refused.value.place.line == 41
    done = batch(path, tmp_path / "b", faults=Faults(skip=True))
    assert (done.size, done.skipped) == (48, 2)
    require_right_index(done.path)


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_are_right_however_the_upload_is_cut(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Duplicates, repeated ids and bad lines together: every remaining leaf belongs to a remaining line."""
    monkeypatch.setattr("creditchain.batch.making.pipeline.SMALL_BYTES", 0)
    monkeypatch.setattr(gathering, "_SORTED", 64)
    values = [document(record) for record in range(400)]
    values[200] = values[100]  # the same document: a double
    values[300] = with_id(values[300], "R000000150")
    raw = lines(values).splitlines(keepends=True)
    raw[50] = b"{\n"
    path = tmp_path / "u.jsonl"
    path.write_bytes(b"".join(raw))
    told: list[Problem] = []
    done = batch(
        path,
        tmp_path / "b",
        limits=BatchLimits(workers=workers, piece_bytes=20_000),
        faults=Faults(skip=True, report=told.append),
    )
    assert sorted(problem.line or 0 for problem in told) == [51, 201, 301]
    assert (done.size, done.skipped) == (397, 3)
    require_right_index(done.path)


def test_a_record_published_before_is_refused_and_both_are_named(tmp_path: Path) -> None:
    first = batch(upload(tmp_path / "1.jsonl", [document(record) for record in range(30)]), tmp_path / "b")
    again = upload(tmp_path / "2.jsonl", [document(record) for record in range(25, 40)])
    series = Series((first.path,))
    told: list[Problem] = []
    with pytest.raises(UploadError, match="published before"):
        batch(again, tmp_path / "b", secret=2, series=series, faults=Faults(report=told.append))
    assert [problem.line for problem in told] == [1, 2, 3, 4, 5]
    with open_batch(first.path) as opened:
        leaves = {leaf.hash().hex() for leaf in opened.leaves}
    for problem in told:
        assert problem.field == FIELD
        assert problem.found is not None
        assert f"line {problem.line}, and leaf 0x" in problem.found
        assert first.root.hex() in problem.found
        assert any(leaf in problem.found for leaf in leaves)
        assert "R0000" not in str(problem)
    done = batch(again, tmp_path / "b", secret=2, series=series, faults=Faults(skip=True))
    assert (done.size, done.skipped) == (10, 5)


def test_a_later_version_supersedes_where_that_is_meant(tmp_path: Path) -> None:
    first = batch(upload(tmp_path / "1.jsonl", [document(record) for record in range(30)]), tmp_path / "b")
    values = [document(record) for record in range(40, 50)] + [document(record) for record in range(5)]
    values[2] = with_id(values[2], "R000000044")  # repeats an id of this upload; left out, so that rows move up
    changed = [{**value, "as_of": "2024-12-31"} for value in values]
    path = upload(tmp_path / "2.jsonl", changed)
    series = Series((first.path,), supersede=True)
    done = batch(path, tmp_path / "b", secret=2, series=series, faults=Faults(skip=True))
    assert (done.size, done.skipped, done.superseding) == (14, 1, 5)
    found = read_supersessions(done.path)

    old, new = by_leaf(first.path), by_leaf(done.path)
    assert sorted(old[one.earlier] for one in found) == [f"R{record:09}" for record in range(5)]
    assert [old[one.earlier] for one in found] == [new[one.later] for one in found]
    assert read_supersessions(first.path) == ()


def test_mending_a_file_after_skip_invalid_publishes_nothing_twice(tmp_path: Path) -> None:
    rules = Rules(TAX)
    skip = Faults(skip=True)
    first = batch(CASES / "twice-first.csv", tmp_path / "b", rules=rules, faults=skip)
    assert (first.size, first.skipped) == (2, 1)
    series = Series((first.path,))
    told: list[Problem] = []
    with pytest.raises(UploadError, match="published before"):
        batch(
            CASES / "twice-mended.csv",
            tmp_path / "b",
            secret=2,
            rules=rules,
            series=series,
            faults=Faults(report=told.append),
        )
    assert [problem.line for problem in told] == [2, 4]
    mended = batch(CASES / "twice-mended.csv", tmp_path / "b", secret=2, rules=rules, series=series, faults=skip)
    assert (mended.size, mended.skipped) == (1, 2)


def test_a_missing_or_torn_index_is_made_again(tmp_path: Path) -> None:
    first = batch(upload(tmp_path / "1.jsonl", [document(record) for record in range(30)]), tmp_path / "b")
    path = first.path / IDS
    before = path.read_bytes()
    path.unlink()
    record_ids.open_entries(first.path)
    assert path.read_bytes() == before
    path.write_bytes(before[:-5])
    record_ids.open_entries(first.path)
    assert path.read_bytes() == before


def test_all_forms_leave_the_same_index(tmp_path: Path) -> None:
    values = [document(record) for record in range(30)]
    one = batch(upload(tmp_path / "1.jsonl", values), tmp_path / "b")
    before = (one.path / IDS).read_bytes()
    other = batch(write_parquet(tmp_path / "1.parquet", values), tmp_path / "c")
    assert other.root == one.root
    assert (other.path / IDS).read_bytes() == before


def test_ids_of_other_series_do_not_matter() -> None:
    ids = pa.array(["R000000001"])
    salts = {
        record_ids.series_salt(terms) for terms in (TERMS, replace(TERMS, node=4), replace(TERMS, log_id=b"\2" * 32))
    }
    assert len({record_ids.entries_of(ids, 0, salt)["key"][0] for salt in salts}) == 3


def test_met_finds_what_sets_find(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    salt = b"\x05" * 32
    mine = [f"R{number:08}" for number in draw.choice(1000, 300, replace=False)]
    for count in (0, 1, 10, 700):
        theirs = [f"R{number:08}" for number in draw.choice(1000, count, replace=False)]
        entries = record_ids.in_order(record_ids.entries_of(pa.array(mine, pa.string()), 0, salt))
        folder = tmp_path / str(count)
        folder.mkdir()
        other = record_ids.in_order(record_ids.entries_of(pa.array(theirs, pa.string()), 0, salt))
        record_ids.write_entries(folder / IDS, other)
        found = {
            (mine[one], theirs[two])
            for each in record_ids.met(entries, [folder])
            for one, two in zip(each.rows, each.other_rows, strict=True)
        }
        assert found == {(one, one) for one in set(mine) & set(theirs)}
