"""Checking the answer `corrected` to a dispute, as whoever filed it, or a regulator, does with both packages."""

from __future__ import annotations

from creditchain.acts.given_records import given_package
from creditchain.acts.verifying import Judge
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.evidence.record import EvidenceFetcher, live_evidence
from creditchain.index.opening import region_log
from creditchain.log.disputes import LoggedDispute, logged_disputes
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.corrections import ShownRecord, check_correction
from creditchain.verification.lives import NO_LIVES, read_lives
from creditchain.verification.steps import verify_record
from creditchain.verification.verdict import Step
from creditchain.vocabulary import EntryKind


def check_answer(
    region: Region, judge: Judge, disputed: RecordPackage, correcting: RecordPackage, filing: int | None = None
) -> tuple[LoggedDispute, Step]:
    """The filing, and whether the record that is shown corrects the disputed one, all at one final block.

    Args:
        filing: its number; None for the last one about the record.
    Raises:
        InputError: there is no such filing. UnavailableError: the chain does not answer.
    """
    fetcher = live_evidence(region)
    entries = region_log(region, fetcher.block).of_kind(EntryKind.DISPUTE, EntryKind.ANSWER)
    name = given_package(disputed).name
    found = {one.number: one for one in logged_disputes(entries) if (one.node, one.leaf) == (name.node, name.leaf)}
    number = max(found, default=0) if filing is None else filing
    if number not in found:
        raise InputError("there is no such filing", expected=f"1 to {len(found)}" if found else None, found=str(number))
    before, after = (_shown(fetcher, judge, package) for package in (disputed, correcting))
    answered = found[number].successor
    lives = read_lives(fetcher.facts, [(name.node, answered)], fetcher.block.time) if answered is not None else NO_LIVES
    return found[number], check_correction(found[number], before, after, lives)


def _shown(fetcher: EvidenceFetcher, judge: Judge, package: RecordPackage) -> ShownRecord:
    evidence = fetcher.fetch(package)
    verdict = verify_record(package, evidence, judge.policy, tag_key=judge.tag_key, catalogue=judge.products)
    return ShownRecord(package, evidence, verdict)
