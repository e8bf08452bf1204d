"""A regulator audits a node's book from the lists of its batches, which hold no content, keeps them and attests.

An audit says that the book is exactly the batches that are sound: their lists give the anchored roots and sizes,
ascend, and together give the book's root. It does not say that the records are true, or that everything was published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.auditing_books import audit_files
from creditchain.acts.preconditions import require_signer
from creditchain.acts.proving_faults import Publication
from creditchain.acts.showing import Shower, show
from creditchain.batch.book.manifest import BookBatch
from creditchain.batch.book.sources import BatchSource
from creditchain.batch.folder.leaf_list import LEAVES_FILE, Kept, keep_leaves, read_leaves
from creditchain.chain.calls import ShownBook
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.documents import canonical_bytes
from creditchain.errors import InputError, NotValidError
from creditchain.home.files import write_file
from creditchain.home.layout import Home
from creditchain.log.entries import AnchorBody
from creditchain.log.views import ContractCall
from creditchain.verification.audit import (
    Audit,
    DisorderError,
    LeafList,
    audit_list,
    audit_report,
    report_digest,
    union,
)
from creditchain.verification.book_audit import AnchoredTwice, BookFault, Omitted, Surplus, Unordered, WrongList
from creditchain.vocabulary import NodeStatus, Role

#: How many missing lists an error names.
_LISTED = 5


class NoRegulatorError(InputError):
    """Who is to attest is no active regulator."""


class MissingListsError(InputError):
    """Not all lists of a book's batches are in the home."""


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """Who audits whose book. `restored`: what spoiled batches held is published again, or never was the node's."""

    auditor: int
    of: Publication
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Attested:
    """A book that was audited: its root and size, the report, and the report's digest on chain (32 bytes)."""

    root: bytes
    size: int
    batches: int
    report: Path
    digest: bytes


def check_list(region: Region, listed: LeafList, of: Publication) -> Audit:
    """Check that the list is what the node anchored. Changes nothing.

    Raises:
        NotValidError: no; DisorderError if its leaves do not ascend.
    """
    audit = audit_list(listed)
    _require_anchored(_anchored(Shower(region), of), audit.root, audit.size)
    if audit.disorder is not None:
        raise DisorderError(audit.disorder)
    return audit


def attest(region: Region, outbox: Outbox, home: Home, sources: Sequence[Path], order: AuditOrder) -> Attested:
    """Check lists, keep them in the home, compare the node's last book with all its batches, and attest on chain.

    Lists that were kept before need not be given again. Killed anywhere, run it again. A book that a stolen key audited
    is audited anew.

    Args:
        sources: lists (Parquet), or batch folders, of which only the leaves are read.
    Raises:
        NoRegulatorError: the auditor is no active regulator.
        InputError: a source is no list; there is no book; a list is missing (MissingListsError).
        NotEntitledError: the signer does not act for the auditor.
        NotValidError: a list is not what was anchored, or the book is not its batches. Nothing was sent.
    """
    require_regulator(region, outbox, order.auditor)
    of, audited = order.of, home.region(region.deployment.log_id).audited
    shower = Shower(region)
    anchored = _anchored(shower, of)

    def accept(kept: Kept) -> None:
        _require_anchored(anchored, kept.root, kept.size)

    for source in sources:
        keep_leaves(source.resolve(), audited, accept)
    book = shower.book(of.node, of.key_epoch)
    lists = [audited / one.body.root.hex() for one in shower.batches_of(book) if isinstance(one.body, AnchorBody)]
    _require_lists(lists)
    found = _compare(lists, book)
    document = audit_report(
        found,
        log_id=region.deployment.log_id,
        node=of.node,
        key_epoch=of.key_epoch,
        auditor=order.auditor,
        batches=book.body.batches,
    )
    # The same audit gives the same bytes, so that writing them once more does no harm.
    path = audited / f"report-{of.node}-{of.key_epoch}-{order.auditor}-{found.root.hex()}.json"
    report = write_file(path, canonical_bytes(document), overwrite=True)
    digest = report_digest(document)

    def call(now: Shower) -> ContractCall:
        shown = now.book(of.node, of.key_epoch, found.root)
        return region.calls.attest_audit(order.auditor, shown, restored=order.restored, report_digest=digest)

    intent = f"audit {order.auditor} {of.node} {of.key_epoch} {book.entry.index} {digest.hex()} {order.restored:d}"
    before = shower.reading.flags(book.entry.index)
    if before.doubted:
        # What this home attested before may be the audit that the thief's key is suspected of.
        intent += f" after {before.audited_at}"
    show(region, outbox, intent, call)
    return Attested(found.root, found.size, book.body.batches, report, digest)


