"""The audit of a book's files: what is wrong is named, and what a proof needs is made from the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from book_world import TERMS, batch, keys_in, leaves_of, random_keys

from creditchain.acts.auditing_books import audit_files, leaves_of_book
from creditchain.batch.book import merging
from creditchain.batch.book.making import make_book
from creditchain.batch.book.opened import open_book
from creditchain.errors import InputError
from creditchain.merkle import verify_inclusion
from creditchain.merkle.order import leaf_order
from creditchain.verification.audit import LeafList, tree_of
from creditchain.verification.book_audit import Omitted, Surplus, WrongList, prove_omission


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of so few leaves that small books have many of them."""
    monkeypatch.setattr(merging, "PART_ROWS", 40)


def test_a_book_that_is_exactly_its_batches(tmp_path: Path) -> None:
    sources = [batch(tmp_path, number, 90) for number in (1, 2, 3)]
    made = make_book(tmp_path / "books", TERMS, sources)
    found = audit_files(made.path, made.manifest.root, sources[::-1])
    assert (found.root, found.size, found.faults) == (made.manifest.root, 270, ())


def test_a_leaf_left_out_is_named_and_proven_with_the_books_own_tree(tmp_path: Path) -> None:
    """The publisher made its book of another list than the one it anchored."""
    keys, stray = random_keys(90), random_keys(1)
    other = np.concatenate([keys[:41], keys[42:], stray])
    made = make_book(tmp_path / "books", TERMS, [batch(tmp_path, 1, other[leaf_order(other)])])
    anchored = batch(tmp_path, 1, keys)
    found = audit_files(made.path, made.manifest.root, [anchored])
    book = leaves_of_book(made.path)
    surplus = list(leaves_of(book.keys)).index(leaves_of(stray)[0])
    assert found.faults == (Omitted(1, 41), Surplus(surplus))
    theirs = LeafList(keys_in(anchored))
    with open_book(made.path) as opened:
        proof = prove_omission(theirs, tree_of(theirs), 41, book, opened.tree)
    for shown, size, root in (
        (proof.leaf, 90, anchored.batch.root),
        (proof.left, 90, made.manifest.root),
        (proof.right, 90, made.manifest.root),
    ):
        if shown.proof:
            assert verify_inclusion(shown.leaf.hash(), shown.index, size, shown.proof, root)


def test_another_root_than_the_entrys(tmp_path: Path) -> None:
    sources = [batch(tmp_path, 1, 9)]
    made = make_book(tmp_path / "books", TERMS, sources)
    assert audit_files(made.path, bytes(32), sources).faults == (WrongList(0, made.manifest.root, 9),)


def test_what_is_no_list(tmp_path: Path) -> None:
    sources = [batch(tmp_path, 1, 9)]
    made = make_book(tmp_path / "books", TERMS, sources)
    for raw, message in ((b"x" * 70, "this is not a list of leaves"), (b"", "the list holds no leaves")):
        sources[0].path.write_bytes(raw)
        with pytest.raises(InputError, match=message):
            audit_files(made.path, made.manifest.root, sources)
