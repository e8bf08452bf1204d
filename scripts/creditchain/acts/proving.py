"""Making packages of records for whoever may see them: the record, its place in a final batch, and its tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from creditchain.acts.standing import require_standing
from creditchain.batch.folder.manifest import Manifest
from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.packages import package_of
from creditchain.batch.ledger import AnchoringRow
from creditchain.chain.region import Region
from creditchain.documents import Section
from creditchain.errors import InputError, NotValidError, RefusedError
from creditchain.identifiers import Subject, epoch_digest, subject_tag
from creditchain.log.views import AnchorInfo
from creditchain.packages.parts import SignedTagStatement
from creditchain.packages.record_package import RecordPackage


@dataclass(frozen=True, slots=True)
class SoughtRecords:
    """The records that are asked for: of a subject, in one section or all, at one index of the batch or all."""

    subject: Subject
    key: bytes = field(repr=False)  #: the tag key of the batch's epoch, 32 bytes
    section: Section | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """A record's package, and where in the batch it stands."""

    index: int
    section: Section
    leaf: bytes
    package: RecordPackage


def find_records(folder: BatchFolder, sought: SoughtRecords) -> list[int]:
    """The indices of the records, at least one. Raises InputError."""
    found = folder.find(subject_tag(sought.key, sought.subject), sought.section)
    if not found:
        raise InputError(
            "the batch holds nothing for this subject and section",
            hint="Is it the tag key of the batch's key epoch?",
        )
    if sought.index is None:
        return list(found)
    if sought.index not in found:
        raise InputError(
            "no leaf of this subject and section is at this index", expected=shown(found), found=str(sought.index)
        )
    return [sought.index]


def prove(
    region: Region,
    folder: BatchFolder,
    sought: SoughtRecords,
    indices: Sequence[int],
    statement: SignedTagStatement | None = None,
    known: Sequence[AnchoringRow] = (),
) -> list[Proven]:
    """The packages of records of a final batch, once the chain confirms its anchor.

    Args:
        indices: as `find_records` gives them.
        statement: a platform's statement about the subject's tag, to put in.
        known: rows of the journal about this batch, to tell an anchor that was lost from one that never was.
    Raises:
        AnchorGoneError, NotAnchoredError: the chain does not have the anchor.
        RefusedError: the batch is on another log. NotValidError: it is anchored as something else.
        InputError: the tag key is not that of the batch's epoch, or the statement is about another tag.
        UnavailableError: the anchor's block is not final within the network's give_up_seconds.
    """
    manifest = folder.manifest
    anchor = _require_final(region, manifest, known)
    if region.key_epoch_digest(manifest.terms.key_epoch) != epoch_digest(sought.key):
        raise InputError("the tag key given is not the key of the batch's epoch")
    if statement is not None:
        about = (statement.subject, statement.key_epoch, statement.subject_tag)
        if about != (sought.subject, manifest.terms.key_epoch, subject_tag(sought.key, sought.subject)):
            raise InputError("the tag statement is about another subject, key epoch or tag")
    proven = []
    for index in indices:
        leaf = folder.leaves[index]
        package = package_of(folder, index, sought.subject, (anchor.entry, anchor.block), statement)
        proven.append(Proven(index, Section(leaf.section), leaf.hash(), package))
    return proven


def shown(found: Sequence[int]) -> str:
    """Indices for people; they are consecutive."""
    return f"index {found[0]}" if len(found) == 1 else f"indices {found[0]} to {found[-1]}"


def _require_final(region: Region, manifest: Manifest, known: Sequence[AnchoringRow]) -> AnchorInfo:
    """The batch's anchor, once it is in a final block."""
    if manifest.terms.log_id != region.deployment.log_id:
        raise RefusedError("the batch is of another region's log", hint="Choose the network and deployment it is on.")
    anchor = require_standing(region, manifest, known)
    if (anchor.size, anchor.key_epoch) != (manifest.size, manifest.terms.key_epoch):
        raise NotValidError(
            "the chain's anchor of this root is not this batch's",
            expected=f"size {manifest.size}, key epoch {manifest.terms.key_epoch}",
            found=f"size {anchor.size}, key epoch {anchor.key_epoch}",
        )
    return anchor