def faults_of(region: Region, home: Home, book: Path, of: Publication, root: bytes) -> Iterator[str]:
    """What is wrong with a book (its folder, its root of 32 bytes) by the lists in the home, each fault in words.

    Raises InputError, BookError: the folder is no book, or a list is missing. StorageError.
    """
    shower, audited = Shower(region), home.region(region.deployment.log_id).audited
    batches = [
        BatchSource(
            BookBatch(one.body.number, one.body.root, one.body.size), audited / one.body.root.hex() / LEAVES_FILE
        )
        for one in shower.batches_of(shower.book(of.node, of.key_epoch, root))
        if isinstance(one.body, AnchorBody)
    ]
    _require_lists([one.path.parent for one in batches])
    return (_told(one) for one in audit_files(book, root, batches).faults)


def _told(fault: BookFault) -> str:
    match fault:
        case WrongList(number=number):
            return "the book has another root" if number == 0 else f"the list of batch {number} is not the batch's"
        case Unordered(number=0, index=index):
            return f"leaves {index} and {index + 1} of the book do not ascend: `audit prove disorder --book`"
        case Unordered(number=number, index=index):
            return f"leaves {index} and {index + 1} of batch {number} do not ascend: `audit prove disorder`"
        case Omitted(number=number, index=index):
            return f"leaf {index} of batch {number} is not in the book: `audit prove omission`"
        case AnchoredTwice(number=number, index=index, earlier=earlier):
            return f"leaf {index} of batch {number} is in batch {earlier} already: `audit prove repeat`"
        case Surplus(index=index):
            return f"leaf {index} of the book is in no batch"


def _anchored(shower: Shower, of: Publication) -> dict[bytes, int]:
    """Root and size of each batch that the node anchored, in final blocks."""
    entries = shower.published(of.node, of.key_epoch)
    return {one.body.root: one.body.size for one in entries if isinstance(one.body, AnchorBody)}


def _require_anchored(anchored: Mapping[bytes, int], root: bytes, size: int) -> None:
    """Raise NotValidError unless the node anchored a batch of this root (32 bytes) and size."""
    if root not in anchored:
        raise NotValidError(
            "this node anchored no batch with the root of this list under this key epoch",
            found="0x" + root.hex(),
            hint="The list is not the batch's, or leaves were changed, left out or put in another order.",
        )
    if anchored[root] != size:
        raise NotValidError("the list has another size than the anchor", expected=str(anchored[root]), found=str(size))


def _require_lists(lists: Sequence[Path]) -> None:
    missing = [path.name for path in lists if not (path / LEAVES_FILE).is_file()]
    if missing:
        more = f"; and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        raise MissingListsError(
            f"the lists of {len(missing)} batch(es) of this node are missing",
            found="; ".join(f"0x{name}" for name in missing[:_LISTED]) + more,
            hint="Get them from the node (`creditchain audit list`), and give them too.",
        )


def _compare(lists: Sequence[Path], book: ShownBook) -> Audit:
    whole = union([read_leaves(path / LEAVES_FILE) for path in lists])
    found = audit_list(whole)
    if found.disorder is not None:
        raise NotValidError(
            "a leaf is in two batches of this node",
            hint="Prove it on chain with `creditchain audit prove repeat`.",
        )
    if (found.root, found.size) != (book.body.root, book.body.size):
        raise NotValidError(
            "the book is not its batches",
            expected=f"size {found.size}, root 0x{found.root.hex()}",
            found=f"size {book.body.size}, root 0x{book.body.root.hex()}",
            hint="Whoever has the book's list proves it: `creditchain audit prove omission`, or `disorder --book`.",
        )
    return found


def require_regulator(region: Region, outbox: Outbox, auditor: int) -> None:
    """Raise NoRegulatorError unless the node is an active regulator; NotEntitledError unless the signer acts for it."""
    node = region.node(auditor)
    if node is None or node.role != Role.REGULATOR or node.status != NodeStatus.ACTIVE:
        found = "no node" if node is None else f"{NodeStatus(node.status).label} {Role(node.role).label}"
        raise NoRegulatorError(f"node {auditor} cannot attest audits", expected="an active regulator", found=found)
    require_signer(region, outbox.signer, auditor, "auditor")
