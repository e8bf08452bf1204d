"""A node enters its book of a key epoch: all leaves of its batches that are sound, as one tree, an entry of the log."""

from __future__ import annotations

from creditchain.acts.preconditions import require_signer
from creditchain.batch.book.manifest import BookManifest
from creditchain.chain.outbox import Outbox
from creditchain.chain.outbox_journal import intents_under_way
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.home.journal import Journal
from creditchain.log.entries import BookBody


def enter_book(region: Region, outbox: Outbox, manifest: BookManifest) -> int:
    """Enter a book, and wait until its block is final; the index of its log entry.

    Run again, it enters nothing twice. Raises:
        RefusedError: the book is of another region's log.
        InputError: there are other batches than the book covers, or it has another size. Nothing was sent.
        NotEntitledError: the signer does not act for the node.
        ContractRefusedError, UnavailableError: as `Outbox.submit`.
    """
    terms = manifest.terms
    if terms.log_id != region.deployment.log_id:
        raise RefusedError("the book is of another region's log", hint="Choose the network and deployment it is on.")
    require_signer(region, outbox.signer, terms.node, "node")
    book = BookBody(terms.node, terms.key_epoch, manifest.covered, manifest.size, manifest.root)
    intent = f"book {book.node} {book.key_epoch} {book.batches} {book.root.hex()}"
    if outbox.go_on(intent) is None:
        _require_current(region, book)
        outbox.submit(intent, region.calls.enter_book(book))
    return region.published(book.node, book.key_epoch, region.chain.final_block().number).book


def book_intents(journal: Journal, region: Region, node: int) -> list[str]:
    """The names of entries of a node's books that were begun here, and may still take effect."""
    return intents_under_way(journal, region.chain.genesis, region.deployment.log_id.hex(), f"book {node} ")


def _require_current(region: Region, book: BookBody) -> None:
    published = region.published(book.node, book.key_epoch)
    expected = (published.batches, published.leaves - published.gone)
    if (book.batches, book.size) != expected:
        raise InputError(
            "this is not the book of all batches that are sound",
            expected=f"{expected[0]} batch(es), {expected[1]} leaves",
            found=f"{book.batches} batch(es), {book.size} leaves",
            hint="Make it again: a batch was anchored, broken or annulled meanwhile.",
        )
