"""What the chain says before and after a batch is anchored: who may publish what, and under which key epoch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from creditchain.acts.preconditions import require_signer
from creditchain.batch.ledger import AnchoringRow
from creditchain.chain.anchors import find_anchor
from creditchain.errors import RefusedError, UnavailableError
from creditchain.identifiers import epoch_digest
from creditchain.log.entries import AnchorBody
from creditchain.log.views import AnchorInfo
from creditchain.products import Product
from creditchain.vocabulary import PUBLISHING, NodeStatus, ProductState

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer


class AnchoringError(RefusedError):
    """The batch cannot be anchored as asked."""


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
        key_epoch=row.key_epoch,
        product=row.product_number,
        number=row.number or 0,
        root=row.root or b"",
        size=row.size or 0,
        domains=row.domains or 0,
        subjects=row.subjects or 0,
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


def require_launched(region: Region, product: Product) -> None:
    """Raise AnchoringError unless governors launched this very product."""
    found = region.product(product.number)
    if found.state is ProductState.LAUNCHED and found.is_of(product.digest):
        return
    if found.state is not ProductState.NONE and not found.is_of(product.digest):
        raise AnchoringError(
            "the region launched another product under this number",
            expected=f"{product.ref}, 0x{product.digest.hex()}",
            found=f"number {product.number}, 0x{found.digest.hex()}…",
        )
    raise AnchoringError(
        "batches of this product cannot be anchored here",
        expected="a launched product",
        found=f"{product.ref} is {'withdrawn' if found.state is ProductState.WITHDRAWN else 'not launched'}",
        hint="Governors launch products: `creditchain product launch`.",
    )


def anchor_of(region: Region, row: AnchoringRow, block: int | None = None) -> AnchorInfo | None:
    """The anchor of a batch of this home as of a block (None: the newest); None if it is not anchored."""
    if row.root is None:
        return None
    return find_anchor(region, row.node, row.key_epoch, row.root, number=row.number, near=row.block, block=block)


def is_anchored(region: Region, row: AnchoringRow) -> bool:
    """Whether this very batch is anchored already."""
    return anchor_of(region, row) is not None


def final_anchor(region: Region, row: AnchoringRow) -> AnchorInfo:
    """The anchor as of a final block; waits for one where the outbox had nothing to send."""
    give_up = time.monotonic() + region.chain.network.give_up_seconds
    while (found := anchor_of(region, row, region.chain.final_block().number)) is None:
        if time.monotonic() > give_up:
            raise UnavailableError(
                "the batch is anchored, but its block does not become final",
                hint="Run the same command again to go on waiting.",
            )
        region.chain.pause()
    return found
