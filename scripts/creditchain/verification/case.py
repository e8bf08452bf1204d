"""What the steps of a report work on: package, evidence, policy, products, and values derived once for all steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from creditchain.documents import Document, domain_mask
from creditchain.log.views import LogEntry
from creditchain.messages import subject_digest
from creditchain.packages.parts import PackagedRecord
from creditchain.packages.report_package import ReportPackage
from creditchain.products import Product
from creditchain.verification.evidence import Missing
from creditchain.verification.lives import RecordKey
from creditchain.verification.policy import Policy
from creditchain.verification.ranged import ShownRange
from creditchain.verification.report_evidence import ReportEvidence


@dataclass(frozen=True, slots=True)
class JudgedRecord:
    """One record of the report."""

    record: PackagedRecord
    range: ShownRange  #: that is said to open its leaf
    leaf: bytes  #: leaf hash, 32 bytes
    document: Document | None  #: None for a file, or a JSON document that breaks the format
    product: Product | None  #: of its batch, or that its leaf in a book names; None if the verifier does not know it
    domains: int  #: bit set: the document's own domain; for a file, those of which it may be

    @property
    def key(self) -> RecordKey:
        """Node and leaf hash, by which lives and disputes are recorded."""
        return self.range.packaged.node, self.leaf


@dataclass(frozen=True, slots=True)
class Case:
    """One report to be verified."""

    package: ReportPackage
    evidence: ReportEvidence
    policy: Policy
    catalogue: Mapping[str, Product]
    report: Document | None  #: None if the report is not a JSON document that keeps the format
    product: Product | None  #: the report's product; None if the verifier does not know it
    ranges: Mapping[int, tuple[ShownRange, ...]]  #: those of each book or batch, by its log entry
    records: tuple[JudgedRecord, ...]
    #: The entry of the batch that holds a leaf of a book, where the package shows that.
    origins: Mapping[RecordKey, LogEntry]
    #: Key epochs for whose tag a statement or a tag key vouches. The policy has no say in this.
    vouched: frozenset[int]

    def ranges_of(self, entry: int) -> tuple[ShownRange, ...]:
        """The ranges of the book or batch with this log entry."""
        return self.ranges.get(entry, ())

    @property
    def time(self) -> int | None:
        """When the report was delivered, by its receipt; without one, when the evidence was read. Unix seconds."""
        if self.package.delivery is not None:
            return self.package.delivery.receipt.delivered_at
        return None if isinstance(self.evidence.block, Missing) else self.evidence.block.time

    def names_subject(self, digest: bytes, salt: bytes) -> bool | None:
        """Whether this is the subject digest of the report's subject, under any of its tags.

        None if it is so only under a tag for which nobody vouches: that may be anybody's.
        """
        matching = {one.key_epoch for one in self.package.tags if subject_digest(one.tag.subject_tag, salt) == digest}
        if matching & self.vouched:
            return True
        return None if matching else False


def domains_in(product: Product) -> int:
    """The domains of a product's documents, as a bit set."""
    return domain_mask(product.domains)
