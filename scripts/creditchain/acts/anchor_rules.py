"""What the chain says before and after a batch is anchored: who may publish, under which epoch, as which number."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from creditchain.acts.preconditions import require_signer
from creditchain.batch.ledger import AnchoringRow, Ledger
from creditchain.chain.log_entries import read_anchors
from creditchain.errors import NotValidError, RefusedError, UnavailableError
from creditchain.identifiers import epoch_digest
from creditchain.log.entries import AnchorBody
from creditchain.log.views import AnchorInfo
from creditchain.vocabulary import PUBLISHING, NodeStatus

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer


class AnchoringError(RefusedError):
    """The batch cannot be anchored as asked."""


class RootTakenError(NotValidError):
    """The chain has an anchor of this root that is not this batch."""


def anchor_intent(row: AnchoringRow) -> str:
    """The name under which the outbox anchors a batch whose root is known."""
    assert row.root is not None  # noqa: S101
    return f"anchor {row.node} {row.root.hex()}"


def anchor_body(row: AnchoringRow) -> AnchorBody:
    """What the contract is told about a batch that has its number."""
    known = (row.root, row.size, row.number, row.domains, row.subjects)
    assert None not in known  # noqa: S101 - known since `numbered`
    return AnchorBody(
        node=row.node,
        root=row.root or b"",
        size=row.size or 0,
        product=row.product_digest,
        number=row.number or 0,
        kind=row.kind,
        domains=row.domains or 0,
        subjects=row.subjects or 0,
        key_epoch=row.key_epoch,
    )


def taken(row: AnchoringRow, found: AnchorInfo) -> RootTakenError:
    """The error that says what stands under the root instead."""
    return RootTakenError(
        "the root is anchored already, as another batch",
        expected=f"size {row.size}, key epoch {row.key_epoch}, product {row.product}",
        found=f"size {found.size}, key epoch {found.key_epoch}, entry {found.entry}",
    )


def publishable_domains(region: Region, signer: Signer, node: int) -> int:
    """The domains that the node may publish, as a mask. Raises AnchoringError where it may not publish at all."""
    found = region.node(node)
    if found is None:
        raise AnchoringError(
            "there is no node of this number", found=str(node), hint="`creditchain node list` has them."
        )
    if found.role not in PUBLISHING:
        raise AnchoringError("nodes of this role do not publish", found=f"node {node}")
    if found.status != NodeStatus.ACTIVE or not region.is_active(node):
        raise AnchoringError("the node, or its host, is not active", found=f"node {node}")
    require_signer(region, signer, node, "node")
    return found.domains


def epoch_of(region: Region, tag_key: bytes) -> int:
    """The current key epoch, if this is its key."""
    epoch = region.current_key_epoch()
    if epoch == 0:
        raise AnchoringError("no key epoch was opened yet", hint="Governors open one: `creditchain epoch open`.")
    if region.key_epoch_digest(epoch) != epoch_digest(tag_key):
        raise AnchoringError("the tag key is not the current epoch's", expected=f"the key of epoch {epoch}")
    return epoch


def next_number(region: Region, ledger: Ledger, row: AnchoringRow) -> int:
    """The number in its series that this batch gets. Raises AnchoringError while an earlier one is not anchored."""
    for other in ledger.before_in_series(row):
        if other.root is None or region.anchor(other.node, other.root) is None:
            raise AnchoringError(
                "an earlier batch of this series is not anchored yet",
                found=f"number {other.number} of node {row.node} for {row.product}",
                hint="`creditchain batch resume` finishes it; then run this again.",
            )
    return region.series_length(row.node, row.product_digest) + 1


def is_anchored(region: Region, row: AnchoringRow) -> bool:
    """Is this very batch anchored already? Raises RootTakenError if its root is, with something else about it."""
    assert row.root is not None  # noqa: S101 - known since `prepared`
    found = region.anchor(row.node, row.root)
    if found is None:
        return False
    declared = declared_as(region, row.node, row.root)
    if (found.size, declared.product) != (row.size, row.product_digest):
        raise taken(row, found)
    return True


def declared_as(region: Region, node: int, root: bytes) -> AnchorBody:
    """What was declared about the batch of this root. Raises UnavailableError where its event is missing."""
    for anchored in read_anchors(region, node=node):
        if anchored.body.root == root:
            return anchored.body
    raise UnavailableError("the endpoint has the anchor but not its event", hint="Ask another endpoint.")


def final_anchor(region: Region, node: int, root: bytes) -> AnchorInfo:
    """The anchor as of a final block; waits for one where the outbox had nothing to send."""
    give_up = time.monotonic() + region.chain.network.give_up_seconds
    while (found := region.anchor(node, root, region.chain.final_block().number)) is None:
        if time.monotonic() > give_up:
            raise UnavailableError(
                "the batch is anchored, but its block does not become final",
                hint="Run the same command again to go on waiting.",
            )
        region.chain.pause()
    return found
