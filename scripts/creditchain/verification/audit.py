"""Audit a batch from its list of (tag, section, product, commitment), which holds no content. Pure.

An audit says that this list gives the anchored root and size, and that its leaves strictly ascend. It does not say that
the records are true, or that everything was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from creditchain.documents import canonical_bytes
from creditchain.errors import NotValidError
from creditchain.hashing import keccak256
from creditchain.merkle import EMPTY_ROOT, Leaf
from creditchain.merkle.lanes import leaf_rows, levels, row_order
from creditchain.merkle.rows import Rows, as_texts

REPORT_FORMAT = "creditchain/audit-report@1"
#: Leaves that are compared at a time, 69 bytes each.
_CHUNK = 1_000_000


class DisorderError(NotValidError):
    """Leaves `index` and `index + 1` of a batch do not strictly ascend."""

    def __init__(self, index: int) -> None:
        super().__init__(
            f"leaves {index} and {index + 1} do not ascend",
            hint="Prove it on chain with `creditchain audit prove disorder`.",
        )
        self.index = index


@dataclass(frozen=True)
class LeafList:
    """The leaves of a batch or book in its order, as keys (n, 69), see `leaf_keys`."""

    keys: Rows

    def __len__(self) -> int:
        return len(self.keys)

    def leaf(self, index: int) -> Leaf:
        """The content of one leaf."""
        key = self.keys[index].tobytes()
        return Leaf(key[:32], key[32], int.from_bytes(key[33:37], "big"), key[37:])


class ListTree:
    """The tree over a list with every level in memory: 64 bytes for each leaf."""

    def __init__(self, levels: Sequence[Rows]) -> None:
        self._levels = levels

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._levels[-1][0].tobytes() if self.size else EMPTY_ROOT

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes."""
        value: bytes = self._levels[level][index].tobytes()
        return value


@dataclass(frozen=True)
class Audit:
    """What a list of leaves shows."""

    size: int
    root: bytes  #: 32 bytes
    subjects: int  #: number of different tags
    disorder: int | None  #: the first index whose leaf is not below the next leaf; None if all ascend


def tree_of(listed: LeafList) -> ListTree:
    """The batch tree over a list, in the order of the list."""
    return ListTree(levels(leaf_rows(listed.keys)))


def audit_list(listed: LeafList) -> Audit:
    """Compute root, size, subjects and order of a list."""
    subjects = len(np.unique(np.ascontiguousarray(listed.keys[:, :32]).view("V32"))) if len(listed) else 0
    return Audit(len(listed), tree_of(listed).root, subjects, first_disorder(listed))


def first_disorder(listed: LeafList) -> int | None:
    """The first index whose leaf is not strictly below the next leaf; None if all ascend."""
    for start in range(0, len(listed) - 1, _CHUNK):
        flat = as_texts(listed.keys[start : start + _CHUNK + 1])
        wrong = np.flatnonzero(flat[:-1] >= flat[1:])
        if len(wrong):
            return start + int(wrong[0])
    return None


def union(lists: Sequence[LeafList]) -> LeafList:
    """The leaves of several lists as one list, in ascending order; equal leaves stay neighbours."""
    keys = np.concatenate([one.keys for one in lists])
    return LeafList(keys[row_order(keys)])


def leaf_hashes_of(listed: LeafList) -> list[bytes]:
    """The leaf hashes of a list, 32 bytes each, in its order."""
    return [row.tobytes() for row in leaf_rows(listed.keys)]


def audit_report(
    audit: Audit, *, log_id: bytes, node: int, key_epoch: int, auditor: int, batches: int
) -> dict[str, Any]:
    """The report whose digest an attestation logs. The same audit gives the same report."""
    return {
        "format": REPORT_FORMAT,
        "hash": "keccak-256",
        "log_id": "0x" + log_id.hex(),
        "node": node,
        "key_epoch": key_epoch,
        "batches": batches,
        "auditor": auditor,
        "root": "0x" + audit.root.hex(),
        "size": audit.size,
        "subjects": audit.subjects,
        "ordered": audit.disorder is None,
    }


def report_digest(report: dict[str, Any]) -> bytes:
    """keccak256 of the report's canonical bytes, 32 bytes."""
    return keccak256(canonical_bytes(report))
