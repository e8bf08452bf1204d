"""Disputes as a service would handle them, without a command line; what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from acts_world import ANYBODY, BANK, ENTERPRISE, PLATFORM, SOURCE, ActsWorld, acts_world, bring_up_members
from region_world import GOVERNOR, Place, anchor_documents, pass_time, region_of, send
from worlds import Kept

from creditchain.acts import filing
from creditchain.acts.disputing import answer_dispute, file_dispute, list_disputes
from creditchain.acts.given_records import GivenRecord, given_package
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.recording import set_life
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.filings import filings_of
from creditchain.chain.signers import dev_signer
from creditchain.consents.errors import ForeignFileError, TermsError
from creditchain.errors import InputError
from creditchain.home.reasons import ReasonError
from creditchain.log.views import Admission, RecordName
from creditchain.messages import LogDomain, SignatureError
from creditchain.packages.filing_file import parse_filing
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import DisputeState, Life, Role

DAY = 86_400
OTHER_PLATFORM = 6


@dataclass(frozen=True)
class Records:
    """A world, and records in one of its batches."""

    world: ActsWorld
    packages: list[RecordPackage]

    def given(self, number: int) -> GivenRecord:
        return given_package(self.packages[number])


def spoiled(package: RecordPackage, what: str) -> GivenRecord:
    """The package with another salt, or of another region's log."""
    if what == "record":
        return given_package(replace(package, record=replace(package.record, salt=bytes(32))))
    return given_package(replace(package, batch=replace(package.batch, log_id=bytes(32))))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, list[RecordPackage]]:
    place = Place("embedded", tmp_path_factory.mktemp("dispute-acts"))
    bring_up_members(place)
    with region_of(place) as region:
        operator = dev_signer(OTHER_PLATFORM, region.chain).address
        admission = Admission(operator, Role.PLATFORM, 320100, 0, 0, 0, bytes(32))
        send(place, region, GOVERNOR, "admit another platform", region.calls.admit(admission))
    packages = anchor_documents(place, (2023, 2024), 1)
    return Kept(place), packages


@pytest.fixture
def records(kept: tuple[Kept, list[RecordPackage]], tmp_path: Path) -> Iterator[Records]:
    place, packages = kept
    with acts_world(place.fresh(tmp_path / "world")) as world:
        yield Records(world, packages)


def later(records: Records, number: int, *, same: bool = True) -> RecordPackage:
    """A record of a batch that is anchored now, of the same subject as another one, or not."""
    subject = records.packages[number].record.subject
    made = anchor_documents(records.world.place, (2022,), 2)
    return next(one for one in made if (one.record.subject == subject) is same)


def supersede(records: Records, number: int, by: RecordPackage) -> None:
    world = records.world
    outbox, given = world.outbox(SOURCE), records.given(number)
    set_life(world.region, outbox, world.home, given, Life.SUPERSEDED, "newer", given_package(by))


def test_from_filing_to_a_correction(records: Records) -> None:
    world, record = records.world, records.given(0)
    filed = file_dispute(world.region, world.outbox(PLATFORM), world.home, record, PLATFORM, "不属实")
    assert (filed.state.dispute, filed.state.open, filed.filing) == (DisputeState.OPEN, 1, 1)
    assert "不属实" in filed.reason.path.read_text(encoding="utf-8")
    block, (listed,) = list_disputes(world.region)
    assert (listed.node, listed.leaf, listed.state) == (record.name.node, record.name.leaf, DisputeState.OPEN)
    assert (listed.platform, listed.number, listed.entry) == (PLATFORM, 1, filed.state.last)
    assert (listed.overdue(block.time), listed.overdue(block.time + 21 * DAY)) == (False, True)

    correction = later(records, 0)
    supersede(records, 0, correction)
    answer = (world.region, world.outbox(SOURCE), world.home, record, DisputeState.CORRECTED, "更正")
    answered = answer_dispute(*answer, correction=correction)
    assert (answered.state.dispute, answered.filing) == (DisputeState.CORRECTED, 1)
    _, (closed,) = list_disputes(world.region)
    assert closed.answered_at >= closed.filed_at
    assert closed.successor == leaf_of(correction)
    assert not closed.overdue(block.time + 21 * DAY)


