"""What an exchange shares besides reports: lists of leaves, product files, facts of the region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from creditchain.batch.folder.leaf_list import key_blocks
from creditchain.batch.folder.manifest import FILE
from creditchain.batch.folder.opened import open_batch
from creditchain.errors import unreadable
from creditchain.merkle.rows import KEY_BYTES


@dataclass(frozen=True, slots=True)
class Shared:
    """Where all that is."""

    batches: Sequence[Path]  #: folders in which the folders of batches stand
    products: Mapping[str, Path] = field(default_factory=dict)  #: product files by name/version
    facts: Path | None = None  #: file of region facts, as `evidence region` writes it


@dataclass(frozen=True, slots=True)
class LeavesFound:
    """The list of a batch that is here."""

    path: Path
    size: int  #: leaves

    @property
    def length(self) -> int:
        """Bytes of the list."""
        return self.size * KEY_BYTES

    def blocks(self) -> Iterator[bytes]:
        """The list (docs/format.md, section 7), some leaves at a time. Raises StorageError."""
        for rows in key_blocks(self.path):
            yield rows.tobytes()


def find_leaves(shared: Shared, log_id: bytes, root: bytes) -> LeavesFound | None:
    """The leaves of the batch of a log with this root (32 bytes each); None if it is not here.

    Raises BatchError if the folder is damaged.
    """
    for place in shared.batches:
        path = place / root.hex()
        if not (path / FILE).is_file():
            continue
        batch = open_batch(path)
        manifest = batch.manifest
        batch.close()
        if manifest.terms.log_id == log_id:
            return LeavesFound(path, manifest.size)
    return None


def region_facts(shared: Shared) -> bytes | None:
    """The file of region facts as it is now; None if none is shared. Raises UnavailableError."""
    if shared.facts is None:
        return None
    try:
        return shared.facts.read_bytes()
    except OSError as error:
        raise unreadable("the file of region facts", shared.facts, error) from error
