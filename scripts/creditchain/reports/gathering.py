"""Find what a report is assembled from: batch folders, and the subject's tag under each key epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from creditchain.batch.errors import BatchError
from creditchain.batch.folder.manifest import FILE, Manifest, read_manifest
from creditchain.batch.folder.opened import BatchFolder, open_batch
from creditchain.errors import ConfigError, InputError, Place, UnavailableError
from creditchain.identifiers import Subject, epoch_digest, subject_tag
from creditchain.log.history import BatchKey
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.verification.scope import Scope


def find_folders(places: Sequence[Path], log_id: bytes) -> dict[BatchKey, Path]:
    """The batch folders of one region's log in these places, by node and root.

    Raises:
        UnavailableError: a place is no folder.
        BatchError: a manifest is damaged.
    """
    found: dict[BatchKey, Path] = {}
    for place in places:
        if not place.is_dir():
            raise UnavailableError("there is no such folder of batches", place=Place(str(place)))
        for path in sorted(place.iterdir()):
            if (path / FILE).is_file():
                manifest = _manifest(path)
                if manifest.terms.log_id == log_id:
                    found.setdefault((manifest.terms.node, manifest.root), path)
    return found


@contextmanager
def open_folders(scope: Scope, folders: Mapping[BatchKey, Path]) -> Iterator[dict[BatchKey, BatchFolder]]:
    """Open the batches in scope for which there are folders."""
    with ExitStack() as stack:
        keys = [one.anchor.key for one in scope.sought if one.anchor.key in folders]
        yield {key: stack.enter_context(open_batch(folders[key])) for key in keys}


def gather_tags(
    subject: Subject,
    digests: Mapping[int, bytes],
    keys: Sequence[bytes],
    statements: Sequence[SignedTagStatement],
) -> dict[int, PackagedTag]:
    """The subject's tag under each epoch that a key or a statement is given for.

    `digests` are the logged digests by epoch. Raises ConfigError for a key of no epoch, InputError for a statement
    about somebody else or about another tag than the key gives.
    """
    tags: dict[int, PackagedTag] = {}
    for key in keys:
        epoch = next((number for number, logged in digests.items() if logged == epoch_digest(key)), None)
        if epoch is None:
            raise ConfigError("a tag key given is not the key of any epoch of this region")
        tags[epoch] = PackagedTag(subject_tag(key, subject), None)
    for statement in statements:
        known = tags.get(statement.key_epoch)
        if statement.subject != subject or (known is not None and known.subject_tag != statement.subject_tag):
            raise InputError(
                "a tag statement is about another enterprise, or names another tag than the key of its epoch gives",
                found=f"a statement of platform {statement.platform} for key epoch {statement.key_epoch}",
            )
        tags[statement.key_epoch] = PackagedTag(statement.subject_tag, statement)
    return tags


def _manifest(path: Path) -> Manifest:
    try:
        return read_manifest(path)
    except BatchError as error:
        raise error.at(Place(str(path))) from None
