"""Batches whose folder is here and whose row is not: what is left where a journal was lost or an old one restored.

The chain still has their anchors. An upload of such a batch must not be anchored a second time, and its records must
not come again unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.manifest import Manifest, read_manifest
from creditchain.batch.ledger import AnchoringRow
from creditchain.chain.anchors import find_anchor
from creditchain.chain.region import Region
from creditchain.home.files import StorageError
from creditchain.log.views import AnchorInfo

_ROOT = re.compile(r"[0-9a-f]{64}")


def unknown_batches(
    region: Region, rows: Sequence[AnchoringRow], row: AnchoringRow, batches: Path
) -> list[tuple[Path, Manifest, AnchorInfo]]:
    """Folders and anchors of anchored batches in the series of `row` that none of `rows`, the journal's, is about.

    A folder that was made and never anchored, as a killed process leaves it, is none of them.
    Raises StorageError; ChainUnavailableError.
    """
    known = {other.root.hex() for other in rows if other.root is not None}
    found = [
        (folder, manifest)
        for folder, manifest in _readable(batches, known)
        if (manifest.terms.log_id, manifest.terms.node, manifest.terms.product_digest)
        == (row.log_id, row.node, row.product_digest)
    ]
    anchors = [find_anchor(region, row.node, one.terms.key_epoch, one.root) for _, one in found]
    return [(*each, anchor) for each, anchor in zip(found, anchors, strict=True) if anchor is not None]


def _readable(batches: Path, known: set[str]) -> Iterator[tuple[Path, Manifest]]:
    with storage("the folder of batches"):
        folders = sorted(batches.iterdir()) if batches.is_dir() else []
    for folder in folders:
        if _ROOT.fullmatch(folder.name) and folder.name not in known:
            try:
                yield folder, read_manifest(folder)
            except (BatchError, StorageError):
                continue  # no whole batch; `batch check` says what is wrong with it
