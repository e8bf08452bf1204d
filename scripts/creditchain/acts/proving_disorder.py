"""Anybody proves that a batch is out of order: two adjacent leaves that do not ascend break its anchor for ever.

The subject tags of the two leaves become public: the one exception to privacy, for a publisher that broke the rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.verification.audit import LeafList, find_disorder, tree_of


@dataclass(frozen=True, slots=True)
class Broken:
    """The batch whose anchor is broken now, by its root (32 bytes), and the index of the first of the two leaves."""

    root: bytes
    index: int
    broken: bool


def prove_disorder(region: Region, outbox: Outbox, listed: LeafList, node: int) -> Broken:
    """Find the first two adjacent leaves that do not ascend, and prove it on chain.

    Raises:
        InputError: the list is in order, or the node anchored no batch with its root. Nothing was sent.
    """
    found = find_disorder(listed)
    if found is None:
        raise InputError("the list is in order; there is nothing to prove")
    root = tree_of(listed).root
    if region.anchor(node, root) is None:
        raise InputError("this node anchored no batch with the root of this list", found="0x" + root.hex())
    call = region.calls.prove_disorder(node, root, found.index, found.first, found.second, found.proofs)
    outbox.submit(f"disorder {node} {root.hex()}", call)
    anchor = region.anchor(node, root, region.chain.final_block().number)
    return Broken(root, found.index, anchor is not None and anchor.broken)
