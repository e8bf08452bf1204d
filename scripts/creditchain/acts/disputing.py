"""Disputes that nodes handle themselves: a platform files for an enterprise, the publisher of the record answers.

An answer is due within 20 days (Regulation on Credit Reporting, art. 25). Reasons stay in the home; the chain gets
salted digests. Each act checks everything by the chain before it keeps the reason.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from creditchain.acts.given_records import GivenRecord, given_package, require_anchored
from creditchain.acts.preconditions import is_under_way, require_member, require_signer
from creditchain.chain.clock import now
from creditchain.chain.log_entries import read_entries
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.home.layout import Home
from creditchain.home.reasons import Reason, keep_reason, require_reason, trial_digest
from creditchain.log.disputes import LoggedDispute, last_disputes
from creditchain.log.views import BlockRef, ContractCall, Correction, RecordName, RecordState
from creditchain.packages.record_package import RecordPackage
from creditchain.times import moment
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import DisputeState, Role

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DisputeChanged:
    """The record as the chain has it now, and the reason that was kept."""

    state: RecordState
    reason: Reason


def file_dispute(
    region: Region, outbox: Outbox, home: Home, record: GivenRecord, platform: int, reason: str
) -> DisputeChanged:
    """Mark a record as disputed, at once, in the name of the enterprise.

    Killed before it is final, it is finished by running it again; after that the record is disputed already.

    Raises:
        TermsError: the filing node is no active platform. NotEntitledError: the signer is not the platform's.
        InputError: there is no such publisher, or the record is disputed already.
        ReasonError: the reason is not one line of text, or another one was given before.
    """
    name = record.name
    intent = f"dispute {name} {_last_dispute(region, name)}"
    if not is_under_way(outbox, intent):
        require_member(region, platform, {Role.PLATFORM}, now(region.chain), "platform")
        require_signer(region, outbox.signer, platform, "platform")
        if not 1 <= name.node <= region.node_count():
            raise InputError("there is no node of this number", found=f"node {name.node}")
        require_anchored(region, record)
        require_undisputed(region.record(name.node, name.leaf))
        require_reason(reason)
        outbox.check(region.calls.file_dispute(platform, name.node, name.leaf, trial_digest()))
    kept = _keep_reason(region, home, intent, reason)
    call = region.calls.file_dispute(platform, name.node, name.leaf, kept.digest)
    return _submit(region, outbox, name, intent, call, kept)


def answer_dispute(
    region: Region,
    outbox: Outbox,
    home: Home,
    record: GivenRecord,
    outcome: DisputeState,
    reason: str,
    correction: RecordPackage | None = None,
) -> DisputeChanged:
    """Answer an open dispute as the node that published the record.

    Killed before it is final, it is finished by running it again; after that no dispute is open.

    `correction`: the package of the record that takes the disputed one's place; for `CORRECTED`, and only for it.

    Raises:
        NotEntitledError: the signer is not the publisher's.
        InputError: no dispute is open, or the correction is missing, not wanted, the record itself, or not anchored by
            this node.
        ReasonError: as `file_dispute`.
    """
    if (outcome is DisputeState.CORRECTED) != (correction is not None):
        raise InputError("corrected needs the correcting record, the other outcomes have none")
    name = record.name
    intent = f"answer {name} {_last_dispute(region, name)}"
    given = None if correction is None else _correction(correction)
    if not is_under_way(outbox, intent):
        require_signer(region, outbox.signer, name.node, "publisher of the record")
        require_anchored(region, record)
        state = region.record(name.node, name.leaf)
        if state.dispute != DisputeState.OPEN:
            raise InputError(
                "the record has no open dispute",
                expected=DisputeState.OPEN.label,
                found=DisputeState(state.dispute).label,
            )
        if given is not None and correction is not None:
            _require_corrects(region, name, given, correction)
        require_reason(reason)
        outbox.check(region.calls.answer_dispute(name.node, name.leaf, outcome, trial_digest(), given))
    kept = _keep_reason(region, home, intent, reason)
    call = region.calls.answer_dispute(name.node, name.leaf, outcome, kept.digest, given)
    return _submit(region, outbox, name, intent, call, kept)


def list_disputes(region: Region) -> tuple[BlockRef, list[LoggedDispute]]:
    """The last dispute of every record that was ever disputed, as of the newest final block, which comes first."""
    block = region.chain.final_block()
    return block, last_disputes(read_entries(region, block.number))


def require_undisputed(state: RecordState) -> None:
    """Raise InputError where a dispute is open."""
    if state.dispute == DisputeState.OPEN:
        found = f"one that is open since {moment(state.disputed_at)}"
        raise InputError("the record is disputed already", expected="no open dispute", found=found)


def _last_dispute(region: Region, record: RecordName) -> int:
    """When the record was last disputed by a final block: a record can be disputed again, each time a new act.

    Of a final block, so that an act that was killed before it was final has the same name when it is run again.
    """
    return region.record(record.node, record.leaf, region.chain.final_block().number).disputed_at


def _correction(package: RecordPackage) -> Correction:
    batch = package.batch
    return Correction(batch.root, batch.index, leaf_of(package), batch.proof)


def _require_corrects(region: Region, record: RecordName, given: Correction, package: RecordPackage) -> None:
    """The correcting record is another one, in a sound batch of the same node."""
    anchor = region.anchor(record.node, given.root) if package.batch.node == record.node else None
    if anchor is None or anchor.broken or given.successor == record.leaf:
        raise InputError(
            "this record cannot correct the disputed one",
            expected=f"another record that node {record.node} anchored in a sound batch",
        )
    require_anchored(region, given_package(package))


def _keep_reason(region: Region, home: Home, intent: str, reason: str) -> Reason:
    log_id = region.deployment.log_id
    return keep_reason(home.region(log_id).reasons, f"{intent} {log_id.hex()}", reason)


def _submit(
    region: Region, outbox: Outbox, record: RecordName, intent: str, call: ContractCall, kept: Reason
) -> DisputeChanged:
    outbox.submit(intent, call)
    state = region.record(record.node, record.leaf, region.chain.final_block().number)
    _log.info("the record's dispute is %s", DisputeState(state.dispute).label)
    return DisputeChanged(state, kept)
