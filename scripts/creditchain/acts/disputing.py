"""Disputes that nodes handle themselves: a platform files for an enterprise, the publisher of the record answers.

An answer is due within 20 days (Regulation on Credit Reporting, art. 25). Reasons stay in the home; the chain gets
salted digests. Each act checks everything by the chain before it keeps the reason.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from creditchain.acts.given_records import GivenRecord, given_package, require_anchored
from creditchain.acts.preconditions import NotEntitledError, is_under_way, require_member, require_signer
from creditchain.chain.anchors import find_anchor
from creditchain.chain.calls import NO_WORD
from creditchain.chain.clock import now
from creditchain.chain.filings import filings_of
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.home.layout import Home
from creditchain.home.reasons import Reason, keep_reason, require_reason, trial_digest
from creditchain.index.opening import region_log
from creditchain.log.disputes import LoggedDispute, logged_disputes
from creditchain.log.entries import AnswerBody
from creditchain.log.views import BlockRef, ContractCall, RecordName, RecordState
from creditchain.packages.record_package import RecordPackage
from creditchain.times import moment
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import DisputeState, EntryKind, Life, Role

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DisputeChanged:
    """The record as the chain has it now, the number of the filing, and the reason that was kept."""

    state: RecordState
    filing: int
    reason: Reason


def file_dispute(
    region: Region, outbox: Outbox, home: Home, record: GivenRecord, platform: int, reason: str
) -> DisputeChanged:
    """Mark a record as disputed, at once, in the name of the enterprise. Others may have filings open beside it.

    Killed before it is final, it is finished by running it again; after that this platform has an open filing already.

    Raises:
        TermsError: the filing node is no active platform. NotEntitledError: the signer is not the platform's, or the
            platform published the record, or shares a host with its publisher.
        InputError: there is no such publisher, or this platform has a filing about the record that is open.
        ReasonError: the reason is not one line of text, or another one was given before.
    """
    name = record.name
    # Counted at a final block, and only its own, so that an act that was killed keeps its name whoever else files.
    intent = f"dispute {name} {platform} {len(_filings_by(region, name, platform, final=True))}"
    if not is_under_way(outbox, intent):
        require_member(region, platform, {Role.PLATFORM}, now(region.chain), "platform")
        require_signer(region, outbox.signer, platform, "platform")
        require_apart(region, platform, name.node)
        require_anchored(region, record)
        _require_none_open(_filings_by(region, name, platform, final=False))
        require_reason(reason)
        outbox.check(region.calls.file_dispute(platform, name.node, name.leaf, trial_digest()))
    kept = _keep_reason(region, home, intent, reason)
    outbox.submit(intent, region.calls.file_dispute(platform, name.node, name.leaf, kept.digest))
    last = _filings_by(region, name, platform, final=True)[0]
    return DisputeChanged(_final_state(region, name), last.number, kept)


def answer_dispute(
    region: Region,
    outbox: Outbox,
    home: Home,
    record: GivenRecord,
    outcome: DisputeState,
    reason: str,
    *,
    filing: int | None = None,
    correction: RecordPackage | None = None,
) -> DisputeChanged:
    """Answer an open filing as the node that published the record.

    Killed before it is final, it is finished by running it again; after that the filing is answered.

    Args:
        filing: its number; None for the only one that is open.
        correction: the package of the record that took the disputed one's place; for `CORRECTED`, and only for it. The
            record must be superseded by it before.

    Raises:
        NotEntitledError: the signer is not the publisher's.
        InputError: the filing is not open, or which one is meant is not said; the correction is missing, not wanted,
            the record itself, not anchored by this node, of another subject or section, not live, or older than the
            filing; the record is not superseded.
        ReasonError: as `file_dispute`.
    """
    if (outcome is DisputeState.CORRECTED) != (correction is not None):
        raise InputError("corrected needs the correcting record, the other outcomes have none")
    name = record.name
    number = _open_filing(region, name, filing)
    successor = NO_WORD if correction is None else leaf_of(correction)

    def call(digest: bytes) -> ContractCall:
        return region.calls.answer_dispute(AnswerBody(name.node, name.leaf, number, outcome, successor, digest))

    intent = f"answer {name} {number}"
    if not is_under_way(outbox, intent):
        require_signer(region, outbox.signer, name.node, "publisher of the record")
        require_anchored(region, record)
        if correction is not None:
            _require_corrects(region, record, number, correction)
        require_reason(reason)
        outbox.check(call(trial_digest()))
    kept = _keep_reason(region, home, intent, reason)
    outbox.submit(intent, call(kept.digest))
    return DisputeChanged(_final_state(region, name), number, kept)


def list_disputes(region: Region) -> tuple[BlockRef, list[LoggedDispute]]:
    """Every filing about every record, as of the newest final block, which comes first."""
    log = region_log(region)
    return log.block, logged_disputes(log.of_kind(EntryKind.DISPUTE, EntryKind.ANSWER))


def require_apart(region: Region, platform: int, node: int) -> None:
    """Raise unless the platform may dispute the node's records: they are two nodes that share no host.

    Raises:
        InputError: there is no such node. NotEntitledError: the platform speaks for its own record.
    """
    publisher, filer = region.node(node), region.node(platform)
    if publisher is None:
        raise InputError("there is no node of this number", found=f"node {node}")
    if filer is not None and (filer.host or filer.number) == (publisher.host or publisher.number):
        raise NotEntitledError(
            "a platform cannot dispute its own record",
            expected="a platform that is not the publisher, and shares no host with it",
            found=f"platform {platform}, record of node {node}",
        )


def _filings_by(region: Region, record: RecordName, platform: int, *, final: bool) -> list[LoggedDispute]:
    """What this platform filed or endorsed about a record, the last filing first; as of a final block, or the newest.

    A record can be disputed again once its filing is answered, each time a new act.
    """
    block = region.chain.final_block() if final else region.chain.head()
    return [one for one in filings_of(region, record, block.number) if one.platform == platform]


def _require_none_open(own: list[LoggedDispute]) -> None:
    """Raise InputError where this platform has a filing that is not answered."""
    for one in own:
        if one.state is DisputeState.OPEN:
            found = f"filing {one.number}, open since {moment(one.filed_at)}"
            raise InputError("this platform disputes the record already", expected="no open filing", found=found)


def _open_filing(region: Region, record: RecordName, filing: int | None) -> int:
    """The number of the open filing that is meant, as of a final block. Raises InputError if none is, or several."""
    block = region.chain.final_block().number
    filings = region.record(record.node, record.leaf, block).filings
    answers = region.answers(record.node, record.leaf, filings, block)
    still = [number for number, (outcome, _) in enumerate(answers, 1) if outcome is DisputeState.OPEN]
    if filing is None and len(still) > 1:
        named = ", ".join(map(str, still))
        raise InputError("several filings are open", found=named, hint="Say which one: --filing NUMBER")
    if not still or filing not in (None, *still):
        found = "none" if filing is None or filing > filings else answers[filing - 1][0].label
        raise InputError("the record has no such open dispute", expected="an open filing", found=found)
    return still[0] if filing is None else filing


def _require_corrects(region: Region, record: GivenRecord, number: int, package: RecordPackage) -> None:
    """The correcting record is a later one of the same node, and took the disputed one's place."""
    name = record.name
    batch = package.batch
    anchor = find_anchor(region, batch.node, batch.key_epoch, batch.root, near=batch.block)
    if batch.node != name.node or anchor is None or anchor.spoiled or leaf_of(package) == name.leaf:
        raise InputError(
            "this record cannot correct the disputed one",
            expected=f"another record that node {name.node} anchored in a sound batch",
        )
    require_anchored(region, given_package(package))
    _require_alike(record, package)
    filed = next(one for one in filings_of(region, name, region.chain.head().number) if one.number == number)
    if anchor.entry < filed.entry:
        raise InputError(
            "a correction is newer than the dispute", expected=f"anchored after entry {filed.entry}",
            found=f"entry {anchor.entry}",
        )  # fmt: skip
    for what, leaf, life in (("disputed", name.leaf, Life.SUPERSEDED), ("correcting", leaf_of(package), Life.LIVE)):
        found = Life(region.record(name.node, leaf).life)
        if found is not life:
            hint = "`creditchain record supersede RECORD --by FILE` comes first." if life is Life.SUPERSEDED else None
            raise InputError(f"the {what} record is {found.label}", expected=life.label, found=found.label, hint=hint)


def _require_alike(record: GivenRecord, package: RecordPackage) -> None:
    """Both packages are about the same subject and section."""
    if record.package is None:
        raise InputError(
            "a correction is compared with the record", expected="the package of the disputed record", found="its name"
        )
    disputed, later = record.package.record, package.record
    if disputed.subject != later.subject or disputed.section != later.section:
        what = "section" if disputed.subject == later.subject else "subject"
        raise InputError(f"the correcting record has another {what}", expected=f"the {what} of the disputed record")


def _keep_reason(region: Region, home: Home, intent: str, reason: str) -> Reason:
    log_id = region.deployment.log_id
    return keep_reason(home.region(log_id).reasons, f"{intent} {log_id.hex()}", reason)


def _final_state(region: Region, record: RecordName) -> RecordState:
    return region.record(record.node, record.leaf, region.chain.final_block().number)
