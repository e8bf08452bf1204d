"""Cells of products, publishers, key epochs, books and audits (docs/format.md section 5), and what they say. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from creditchain.log.cells import ENTRY_BYTES, cell_key, entry_of
from creditchain.log.members import address_in
from creditchain.log.views import Flags, LaunchedProduct, Published
from creditchain.vocabulary import ProductState, Space

_OF_NUMBER: Final = 1 << 32
_LOW, _HIGH = 1 << 32, 2 << 32
_TOTAL, _CLOSED, _AUDITOR = 1 << 64, 2 << 64, 3 << 64
_AUDITED, _BROKEN, _ANNULLED, _RESTORED = 1, 2, 4, 8


def product_key(number: int) -> bytes:
    """The key of the cell of a product, by its number, 32 bytes."""
    return cell_key(Space.PRODUCT, _OF_NUMBER | number)


def product_of(number: int, word: bytes) -> LaunchedProduct:
    """What the word of a product's cell says; its state is `NONE` if it was never launched."""
    value = _value(word)
    return LaunchedProduct(number, ProductState(value & 0xFF), _bits(value, 8, 192).to_bytes(24))


def listed_key(space: Space, place: int) -> bytes:
    """The key of a place (from 1) of a list of numbers, of `PRODUCT` or `PUBLISHER`; place 0 holds their count."""
    return cell_key(space, place)


@lru_cache(maxsize=64)
def listed_keys(space: Space, places: int) -> tuple[bytes, ...]:
    """The keys of the first places of a list, from place 0 on, which holds their count."""
    return tuple(listed_key(space, place) for place in range(places))


def listed_number(word: bytes) -> int:
    """What a place of a list holds: a number, or the count."""
    return _bits(_value(word), 0, 32)


def epoch_keys(epoch: int) -> tuple[bytes, bytes]:
    """The keys of the cells of a key epoch's digest: its low 200 and its high 56 bits."""
    return cell_key(Space.EPOCH, _LOW + epoch), cell_key(Space.EPOCH, _HIGH + epoch)


def epoch_digest_of(low: bytes, high: bytes) -> bytes | None:
    """The digest of a key epoch's tag key (32 bytes), from both words; None if there is no such epoch."""
    digest = _value(high) << 200 | _value(low)
    return digest.to_bytes(32) if digest else None


#: The key of the cell of the current key epoch.
CURRENT_EPOCH_KEY: Final = cell_key(Space.EPOCH, 0)


def current_epoch_of(word: bytes) -> int:
    """The current key epoch; 0 before the first was opened."""
    return _bits(_value(word), 0, 32)


def book_key(node: int, epoch: int) -> bytes:
    """The key of the cell of what a node published under a key epoch, which each of its anchors and books writes."""
    return cell_key(Space.BOOK, node << 32 | epoch)


def total_key(node: int, epoch: int) -> bytes:
    """The key of the cell with the last audited book, and the leaves that are gone."""
    return cell_key(Space.AUDIT, _TOTAL | node << 32 | epoch)


def published_of(book: bytes, total: bytes) -> Published:
    """What a node published under a key epoch, from the words of both cells."""
    value, audits = _value(book), _value(total)
    return Published(
        batches=_bits(value, 0, 32),
        leaves=_bits(value, 32, 40),
        gone=_bits(audits, 40, 40),
        last_entry=entry_of(book),
        book=_bits(value, 72, 40),
        audited_book=_bits(audits, 0, 40),
    )


def flags_key(entry: int) -> bytes:
    """The key of the cell of what became of the anchor or book with this entry."""
    return cell_key(Space.AUDIT, entry)


def flags_of(word: bytes) -> Flags:
    """What became of an anchor or a book; not yet who audited it, which another cell says (`auditor_of`)."""
    value = _value(word)
    return Flags(
        audited=bool(value & _AUDITED),
        broken=bool(value & _BROKEN),
        annulled=bool(value & _ANNULLED),
        restored=bool(value & _RESTORED),
        since=_bits(value, 4, 40),
        previous=_bits(value, 44, 40),
    )


def auditor_key(book: int) -> bytes:
    """The key of the cell that says who attested the last audit of the book with this entry."""
    return cell_key(Space.AUDIT, _AUDITOR | book)


def auditor_of(word: bytes) -> tuple[str | None, int]:
    """The address that attested a book's last audit (None if nobody did), and when, unix seconds."""
    value = _value(word)
    return address_in(value), _bits(value, 160, 40)


def closed_key(node: int) -> bytes:
    """The key of the cell that says from which entry on a node does not show what it published."""
    return cell_key(Space.AUDIT, _CLOSED | node)


def closed_from_of(word: bytes) -> int:
    """From which log entry on a node does not show what it published; 0 if it shows all."""
    return _bits(_value(word), 0, 40)


def _value(word: bytes) -> int:
    return int.from_bytes(word[:-ENTRY_BYTES])


def _bits(value: int, first: int, count: int) -> int:
    return value >> first & (1 << count) - 1
