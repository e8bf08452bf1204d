"""A node makes the book of its batches under a key epoch, and checks that a book is exactly its batches.

Both look only at this home: at the batches that its journal has as final, and at folders or lists that are given for
those that another home anchored. Entering a book on chain is an act of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from creditchain.acts.locks import locked
from creditchain.batch.book.check import check_book
from creditchain.batch.book.making import MadeBook, make_book
from creditchain.batch.book.manifest import BookBatch, BookError, BookManifest, BookTerms, read_manifest
from creditchain.batch.book.opened import open_book
from creditchain.batch.book.sources import BatchSource
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.folder.manifest import read_manifest as read_batch
from creditchain.batch.ledger import State, all_rows
from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.deployments import Deployment
from creditchain.errors import Place
from creditchain.home.journal import Journal
from creditchain.home.layout import Home

#: Seconds for which one process waits for another that makes the same book.
_WAIT = 600.0


@dataclass(frozen=True, slots=True)
class BookOrder:
    """Which book to make. `given`: folders of batches that are not in this home's journal, by number."""

    node: int
    key_epoch: int
    given: Mapping[int, Path]
    gone: frozenset[int] = frozenset()  #: numbers of broken and annulled batches
    anew: bool = False  #: from the batches alone, whatever books there are


def make(home: Home, journal: Journal, deployment: Deployment, order: BookOrder, watch: Watch = no_watch) -> MadeBook:
    """Make the book of a node's batches so far, from the last book here and the batches since. Kill it, run it again.

    Raises:
        BookError: a batch is missing, is another node's, epoch's or log's, or is not what its root says.
        StorageError.
    """
    terms = BookTerms(
        deployment.log_id,
        deployment.chain_id,
        deployment.address("AnchorRegistry").lower(),
        order.node,
        order.key_epoch,
    )
    books = home.region(deployment.log_id).books
    with book_lock(home, terms):
        sources = _sources(home, journal, terms, order.given)
        last = None if order.anew else _last_book(books, terms, sources)
        if last is None:
            return make_book(books, terms, sources, gone=order.gone, watch=watch)
        with open_book(last) as base:
            return make_book(books, terms, sources, base=base, gone=order.gone, watch=watch)


def book_lock(home: Home, terms: BookTerms) -> AbstractContextManager[None]:
    """Hold while the books of these terms are made or removed. Raises LockHeldError after a while."""
    return locked(home.locks, "book", f"{terms.log_id.hex()} {terms.node} {terms.key_epoch}", _WAIT)


def check(home: Home, book: Path, given: Mapping[int, Path], watch: Watch = no_watch) -> BookManifest:
    """Check that a book is what its manifest says, and exactly its batches: those of this home, and those given.

    `given`: folders or lists of leaves, by the numbers of their batches.
    Raises BookError at the first difference; StorageError.
    """
    manifest = read_manifest(book)
    folders = home.region(manifest.terms.log_id).batches
    sources = [BatchSource(batch, given.get(batch.number, folders / batch.root.hex())) for batch in manifest.batches]
    for source in sources:
        if not source.path.exists():
            raise BookError(
                f"batch number {source.batch.number} of the book is missing here",
                expected="0x" + source.batch.root.hex(),
                hint="Give its folder or its list of leaves.",
            )
    check_book(book, sources, watch).close()
    return manifest


def _sources(home: Home, journal: Journal, terms: BookTerms, given: Mapping[int, Path]) -> list[BatchSource]:
    folders = home.region(terms.log_id).batches
    found = {number: _opened(number, path, terms, None) for number, path in given.items()}
    for row in all_rows(journal):
        mine = (row.log_id, row.node, row.key_epoch) == (terms.log_id, terms.node, terms.key_epoch)
        if not mine or row.state != State.FINAL or row.number is None or row.root is None:
            continue
        if row.number in found:
            raise BookError(f"two batches have the number {row.number}")
        source = _opened(row.number, folders / row.root.hex(), terms, row.root)
        found[row.number] = replace(source, batch=replace(source.batch, entry=row.entry, block=row.block))
    return [found[number] for number in sorted(found)]


def _opened(number: int, path: Path, terms: BookTerms, root: bytes | None) -> BatchSource:
    manifest = read_batch(path)
    _require_terms(number, path, manifest.terms, terms)
    if root is not None and manifest.root != root:
        expected, place = "0x" + root.hex(), Place(str(path))
        raise BookError(f"the folder of batch {number} is another batch's", expected=expected, place=place)
    return BatchSource(BookBatch(number, manifest.root, manifest.size), path)


def _require_terms(number: int, path: Path, found: Terms, terms: BookTerms) -> None:
    pairs = {
        "key epoch": (terms.key_epoch, found.key_epoch),
        "node": (terms.node, found.node),
        "log": ("0x" + terms.log_id.hex(), "0x" + found.log_id.hex()),
    }
    for what, (expected, told) in pairs.items():
        if expected != told:
            message = f"batch {number} is of another {what} than the book"
            raise BookError(message, expected=str(expected), found=str(told), place=Place(str(path)))


def _last_book(books: Path, terms: BookTerms, sources: Sequence[BatchSource]) -> Path | None:
    """The book of these terms that covers the most batches, of those whose batches are still the same; None if none."""
    known = {one.batch.number: one.batch for one in sources}
    mine = []
    for path in sorted(books.glob("*")):
        if path.is_dir() and not path.name.startswith("."):
            found = read_manifest(path)
            same = all(known.get(batch.number, batch) == batch for batch in found.batches)
            if found.terms == terms and same:
                mine.append((found.covered, path))
    return max(mine)[1] if mine else None
