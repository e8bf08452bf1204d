"""Audit a book from files: its folder, and a list of leaves for each of its batches. Asks no chain and writes nothing.

The lists are taken into memory, 69 bytes a leaf and about as much again for the book's tree where something is to be
proven. `booking.check` says in bounded memory whether a book is intact; this says what is wrong with it, and gives what
a proof on chain is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from creditchain.batch.book.opened import open_book
from creditchain.batch.book.sources import BatchSource
from creditchain.batch.folder.leaf_list import read_leaves
from creditchain.verification.audit import LeafList
from creditchain.verification.book_audit import BookAudit, ListedBatch, audit_book


def audit_files(book: Path, root: bytes, batches: Sequence[BatchSource]) -> BookAudit:
    """Audit a book that was entered with this root (32 bytes) against the batches as they were anchored.

    Args:
        book: the book's folder.
        batches: roots and sizes from the log, with the list of leaves or folder of each; not those broken or annulled.
    Raises InputError, BookError: a file is no list, no book; StorageError.
    """
    listed = [
        ListedBatch(one.batch.number, one.batch.root, one.batch.size, read_leaves(one.path))
        for one in sorted(batches, key=lambda one: one.batch.number)
    ]
    return audit_book(leaves_of_book(book), root, listed)


def leaves_of_book(book: Path) -> LeafList:
    """All leaves of a book, in memory. Raises BookError, StorageError."""
    with open_book(book) as opened:
        return LeafList(np.concatenate([part.keys for part in opened.parts]))
