"""Removing books from the disk that nobody needs: of each node and key epoch, all but a few.

Kept are the newest book here, the last one that was entered, and the last one whose audit counts: reports show that;
and the last one that was audited at all, whose audit may be repaired. A book can be made again from its batches.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.booking import book_lock
from creditchain.batch.book.manifest import BookManifest, BookTerms, read_manifest
from creditchain.chain.region import Region
from creditchain.home.files import LEAVING, remove_folder, storage
from creditchain.home.layout import Home
from creditchain.index.opening import region_log
from creditchain.index.queries import reading_of
from creditchain.log.entries import BookBody


@dataclass(frozen=True, slots=True)
class DroppedBook:
    """A book that was removed, or would be: its folder, and what it was."""

    folder: Path
    manifest: BookManifest


def drop_books(region: Region, home: Home, *, dry_run: bool = False) -> list[DroppedBook]:
    """Remove the books of this region that nobody needs. `dry_run`: only say which.

    Raises BookError: a folder is no book. UnavailableError: the chain or the disk could not be asked.
    """
    books = home.region(region.deployment.log_id).books
    by_terms: dict[BookTerms, list[DroppedBook]] = {}
    for folder in sorted(books.glob("*")):
        if folder.is_dir() and not folder.name.startswith("."):
            found = DroppedBook(folder, read_manifest(folder))
            by_terms.setdefault(found.manifest.terms, []).append(found)
    return [gone for terms, found in by_terms.items() for gone in _drop(region, home, terms, found, dry_run=dry_run)]


def _drop(
    region: Region, home: Home, terms: BookTerms, found: list[DroppedBook], *, dry_run: bool
) -> list[DroppedBook]:
    newest = max(found, key=lambda one: (one.manifest.covered, one.manifest.root)).manifest
    needed = {newest.root, *_on_chain(region, terms)}
    leaving = [one for one in found if one.manifest.root not in needed]
    if leaving and not dry_run:
        with book_lock(home, terms), storage("the books"):
            for one in leaving:
                remove_folder(one.folder)
            for left in leaving[0].folder.parent.glob(f"{LEAVING}*"):
                shutil.rmtree(left)  # a killed process left it
    return leaving


def _on_chain(region: Region, terms: BookTerms) -> set[bytes]:
    """The roots of the last book that was entered, of the last sound audited one, and of that whose audit counts."""
    log = region_log(region)
    reading = reading_of(region, log)
    published = reading.published(terms.node, terms.key_epoch)
    books = {published.book, published.audited_book, reading.counting_book(published.audited_book)}
    bodies = [log.entry(one).body for one in books if one]
    return {body.root for body in bodies if isinstance(body, BookBody)}