def test_several_filings_about_one_record(records: Records) -> None:
    """Each platform has its own; the publisher says which one it answers, and a filer may file again after that."""
    world, record = records.world, records.given(0)
    region, source = world.region, world.outbox(SOURCE)
    drafted = filing.draft(region, record, OTHER_PLATFORM, "该登记信息有误。", 30 * DAY)
    own = file_dispute(region, world.outbox(PLATFORM), world.home, record, PLATFORM, "不属实")
    with world.refuses(TermsError, field="message.previous"):
        filing.sign(region, drafted, ENTERPRISE)
    signed = filing.sign(region, filing.draft(region, record, OTHER_PLATFORM, "有误", 30 * DAY), ENTERPRISE)
    filing.relay(region, world.outbox(ANYBODY), filing.endorse(region, world.key(OTHER_PLATFORM), signed))
    found = list(filings_of(region, record.name, region.chain.head().number))
    assert [(one.number, one.platform) for one in found] == [(2, OTHER_PLATFORM), (1, PLATFORM)]
    assert [one.entry for one in found][1] == own.state.last

    answer = (region, source, world.home, record, DisputeState.UPHELD, "checked")
    with world.refuses(InputError, found="1, 2"):
        answer_dispute(*answer)
    assert answer_dispute(*answer, filing=1).state.open == 1
    for number, told in ((1, "upheld"), (3, "none")):
        with world.refuses(InputError, found=told):
            answer_dispute(*answer, filing=number)
    again = file_dispute(region, world.outbox(PLATFORM), world.home, record, PLATFORM, "仍不属实")
    assert (again.filing, again.state.open, again.state.filings) == (3, 2, 3)
    states = [(one.number, one.state) for one in list_disputes(region)[1]]
    assert states == [(1, DisputeState.UPHELD), (2, DisputeState.OPEN), (3, DisputeState.OPEN)]


def test_a_platform_against_its_own_record(records: Records) -> None:
    world = records.world
    own = GivenRecord(RecordName(PLATFORM, records.given(0).name.leaf))
    with world.refuses(NotEntitledError, found=f"platform {PLATFORM}, record of node {PLATFORM}"):
        file_dispute(world.region, world.outbox(PLATFORM), world.home, own, PLATFORM, "wrong")
    with world.refuses(NotEntitledError):
        filing.draft(world.region, own, PLATFORM, "wrong", DAY)


def test_corrections_that_are_refused(records: Records) -> None:
    """By an older record, another subject's, one that is gone; before the record is superseded."""
    world, record, source = records.world, records.given(0), records.world.outbox(SOURCE)
    file_dispute(world.region, world.outbox(PLATFORM), world.home, record, PLATFORM, "wrong")
    corrected = (world.region, source, world.home, record, DisputeState.CORRECTED, "checked")
    subject = records.packages[0].record.subject
    older = next(one for one in records.packages[1:] if one.record.subject == subject)
    correction = later(records, 0)
    with world.refuses(InputError, expected=f"anchored after entry {filed_entry(records)}"):
        answer_dispute(*corrected, correction=older)
    stranger = next(one for one in records.packages if one.record.subject != subject)
    with world.refuses(InputError, expected="the subject of the disputed record"):
        answer_dispute(*corrected, correction=stranger)
    with world.refuses(InputError, expected="the package of the disputed record"):
        answer_dispute(*corrected[:3], GivenRecord(record.name), *corrected[4:], correction=correction)
    with world.refuses(InputError, expected="superseded", found="live"):
        answer_dispute(*corrected, correction=correction)
    supersede(records, 0, correction)
    set_life(world.region, source, world.home, given_package(correction), Life.ERASED, "over")
    with world.refuses(InputError, expected="live", found="erased"):
        answer_dispute(*corrected, correction=correction)


def filed_entry(records: Records) -> int:
    (filed,) = list_disputes(records.world.region)[1]
    return filed.entry


def test_filings_that_are_refused_keep_no_reason(records: Records) -> None:
    world, record = records.world, records.given(0)
    platform, source = world.outbox(PLATFORM), world.outbox(SOURCE)
    with world.refuses(TermsError, field="platform"):
        file_dispute(world.region, source, world.home, record, SOURCE, "wrong")
    with world.refuses(NotEntitledError, found=f"a key of node {SOURCE}"):
        file_dispute(world.region, source, world.home, record, PLATFORM, "wrong")
    with world.refuses(InputError, found="node 99"):
        file_dispute(
            world.region, platform, world.home, GivenRecord(RecordName(99, record.name.leaf)), PLATFORM, "wrong"
        )
    with world.refuses(ReasonError):
        file_dispute(world.region, platform, world.home, record, PLATFORM, "two\nlines")
    for changed in ("record", "batch"):
        with world.refuses(InputError):
            file_dispute(world.region, platform, world.home, spoiled(records.packages[0], changed), PLATFORM, "wrong")
    file_dispute(world.region, platform, world.home, record, PLATFORM, "wrong")
    with world.refuses(InputError, expected="no open filing"):
        file_dispute(world.region, platform, world.home, record, PLATFORM, "wrong again")


