"""A library for many reports opens a folder once, and anew when it changed on the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from making import document, lines, made

from creditchain.batch.folder.manifest import read_manifest
from creditchain.batch.folder.purging import erase
from creditchain.errors import UnavailableError
from creditchain.reports import SharedLibrary
from creditchain.reports.gathering import VolumeKey


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(20)]))
    return made(upload, tmp_path / "batches").path


def library_of(folder: Path) -> tuple[SharedLibrary, VolumeKey]:
    terms = read_manifest(folder).terms
    return SharedLibrary(terms.log_id, [folder.parent], []), (terms.node, read_manifest(folder).root)


def test_a_folder_stays_open(folder: Path) -> None:
    library, key = library_of(folder)
    opened = library.batch(key)
    assert opened is not None
    assert library.batch(key) is opened
    assert library.book(key) is None


def test_what_was_purged_is_known_at_once(folder: Path) -> None:
    library, key = library_of(folder)
    before = library.batch(key)
    assert before is not None
    assert before.document(3).content
    erase(folder, read_manifest(folder), [3])
    after = library.batch(key)
    assert after is not None
    assert 3 in after.purged
    assert library.batch(key) is after
    assert before.leaves[3] == after.leaves[3]  # whoever still reads the one that was replaced is not disturbed


def test_a_folder_that_comes_and_goes(folder: Path) -> None:
    library, key = library_of(folder)
    elsewhere = folder.parent.parent / "elsewhere"
    folder.rename(elsewhere)
    assert library.batch(key) is None
    elsewhere.rename(folder)
    assert library.batch(key) is not None
    shutil.rmtree(folder)
    assert library.batch(key) is None


def test_a_place_that_is_not_there(folder: Path) -> None:
    library, key = library_of(folder)
    shutil.rmtree(folder.parent)
    with pytest.raises(UnavailableError, match="no such folder"):
        library.batch(key)


def test_another_nodes_batch_of_that_root(folder: Path) -> None:
    library, (node, root) = library_of(folder)
    assert library.batch((node + 1, root)) is None
