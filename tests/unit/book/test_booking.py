"""`creditchain book`: from the batches of a home's journal to a book, and back."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from making import TERMS, document, lines, made

from creditchain.batch.book.opened import open_book
from creditchain.batch.folder.leaf_list import write_leaves
from creditchain.batch.folder.manifest import read_manifest
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.ledger import AnchoringRow, State
from creditchain.chain.deployments import DeployedContract, Deployment, save_deployment
from creditchain.cli.app import run
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home

CONTRACTS = {"AnchorRegistry": DeployedContract(TERMS.anchor_registry, 1, bytes(32))}
HERE = Deployment("embedded", TERMS.chain_id, bytes(32), "YRD", TERMS.log_id, CONTRACTS)


@dataclass
class Place:
    """A home with batches, and commands run in it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def home(self) -> Home:
        return Home.made(self.folder / "home")

    @property
    def batches(self) -> Path:
        return self.home.region(TERMS.log_id).batches

    def anchored(self, number: int, first: int, **changes: Any) -> Path:
        """A final batch of 20 records, in the journal under this number."""
        upload = self.folder / f"{first}.jsonl"
        upload.write_bytes(lines([document(record) for record in range(first, first + 20)]))
        batch = made(upload, self.batches)
        with open_journal(self.home.journal) as journal, journal.write() as session:
            session.add(AnchoringRow(**{**_row(number, batch.root), **changes}))
        return batch.path

    def __call__(self, *words: object) -> tuple[int, Any]:
        """Exit code, and the JSON on stdout or the error."""
        options = ("--home", self.folder / "home", "--deployments", self.folder / "deployments", "--json")
        code = run([str(word) for word in (*words, *options)])
        told = self.capsys.readouterr()
        return code, json.loads(told.out) if code == 0 else json.loads(told.err)["error"]

    def make(self, *words: object) -> tuple[int, Any]:
        return self("book", "make", "--node", TERMS.node, "--epoch", 1, *words)


def _row(number: int, root: bytes) -> dict[str, Any]:
    columns = AnchoringRow.__table__.columns
    # Whatever columns the table has: those that may not be null get a value of their type.
    plain: dict[str, Any] = {
        column.name: column.type.python_type() for column in columns if not column.nullable and not column.primary_key
    }
    return plain | {
        "log_id": TERMS.log_id, "node": TERMS.node, "key_epoch": 1, "number": number, "root": root, "size": 20,
        "state": State.FINAL, "upload_digest": root, "created_at": time.time(), "updated_at": time.time(),
    }  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    save_deployment(HERE, tmp_path / "deployments")
    return Place(tmp_path, capsys)


def test_a_book_day_by_day(place: Place) -> None:
    place.anchored(1, 0)
    code, first = place.make()
    assert (code, first["size"], first["batches"], first["gone"]) == (0, 20, 1, [])
    place.anchored(2, 100)
    place.anchored(3, 200)
    code, book = place.make()
    assert (code, book["size"], book["batches"]) == (0, 60, 3)
    assert place.make() == (0, book)
    assert place.make("--anew") == (0, book)
    code, checked = place("book", "check", book["root"][:9])
    assert (code, checked["intact"], checked["root"]) == (0, True, book["root"])
    with open_book(Path(book["folder"])) as opened:
        assert {leaf.product for leaf in opened.leaves} == {17}


def test_only_final_batches_of_this_log_node_and_epoch_are_in_it(place: Place) -> None:
    place.anchored(1, 0)
    place.anchored(2, 100, state=State.MINED)
    place.anchored(1, 200, node=4)
    place.anchored(1, 300, key_epoch=2)
    place.anchored(1, 400, log_id=b"\x02" * 32)
    code, book = place.make()
    assert (code, book["size"], book["batches"]) == (0, 20, 1)


