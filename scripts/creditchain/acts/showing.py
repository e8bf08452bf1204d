"""Batches and books as they are shown to a contract: found in the log by node, key epoch and root, and opened."""

from __future__ import annotations

from collections.abc import Callable

from creditchain.chain.calls import ShownBatch, ShownBook
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.log_entries import read_entries
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.openings import open_entry
from creditchain.log.views import ContractCall, LogEntry

#: How often a call is made anew because others appended so much meanwhile that the proofs no longer hold.
_AGAIN = 5


class Shower:
    """The log as of now, from which batches and books are shown."""

    def __init__(self, region: Region) -> None:
        """Read the whole log, checked against its root. Raises as `read_entries`."""
        self.entries: list[LogEntry] = read_entries(region)

    def batch(self, node: int, key_epoch: int, root: bytes) -> ShownBatch:
        """The anchor of this root (32 bytes). Raises InputError if there is none."""
        for entry in self.entries:
            body = entry.body
            if isinstance(body, AnchorBody) and (body.node, body.key_epoch, body.root) == (node, key_epoch, root):
                return ShownBatch(body, open_entry(self.entries, entry.index))
        raise InputError(
            "this node anchored no batch with the root of this list under this key epoch", found="0x" + root.hex()
        )

    def book(self, node: int, key_epoch: int, root: bytes | None = None) -> ShownBook:
        """The last book with this root (32 bytes); None: the last one. Raises InputError if there is none."""
        for entry in reversed(self.entries):
            body = entry.body
            if not isinstance(body, BookBody) or (body.node, body.key_epoch) != (node, key_epoch):
                continue
            if root in (None, body.root):
                return ShownBook(body, open_entry(self.entries, entry.index))
        found = "none" if root is None else "0x" + root.hex()
        raise InputError("this node entered no such book under this key epoch", found=found)


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
