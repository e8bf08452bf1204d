"""The book of the vectors: read as it stands there, and made again byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

from creditchain.batch.book.check import check_book
from creditchain.batch.book.making import make_book
from creditchain.batch.book.manifest import BookBatch, parse_manifest
from creditchain.batch.book.sources import BatchSource
from vectors.reading import load

VECTORS = load("books")


def sources(folder: Path) -> list[BatchSource]:
    """The batches, with their lists as files."""
    found = []
    for one in VECTORS["lists"]:
        path = folder / f"{one['number']}.leaves"
        path.write_bytes(one["keys"])
        size, place = len(one["keys"]) // 69, (one["entry"], one["block"])
        found.append(BatchSource(BookBatch(one["number"], one["root"], size, *place), path))
    return found


def test_the_book_of_the_vectors_is_intact_and_exactly_its_batches(tmp_path: Path) -> None:
    folder = tmp_path / json.loads(VECTORS["manifest"])["root"].removeprefix("0x")
    for file in VECTORS["files"]:
        path = folder / file["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file["content"])
    (folder / "manifest.json").write_text(VECTORS["manifest"])
    check_book(folder, sources(tmp_path)).close()


def test_the_book_made_of_these_batches_has_the_same_files(tmp_path: Path) -> None:
    terms = parse_manifest(VECTORS["manifest"].encode()).terms
    made = make_book(tmp_path / "books", terms, sources(tmp_path), gone=[2])
    assert (made.path / "manifest.json").read_text() == VECTORS["manifest"]
    for file in VECTORS["files"]:
        assert (made.path / file["name"]).read_bytes() == file["content"]