def test_a_batch_that_another_home_anchored_can_be_given(place: Place, tmp_path: Path) -> None:
    place.anchored(1, 0)
    elsewhere = place.anchored(2, 100, node=4)
    place.anchored(3, 200)
    code, error = place.make()
    assert (code, error["message"]) == (1, "batch number 2 is missing")
    moved = tmp_path / "moved" / elsewhere.name
    shutil.move(elsewhere, moved)
    code, book = place.make("--batch", f"2={moved}")
    assert (code, book["size"]) == (0, 60)
    code, error = place("book", "check", book["folder"])
    assert (code, error["message"]) == (1, "batch number 2 of the book is missing here")
    listed = tmp_path / "list.leaves"
    with open_batch(moved) as batch:
        write_leaves(batch, listed)
    for source in (moved, listed):
        assert place("book", "check", book["folder"], "--batch", f"2={source}")[0] == 0


def test_a_batch_that_is_gone_is_left_out_for_good(place: Place) -> None:
    place.anchored(1, 0)
    place.anchored(2, 100)
    place.make()
    code, book = place.make("--gone", 2)
    assert (code, book["size"], book["batches"], book["gone"]) == (0, 20, 2, [2])
    place.anchored(3, 200)
    code, book = place.make("--gone", 2)
    assert (code, book["size"], book["batches"], book["gone"]) == (0, 40, 3, [2])


def test_a_book_of_a_batch_that_a_reorganisation_took_is_not_built_on(place: Place) -> None:
    place.anchored(1, 0)
    stale = place.make()[1]
    with open_journal(place.home.journal) as journal, journal.write() as session:
        session.query(AnchoringRow).delete()
    place.anchored(1, 100)
    place.anchored(2, 200)
    code, book = place.make()
    assert (code, book["size"], book["batches"]) == (0, 40, 2)
    assert place("book", "check", book["root"])[0] == 0
    assert stale["root"] != book["root"]


Fault = Callable[[Place], object]
FAULTS: dict[str, tuple[Fault, str]] = {
    "no batches": (lambda place: place.anchored(1, 0, node=4), "a book needs at least one batch"),
    "the first batch missing": (lambda place: place.anchored(2, 0), "batch number 1 is missing"),
    "one number twice": (
        lambda place: [place.anchored(1, 0), place.anchored(1, 100)], "two batches have the number 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults(place: Place, name: str) -> None:
    prepare, message = FAULTS[name]
    prepare(place)
    code, error = place.make()
    # Nothing to make a book of is no verdict.
    assert (code, error["message"]) == (4 if name == "no batches" else 1, message)


@pytest.mark.parametrize(
    ("change", "what"), [({"key_epoch": 2}, "key epoch"), ({"node": 9}, "node"), ({"log_id": bytes(32)}, "log")]
)
def test_a_folder_of_another_epoch_node_or_log(place: Place, change: dict[str, Any], what: str) -> None:
    folder = place.anchored(1, 0)
    manifest = read_manifest(folder)
    (folder / "manifest.json").write_bytes(replace(manifest, terms=replace(manifest.terms, **change)).to_bytes())
    code, error = place.make()
    assert (code, error["message"]) == (1, f"batch 1 is of another {what} than the book")
    assert error["place"] == {"file": str(folder)}


def test_leaves_that_were_changed_in_a_batch_are_noticed(place: Place) -> None:
    folder = place.anchored(1, 0)
    file = folder / "leaves" / "00000.arrow"
    with open_batch(folder) as batch:
        first = batch.leaves[0].commitment
    file.write_bytes(file.read_bytes().replace(first, bytes([first[0] ^ 1]) + first[1:]))
    code, error = place.make()
    assert code == 1
    assert error["message"] == "the leaves of batch 1 have another root than the batch"


def test_a_book_that_was_changed_fails_its_check(place: Place) -> None:
    place.anchored(1, 0)
    book = place.make()[1]
    file = Path(book["folder"]) / "leaves" / "00000.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    code, error = place("book", "check", book["root"])
    assert (code, error["message"]) == (1, "a file of the book has changed since it was written")
    assert "creditchain book make" in error["hint"]


@pytest.mark.parametrize("option", ["2", "=x", "two=x", "2="])
def test_wrong_options(place: Place, option: str) -> None:
    place.anchored(1, 0)
    assert place.make("--batch", option)[0] == 2


def test_a_book_that_is_not_here(place: Place) -> None:
    place.anchored(1, 0)
    code, error = place("book", "check", "ab" * 32)
    assert (code, error["message"]) == (4, "no book of this root in the home folder")