def test_answers_that_are_refused_keep_no_reason(records: Records) -> None:
    world, record = records.world, records.given(0)
    source, bank = world.outbox(SOURCE), world.outbox(BANK)
    other = records.packages[1]
    with world.refuses(InputError, expected="an open filing", found="none"):
        answer_dispute(world.region, source, world.home, record, DisputeState.UPHELD, "checked")
    file_dispute(world.region, world.outbox(PLATFORM), world.home, record, PLATFORM, "wrong")
    with world.refuses(NotEntitledError, found=f"a key of node {BANK}"):
        answer_dispute(world.region, bank, world.home, record, DisputeState.UPHELD, "checked")
    with world.refuses(InputError):
        answer_dispute(world.region, source, world.home, record, DisputeState.CORRECTED, "checked")
    with world.refuses(InputError):
        answer_dispute(*(world.region, source, world.home, record, DisputeState.UPHELD, "checked"), correction=other)
    corrected = (world.region, source, world.home, record, DisputeState.CORRECTED, "checked")
    with world.refuses(InputError):
        answer_dispute(*corrected, correction=records.packages[0])
    with world.refuses(InputError):
        answer_dispute(*corrected, correction=replace(other, batch=replace(other.batch, root=bytes(32))))
    with world.refuses(InputError):
        answer_dispute(*corrected, correction=replace(other, record=replace(other.record, salt=bytes(32))))


def test_a_filing_that_was_killed_is_finished(records: Records) -> None:
    world, record = records.world, records.given(0)
    outbox = world.outbox(PLATFORM)

    class KilledError(Exception):
        pass

    def die(_intent: str, _state: str) -> None:
        raise KilledError

    outbox.on_state(die)
    with pytest.raises(KilledError):
        file_dispute(world.region, outbox, world.home, record, PLATFORM, "wrong")
    fresh = world.outbox(PLATFORM)
    with pytest.raises(ReasonError, match="another reason"):
        file_dispute(world.region, fresh, world.home, record, PLATFORM, "another reason")
    filed = file_dispute(world.region, fresh, world.home, record, PLATFORM, "wrong")
    assert filed.state.dispute == DisputeState.OPEN


def test_in_the_enterprises_own_words(records: Records) -> None:
    world, record = records.world, records.given(2)
    before = world.state()
    drafted = filing.draft(world.region, record, PLATFORM, "该登记信息有误。", 30 * DAY)
    signed = filing.sign(world.region, drafted, ENTERPRISE)
    endorsed = filing.endorse(world.region, world.key(PLATFORM), signed)
    assert world.state() == before  # all but relaying happens on files
    assert parse_filing(endorsed.to_json()) == endorsed
    filed = filing.relay(world.region, world.outbox(ANYBODY), endorsed)
    assert (filed.dispute, filed.open, filed.filings) == (DisputeState.OPEN, 1, 1)
    answer_dispute(
        world.region, world.outbox(SOURCE), world.home, record, DisputeState.UPHELD, "checked and found right"
    )
    with world.refuses(TermsError, field="message.previous"):
        filing.sign(world.region, drafted, ENTERPRISE)


def test_filings_of_enterprises_that_are_refused(records: Records) -> None:
    world, record, platform = records.world, records.given(3), records.world.key(PLATFORM)
    anybody = world.outbox(ANYBODY)
    for reason in ("", "x" * 4097):
        with world.refuses(InputError):
            filing.draft(world.region, record, PLATFORM, reason, DAY)
    with world.refuses(TermsError, field="platform"):
        filing.draft(world.region, record, BANK, "wrong", DAY)
    for changed in ("record", "batch"):
        with world.refuses(InputError):
            filing.draft(world.region, spoiled(records.packages[3], changed), PLATFORM, "wrong", DAY)
    drafted = filing.draft(world.region, record, PLATFORM, "wrong", DAY)
    signed = filing.sign(world.region, drafted, ENTERPRISE)
    with world.refuses(InputError):
        filing.endorse(world.region, platform, drafted)
    with world.refuses(NotEntitledError, found=f"a key of node {BANK}"):
        filing.endorse(world.region, world.key(BANK), signed)
    with world.refuses(SignatureError):
        filing.endorse(world.region, platform, replace(signed, message=replace(signed.message, leaf=bytes(31) + b"1")))
    with world.refuses(InputError):
        filing.relay(world.region, anybody, signed)
    endorsed = filing.endorse(world.region, platform, signed)
    with world.refuses(InputError, found="one that is endorsed too"):
        filing.sign(world.region, endorsed, world.key(ANYBODY))
    assert filing.sign(world.region, endorsed, world.key(ANYBODY), again=True).endorsement == b""
    foreign = replace(endorsed, message=replace(endorsed.message, domain=LogDomain(bytes(32))))
    with world.refuses(ForeignFileError):
        filing.relay(world.region, anybody, foreign)
    pass_time(world.place, DAY + 60)
    with world.refuses(TermsError, field="message.deadline"):
        filing.sign(world.region, drafted, ENTERPRISE)
    with world.refuses(ContractRefusedError):
        filing.relay(world.region, anybody, endorsed)
