"""Make the package that a verifier gets: one record of a batch folder with its proof."""

from __future__ import annotations

from creditchain.batch.errors import BatchError
from creditchain.batch.folder.opened import BatchFolder
from creditchain.documents import JSON_MEDIA_TYPE, Section, parse_document
from creditchain.errors import InputError, Place
from creditchain.identifiers import Subject
from creditchain.merkle import inclusion_path
from creditchain.packages.record_package import (
    PackagedBatch,
    PackagedRecord,
    PackagedTag,
    RecordPackage,
    SignedTagStatement,
)


def package_of(
    folder: BatchFolder,
    index: int,
    subject: Subject,
    place: tuple[int, int],
    statement: SignedTagStatement | None = None,
) -> RecordPackage:
    """The package of the document at `index`, which must be about `subject`.

    `place`: the log entry of the batch's anchor, and the block of that.

    Raises:
        BatchError: the folder is damaged, or the document was purged.
        InputError: a statement about another tag or key epoch.
    """
    manifest, record = folder.manifest, record_of(folder, index, subject)
    tag = folder.leaves[index].tag
    if statement is not None:
        told = (statement.subject_tag, statement.key_epoch, statement.subject)
        if told != (tag, manifest.terms.key_epoch, subject):
            raise InputError("the statement is about another subject, tag or key epoch", place=Place(field="statement"))
    batch = PackagedBatch(
        log_id=manifest.terms.log_id,
        chain_id=manifest.terms.chain_id,
        node=manifest.terms.node,
        root=manifest.root,
        size=manifest.size,
        index=index,
        proof=tuple(inclusion_path(folder.tree, index)),
        key_epoch=manifest.terms.key_epoch,
        entry=place[0],
        block=place[1],
    )
    return RecordPackage(record, batch, PackagedTag(tag, statement))


def record_of(folder: BatchFolder, index: int, subject: Subject) -> PackagedRecord:
    """The document at `index`, which must be about `subject`, with what its leaf is computed from.

    Raises BatchError: the folder is damaged, the document was purged, or is about somebody else.
    """
    stored = folder.document(index)
    if stored.media_type == JSON_MEDIA_TYPE and parse_document(stored.content).subject != subject:
        raise BatchError("the document is not about the subject whose tag it has", found=f"index {index}")
    return PackagedRecord(
        stored.media_type, stored.content, stored.salt, Section(stored.leaf.section), stored.leaf.product, subject
    )
