"""What the log and its cells say about one report package, all as of one block. Values only; see `evidence`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from creditchain.log.consent_cells import Paused
from creditchain.log.views import BlockRef, ConsentState, LogEntry, MemberAt, Metered, RecordState
from creditchain.verification.evidence import NOT_ASKED, Missing, NodeHistory, Origin, TagEvidence
from creditchain.verification.lives import NO_LIVES, Lives, RecordKey
from creditchain.verification.shelves import Shelves
from creditchain.verification.verdict import Source, Text


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """What the log says about one delivery and the consent it names."""

    #: None if there is no such consent, or the request names none.
    consent: ConsentState | Missing | None = NOT_ASKED
    #: The entry that granted it; None if there is none.
    grant: LogEntry | Missing | None = NOT_ASKED
    #: All its pauses, the oldest first.
    pauses: tuple[Paused, ...] | Missing = NOT_ASKED
    #: What was metered for the nonce of the request; None if nothing was.
    metered: Metered | Missing | None = NOT_ASKED
    #: All as they were at the receipt's `delivered_at`.
    institution: MemberAt | Missing = NOT_ASKED
    provider: MemberAt | Missing = NOT_ASKED
    #: None if the request names no broker.
    broker: MemberAt | Missing | None = NOT_ASKED
    #: Domains that could be used without consent at that time.
    open_domains: int | Missing = NOT_ASKED
    #: The publishers that countersigned their parts, each as it was at its `given_at`.
    countersigners: Mapping[int, MemberAt] | Missing = field(default_factory=dict)

    @classmethod
    def absent(cls, missing: Missing) -> DeliveryEvidence:
        """Nothing could be asked."""
        return cls(missing, missing, missing, missing, missing, missing, missing, missing, missing)


@dataclass(frozen=True, slots=True)
class ReportEvidence:
    """All that the steps need for one report package, as of `block`."""

    origin: Origin
    block: BlockRef | Missing
    #: For each key epoch of the package's tags.
    tags: Mapping[int, TagEvidence]
    #: The entries that ranges and origins name, by index; None for one that the log does not have yet.
    entries: Mapping[int, LogEntry | Missing | None]
    #: What was published in the region.
    shelves: Shelves | Missing
    #: Of each leaf that a range opens: its state as of `block`.
    states: Mapping[RecordKey, RecordState] | Missing = field(default_factory=dict)
    #: The same, and of all that superseded them: their lives at the time of the report.
    lives: Lives | Missing = NO_LIVES
    #: Every node that ever anchored, the two nodes of the delivery, the platform that endorsed the consent, and the
    #: hosts of all these.
    members: Mapping[int, NodeHistory] | Missing = field(default_factory=dict)
    delivery: DeliveryEvidence = DeliveryEvidence()
    source: Source | None = None  #: None if nobody was asked

    @classmethod
    def absent(cls, origin: Origin, entries: Iterable[int], epochs: Iterable[int], why: Text) -> ReportEvidence:
        """Evidence if nothing could be asked at all."""
        missing = Missing(why)
        return cls(
            origin=origin,
            block=missing,
            tags={epoch: TagEvidence(missing, missing) for epoch in epochs},
            entries=dict.fromkeys(entries, missing),
            shelves=missing,
            states=missing,
            lives=missing,
            members=missing,
            delivery=DeliveryEvidence.absent(missing),
        )
