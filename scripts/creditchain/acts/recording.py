"""The life of a record after it was anchored, as its publisher says. Each life is reached once, for good."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from creditchain.acts.given_records import GivenRecord, require_anchored
from creditchain.acts.preconditions import require_signer
from creditchain.chain.calls import NO_WORD
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.home.layout import Home
from creditchain.home.reasons import Reason, keep_reason, require_reason, trial_digest
from creditchain.log.views import ContractCall, RecordName, RecordState
from creditchain.vocabulary import Life

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LifeChanged:
    """The record as the chain has it now, and the reason that was kept."""

    state: RecordState
    reason: Reason


def set_life(
    region: Region,
    outbox: Outbox,
    home: Home,
    record: GivenRecord,
    life: Life,
    reason: str,
    successor: GivenRecord | None = None,
) -> LifeChanged:
    """Log that a record is superseded, revoked or erased. Killed anywhere, run it again.

    Args:
        successor: the record that takes its place; for `SUPERSEDED`, and only for it.
    Raises:
        NotEntitledError: the signer does not act for the publisher.
        InputError: a package shows no record that the node anchored, or one
            of another log; the successor is missing, not wanted, another node's, or the record itself.
        RefusedError: the record's life is past that already.
        ReasonError: the reason is not one line of text, or another one was given before. Nothing was sent.
    """
    if (life is Life.SUPERSEDED) != (successor is not None):
        raise InputError("a superseded record has a successor, and no other has one")
    name = record.name
    # Each life is reached at most once, so the intent needs no count.
    intent = f"life {life.label} {name}"
    later = NO_WORD if successor is None else successor.name.leaf

    def call(digest: bytes) -> ContractCall:
        return region.calls.set_life(name.node, name.leaf, life, reason_digest=digest, successor=later)

    require_reason(reason)
    if outbox.state(intent) in (None, "failed"):
        require_signer(region, outbox.signer, name.node, "publisher of the record")
        require_anchored(region, record)
        if successor is not None:
            _require_successor(region, name, successor)
        _require_earlier(region.record(name.node, name.leaf), life)
        outbox.check(call(trial_digest()))
    log_id = region.deployment.log_id
    kept = keep_reason(home.region(log_id).reasons, f"{intent} {log_id.hex()}", reason)
    outbox.submit(intent, call(kept.digest))
    state = region.record(name.node, name.leaf, region.chain.final_block().number)
    _log.info("the record is %s", Life(state.life).label)
    return LifeChanged(state, kept)


def _require_earlier(state: RecordState, life: Life) -> None:
    if state.life >= life:
        raise RefusedError(
            "the record's life does not go back", expected=f"a life before {life.label}", found=Life(state.life).label
        )


def _require_successor(region: Region, name: RecordName, successor: GivenRecord) -> None:
    later = successor.name
    if later.node != name.node or later.leaf == name.leaf:
        raise InputError(
            "a record is superseded by another one of the same node",
            expected=f"node {name.node}",
            found="the record itself" if later.leaf == name.leaf else f"node {later.node}",
        )
    require_anchored(region, successor)
