"""supersedes.json: the records of a batch that replace earlier ones of its series. Only where there are some.

Written with the batch and acted on once it is anchored: the earlier record's life on chain then becomes *superseded*,
by the leaf that stands here. Like the index of record ids it is no part of the batch: the manifest does not name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.manifest import Manifest
from creditchain.batch.folder.record_ids import Met, leaves_of_rows, tree_leaves_of_rows
from creditchain.errors import Place
from creditchain.hashing import HASH_BYTES
from creditchain.home.files import write_file

FILE = "supersedes.json"


@dataclass(frozen=True, slots=True)
class Supersession:
    """A record of an earlier batch, by its leaf hash, and the one of this batch that replaces it. 32 bytes each."""

    earlier: bytes
    later: bytes


def write_supersessions(folder: Path, manifest: Manifest, replaced: Sequence[Met]) -> int:
    """Write which records of the batch in `folder` replace earlier ones; how many those are."""
    pairs: list[dict[str, str]] = []
    for each in replaced:
        later = tree_leaves_of_rows(folder, manifest.size, each.rows)
        earlier = leaves_of_rows(each.folder, each.other_rows)
        pairs += [{"earlier": one.hex(), "later": two.hex()} for one, two in zip(earlier, later, strict=True)]
    if pairs:
        write_file(folder / FILE, orjson.dumps(pairs))
    return len(pairs)


def read_supersessions(folder: Path) -> tuple[Supersession, ...]:
    """The records of the batch that replace earlier ones. Raises BatchError, StorageError."""
    path = folder / FILE
    with storage(FILE):
        if not path.exists():
            return ()
        raw = path.read_bytes()
    try:
        found = tuple(
            Supersession(bytes.fromhex(pair["earlier"]), bytes.fromhex(pair["later"])) for pair in orjson.loads(raw)
        )
        if all(len(one.earlier) == len(one.later) == HASH_BYTES for one in found):
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise BatchError("the list of superseded records is damaged", place=Place(FILE))
