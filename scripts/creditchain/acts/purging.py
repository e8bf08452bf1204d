"""Erasing records for good: the chain is told first, and the content goes last.

Both cannot be undone, so everything that could stand in the way is looked at before either: the folder and its disk,
the anchor, the publisher's standing, the signer, the life of each record, the reason, and what the contract would say.
Then the chain is told, and when that is final the content is overwritten. Killed in between, the chain says *erased*
while the content is still there: the same command finishes it, and whoever asks the chain already knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.preconditions import require_signer
from creditchain.acts.standing import require_standing
from creditchain.batch.folder.opened import BatchFolder, open_batch
from creditchain.batch.folder.purging import check_erasable, erase
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.home.layout import Home
from creditchain.home.reasons import keep_reason, require_reason, trial_digest
from creditchain.log.views import ContractCall
from creditchain.vocabulary import Life, NodeStatus


class PurgeRefusedError(RefusedError):
    """Records may not be erased as asked. Nothing was erased, and the chain was told nothing."""


@dataclass(frozen=True, slots=True)
class PurgeOrder:
    """Which documents of which batch folder to erase, by leaf index, and why (a line of text that stays off chain)."""

    folder: Path
    indices: tuple[int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Purged:
    """What was erased. `reason_files`: text and salt of the reason, a file for each record logged now."""

    node: int
    root: bytes
    leaves: tuple[bytes, ...]
    reason_files: tuple[Path, ...]


def purge(region: Region, outbox: Outbox, home: Home, order: PurgeOrder) -> Purged:
    """Log records as erased, wait until that is final, then overwrite their content and salts. Safe to run again.

    Raises:
        InputError: no such leaf; the reason is missing, or another one than before.
        PurgeRefusedError: another region's batch. NotEntitledError: the signer does not act for its publisher.
        AnchorGoneError, NotAnchoredError: the chain does not have the batch.
        StorageError, BatchError: the folder cannot be written, or is not as it was made.
        ContractRefusedError, UnavailableError: as `Outbox.submit`. Nothing was erased.
    """
    indices = tuple(dict.fromkeys(order.indices))
    with open_batch(order.folder) as folder:
        manifest = folder.manifest
        leaves = _leaves(folder, indices)
    node = manifest.terms.node
    if manifest.terms.log_id != region.deployment.log_id:
        raise PurgeRefusedError(
            "the batch is of another region's log", hint="Choose the network and deployment that it is on."
        )
    _require_publisher(region, outbox, node)
    require_standing(region, manifest)
    check_erasable(order.folder, manifest, indices)
    require_reason(order.reason)
    live = _not_erased(region, node, leaves)
    for leaf in live:
        if outbox.state(_intent(node, leaf)) in (None, "failed"):
            outbox.check(region.calls.set_life(node, leaf, Life.ERASED, reason_digest=trial_digest()))
    calls, reasons = _calls(region, home, node, live, order.reason)
    # From here on things happen that cannot be undone.
    outbox.submit_all(calls)
    erase(order.folder, manifest, indices)
    return Purged(node, manifest.root, leaves, reasons)


def _leaves(folder: BatchFolder, indices: Sequence[int]) -> tuple[bytes, ...]:
    if wrong := [each for each in indices if not 0 <= each < folder.manifest.size]:
        raise InputError("no leaf at this index", expected=f"0 to {folder.manifest.size - 1}", found=str(wrong[0]))
    return tuple(folder.leaves[each].hash() for each in indices)


def _require_publisher(region: Region, outbox: Outbox, node: int) -> None:
    found = region.node(node)
    if found is None or found.status != NodeStatus.ACTIVE or not region.is_active(node):
        raise PurgeRefusedError("the publisher, or its host, is not an active node", found=f"node {node}")
    require_signer(region, outbox.signer, node, "publisher of this batch")


def _not_erased(region: Region, node: int, leaves: Sequence[bytes]) -> list[bytes]:
    final = region.chain.final_block().number
    return [leaf for leaf in leaves if region.record(node, leaf, final).life != Life.ERASED]


def _intent(node: int, leaf: bytes) -> str:
    """The same name as `creditchain record erase` gives it: a record is erased once, whoever says so."""
    return f"life {Life.ERASED.label} {node}:0x{leaf.hex()}"


def _calls(
    region: Region, home: Home, node: int, leaves: Sequence[bytes], reason: str
) -> tuple[list[tuple[str, ContractCall]], tuple[Path, ...]]:
    """What the chain is still to be told. The reason of each record is durable before anything refers to it."""
    calls, files = [], []
    reasons = home.region(region.deployment.log_id).reasons
    for leaf in leaves:
        intent = _intent(node, leaf)
        kept = keep_reason(reasons, f"{intent} {region.deployment.log_id.hex()}", reason)
        calls.append((intent, region.calls.set_life(node, leaf, Life.ERASED, reason_digest=kept.digest)))
        files.append(kept.path)
    return calls, tuple(files)
