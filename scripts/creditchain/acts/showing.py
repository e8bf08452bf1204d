"""Batches and books as they are shown to a contract: found by their node's cell, and opened by the index of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from creditchain.chain.calls import ShownBatch, ShownBook
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.log_entries import entries_between
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.index.opening import region_log
from creditchain.index.queries import reading_of
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.publishing_cells import book_key
from creditchain.log.reading import RegionReading
from creditchain.log.views import ContractCall, LogEntry, Opening

#: How often a call is made anew because others appended so much meanwhile that the proofs no longer hold.
_AGAIN = 5


class Shower:
    """The log as of the newest final block, from which batches and books are shown.

    Proofs fit the log as it is now: the entries of blocks that are not final yet are looked at for that.
    """

    def __init__(self, region: Region) -> None:
        """Bring the index up to date. Raises as `region_log`."""
        #: The log as of that block.
        self.log = region_log(region)
        self.reading: RegionReading = reading_of(region, self.log)
        first, last = self.log.block.number + 1, region.chain.head().number
        self._later = [one.hash for one in entries_between(region, first, last)] if first <= last else []

    def published(self, node: int, key_epoch: int) -> Iterator[LogEntry]:
        """The anchors and books of a node and key epoch, the newest first."""
        return (written.entry for written in self.reading.writes_of(book_key(node, key_epoch)))

    def batch(self, node: int, key_epoch: int, root: bytes) -> ShownBatch:
        """The anchor of this root (32 bytes). Raises InputError if there is none."""
        for entry in self.published(node, key_epoch):
            if isinstance(entry.body, AnchorBody) and entry.body.root == root:
                return ShownBatch(entry.body, self._open(entry))
        raise InputError(
            "this node anchored no batch with the root of this list under this key epoch", found="0x" + root.hex()
        )

    def book(self, node: int, key_epoch: int, root: bytes | None = None) -> ShownBook:
        """The last book with this root (32 bytes); None: the last one. Raises InputError if there is none."""
        for entry in self.published(node, key_epoch):
            if isinstance(entry.body, BookBody) and root in (None, entry.body.root):
                return ShownBook(entry.body, self._open(entry))
        found = "none" if root is None else "0x" + root.hex()
        raise InputError("this node entered no such book under this key epoch", found=found)

    def batches_of(self, book: ShownBook) -> list[LogEntry]:
        """The anchors of the batches that a book holds, the first one first: those before it that were sound then."""
        before = book.entry.index
        anchors = [
            entry
            for entry in self.published(book.body.node, book.body.key_epoch)
            if isinstance(entry.body, AnchorBody) and entry.index < before
        ]
        return [entry for entry in reversed(anchors) if not 0 < self.reading.flags(entry.index).since < before]

    def _open(self, entry: LogEntry) -> Opening:
        return self.log.opening(entry.index, self._later)


def show(region: Region, outbox: Outbox, intent: str, call: Callable[[Shower], ContractCall]) -> None:
    """Submit a call that shows entries, and wait until its block is final. Made anew where its proofs are outdated.

    Raises as `Shower` and `Outbox.submit`.
    """
    for left in reversed(range(_AGAIN)):
        try:
            if outbox.go_on(intent) is not None:
                return
            outbox.submit(intent, call(Shower(region)))
            return
        except ContractRefusedError as error:
            if error.name != "OpeningWrong" or not left:
                raise
