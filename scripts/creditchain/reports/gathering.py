"""Find what a report is assembled from: books and batches on disk, and the subject's tag under each key epoch.

The folder of a book or a batch has its root as its name. So the log, which says the root, says where it is: however
many folders there are, only those that the report needs are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from creditchain.batch.book.manifest import FILE as BOOK_FILE
from creditchain.batch.book.manifest import BookError
from creditchain.batch.book.opened import BookFolder, open_book
from creditchain.batch.errors import BatchError
from creditchain.batch.folder.manifest import FILE as BATCH_FILE
from creditchain.batch.folder.opened import BatchFolder, open_batch
from creditchain.errors import ConfigError, InputError, Place, UnavailableError
from creditchain.identifiers import Subject, epoch_digest, subject_tag
from creditchain.packages.parts import PackagedTag, SignedTagStatement

#: A book or a batch: node and root.
VolumeKey = tuple[int, bytes]


class Library(Protocol):
    """Where the books and batches of a region are."""

    def book(self, key: VolumeKey) -> BookFolder | None:
        """The book of this node with this root; None if it is not here."""

    def batch(self, key: VolumeKey) -> BatchFolder | None:
        """The batch of this node with this root; None if it is not here."""


class FolderLibrary:
    """Folders of books and batches in some places. What was opened stays open until the library is closed."""

    def __init__(self, log_id: bytes, batches: Sequence[Path], books: Sequence[Path]) -> None:
        """`batches`, `books`: folders in which their folders stand. UnavailableError if one of them is not there."""
        require_places((*batches, *books))
        self._log_id, self._batches, self._books = log_id, batches, books
        self._open_batches: dict[VolumeKey, BatchFolder | None] = {}
        self._open_books: dict[VolumeKey, BookFolder | None] = {}

    def book(self, key: VolumeKey) -> BookFolder | None:
        """See `Library.book`. BookError if it is damaged."""
        if key not in self._open_books:
            self._open_books[key] = book_in(self._books, self._log_id, key)
        return self._open_books[key]

    def batch(self, key: VolumeKey) -> BatchFolder | None:
        """See `Library.batch`. BatchError if it is damaged."""
        if key not in self._open_batches:
            self._open_batches[key] = batch_in(self._batches, self._log_id, key)
        return self._open_batches[key]

    def close(self) -> None:
        """Close everything; what was read stays valid."""
        for one in (*self._open_batches.values(), *self._open_books.values()):
            if one is not None:
                one.close()
        self._open_batches, self._open_books = {}, {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def require_places(places: Sequence[Path]) -> None:
    """Raise UnavailableError if a folder of books or batches is not there."""
    for place in places:
        if not place.is_dir():
            raise UnavailableError("there is no such folder of batches or books", place=Place(str(place)))


def book_in(places: Sequence[Path], log_id: bytes, key: VolumeKey) -> BookFolder | None:
    """The book of a log (id of 32 bytes) in some places; None if it is in none. BookError if it is damaged."""
    for place in places:
        path = place / key[1].hex()
        if not (path / BOOK_FILE).is_file():
            continue
        try:
            book = open_book(path)
        except BookError as error:
            raise error.at(Place(str(path))) from None
        if (book.manifest.terms.log_id, book.manifest.terms.node) == (log_id, key[0]):
            return book
        book.close()
    return None


def batch_in(places: Sequence[Path], log_id: bytes, key: VolumeKey) -> BatchFolder | None:
    """The same of a batch. BatchError if it is damaged."""
    for place in places:
        path = place / key[1].hex()
        if not (path / BATCH_FILE).is_file():
            continue
        try:
            batch = open_batch(path)
        except BatchError as error:
            raise error.at(Place(str(path))) from None
        if (batch.manifest.terms.log_id, batch.manifest.terms.node) == (log_id, key[0]):
            return batch
        batch.close()
    return None


def gather_tags(
    subject: Subject,
    digests: Mapping[int, bytes],
    keys: Sequence[bytes],
    statements: Sequence[SignedTagStatement],
) -> dict[int, PackagedTag]:
    """The subject's tag under each epoch that a key or a statement is given for.

    `digests` are the logged digests by epoch. Raises ConfigError for a key of no epoch, InputError for a statement
    about somebody else or about another tag than the key gives.
    """
    tags: dict[int, PackagedTag] = {}
    for key in keys:
        epoch = next((number for number, logged in digests.items() if logged == epoch_digest(key)), None)
        if epoch is None:
            raise ConfigError("a tag key given is not the key of any epoch of this region")
        tags[epoch] = PackagedTag(subject_tag(key, subject), None)
    for statement in statements:
        known = tags.get(statement.key_epoch)
        if statement.subject != subject or (known is not None and known.subject_tag != statement.subject_tag):
            raise InputError(
                "a tag statement is about another enterprise, or names another tag than the key of its epoch gives",
                found=f"a statement of platform {statement.platform} for key epoch {statement.key_epoch}",
            )
        tags[statement.key_epoch] = PackagedTag(statement.subject_tag, statement)
    return tags
