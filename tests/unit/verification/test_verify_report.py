"""Reports: what an honest one shows, and every attack by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from report_world import (
    BANK,
    BANK_KEY,
    CATALOGUE,
    DELIVERED,
    DOMAINS,
    ENTERPRISE_KEY,
    HERE,
    OPEN,
    OTHER_BANK,
    OTHERS,
    PLATFORM,
    POWER,
    REGISTRY,
    SECTIONS,
    SUBJECT,
    TAG_KEYS,
    TAX,
    Region,
    Shown,
    asked,
    content_of,
    region,
    sections_of,
    shown,
    signed,
    unsettled,
    with_ranges,
    without,
    without_ranges,
)
from verification_world import node, platform_address, with_stolen_key

from creditchain.batch.folder.packages import record_of
from creditchain.documents import Domain, Section, canonical_bytes, domain_mask
from creditchain.hashing import keccak256
from creditchain.identifiers import subject_tag
from creditchain.log.entries import ConsentBody, PauseBody
from creditchain.log.facts import EntryPlace
from creditchain.log.views import MemberAt
from creditchain.merkle import prove_range
from creditchain.messages import LogDomain, subject_digest
from creditchain.packages.parts import PackagedTag, hexed
from creditchain.packages.report_package import PackagedRange, RangedRecord, Reads, ReportPackage, parse_report_package
from creditchain.verification.evidence import Missing
from creditchain.verification.policy import Completeness, Policy, PolicyError, UnsafePolicy, parse_policy
from creditchain.verification.report import verify_report
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.subject import TagKey
from creditchain.verification.verdict import Outcome, Status, Text, Verdict, WeaknessKind
from creditchain.vocabulary import Life, MeterFlag, Revoker

WHY = Missing(Text("nobody answered", "无人应答"))


def failing(verdict: Verdict) -> list[int]:
    return [step.number for step in verdict.failed]


def outcome(verdict: Verdict, number: int) -> Outcome:
    return verdict.step(number).outcome


def renamed(here: Region, bend: Callable[[list[dict[str, Any]]], object]) -> ReportPackage:
    """The assembled package whose report names its records otherwise."""
    package = here.assemble().package
    value = json.loads(package.report.content)
    bend(value["data"]["records"])
    return replace(package, report=replace(package.report, content=canonical_bytes(value)))


def upper_half(signature: bytes) -> bytes:
    """The other signature by the same key, with s in the upper half, as far as 64 bytes can say it."""
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    s = order - int.from_bytes(signature[32:]) % 2**255
    return signature[:32] + s.to_bytes(32)


def of_day(day: str) -> Callable[[Shown], bool]:
    return lambda one: f'"as_of":"{day}"'.encode() in one.record.content


def delivered(here: Region, package: ReportPackage) -> ReportPackage:
    return here.deliver(package, here.consents())


class TestHonest:
    def test_every_step_passes(self) -> None:
        here = region()
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert [step.outcome for step in verdict.steps] == [Outcome.PASSED] * 11
        details = verdict.step(9).details
        assert (details["publishers"], details["batches"], details["records"]) == (3, 5, 10)

    def test_it_is_the_same_after_writing_and_reading(self) -> None:
        from creditchain.packages.report_package import parse_report_package

        package = region().honest()
        assert parse_report_package(package.to_json()) == package

    def test_an_enterprise_of_which_nothing_is_known(self) -> None:
        here = Region()
        here.publish(REGISTRY, "registry-basic/1", [])
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert [outcome(verdict, number) for number in (3, 4, 5, 6)] == [Outcome.NOT_APPLICABLE] * 4

    def test_a_holder_of_a_key_needs_no_statement_of_its_epoch(self) -> None:
        here = region()
        package = here.honest()
        bare = tuple(
            replace(one, tag=replace(one.tag, statement=None)) if one.key_epoch == 2 else one for one in package.tags
        )
        package = replace(package, tags=bare)
        assert outcome(here.verify(package), 2) is Outcome.NOT_VERIFIED
        verdict = verify_report(
            package, here.evidence(package), Policy(), tag_key=TagKey(TAG_KEYS[2]), catalogue=CATALOGUE
        )
        assert verdict.status is Status.VALID

    def test_a_chain_that_does_not_answer_decides_nothing(self) -> None:
        here = region()
        package = here.honest()
        nothing = ReportEvidence.absent(HERE, [one.index for one in package.named_entries], [1, 2], WHY.why)
        verdict = verify_report(package, nothing, catalogue=CATALOGUE)
        assert verdict.status is Status.COULD_NOT_CHECK
        assert [step.number for step in verdict.steps if step.outcome is Outcome.PASSED] == [1]

    @pytest.mark.parametrize(
        ("name", "number"),
        [("consent", 7), ("open_domains", 7), ("metered", 8)],
    )
    def test_each_missing_value_is_not_verified(self, name: str, number: int) -> None:
        here = region()
        package = here.honest()
        evidence = here.evidence(package)
        verdict = here.verify(package, delivery=replace(evidence.delivery, **{name: WHY}))
        assert outcome(verdict, number) is Outcome.NOT_VERIFIED
        assert verdict.status is Status.COULD_NOT_CHECK

    @pytest.mark.parametrize("name", ["shelves", "lives", "members"])
    def test_without_shelves_lives_or_members_completeness_is_not_verified(self, name: str) -> None:
        here = region()
        verdict = here.verify(here.honest(), **{name: WHY})
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.status is Status.COULD_NOT_CHECK

    def test_unknown_products_are_not_verified(self) -> None:
        here = region()
        package = here.honest()
        for known in ({}, {name: one for name, one in CATALOGUE.items() if name != "tax-payment/1"}):
            verdict = verify_report(package, here.evidence(package), catalogue=known)
            assert verdict.status is Status.COULD_NOT_CHECK
            assert outcome(verdict, 9) is Outcome.NOT_VERIFIED


class TestLeftOut:
    def test_a_record(self) -> None:
        here = region()
        verdict = here.verify(delivered(here, without(here.assemble().package, of_day("2024-12-31"))))
        assert failing(verdict) == [9]
        assert "left out" in verdict.step(9).reason.en

    def test_a_record_that_is_shown_but_that_the_report_does_not_rest_on(self) -> None:
        here = region()
        package = here.assemble().package
        less = without(package, of_day("2024-12-31"))
        verdict = here.verify(delivered(here, replace(less, records=package.records)))
        assert failing(verdict) == [9]
        assert verdict.step(9).details["not_named"] == 1

    def test_a_record_that_the_report_names_but_does_not_show(self) -> None:
        here = region()
        leaf = here.leaf(
            TAX, next(root for node, root in here.batches if node == TAX and _has(here, root)), "2024-12-31"
        )
        here.end(TAX, leaf, Life.REVOKED)
        package = here.assemble().package
        value = json.loads(package.report.content)
        value["data"]["records"].append(
            {"region": HERE.region, "node": TAX, "product": "tax-payment/1", "leaf": hexed(leaf)}
        )
        bent = replace(package, report=replace(package.report, content=canonical_bytes(value)))
        verdict = here.verify(delivered(here, bent))
        assert failing(verdict) == [9]
        assert verdict.step(9).details["not_shown"] == 1

    def test_a_record_that_the_report_names_twice(self) -> None:
        """Readers of the report would count it twice."""
        here = region()
        package = renamed(here, lambda records: records.append(records[0]))
        verdict = here.verify(delivered(here, package))
        assert failing(verdict) == [9]
        assert verdict.step(9).details["named_again"] == 1

    def test_a_record_that_the_report_calls_another_product(self) -> None:
        here = region()
        package = renamed(here, lambda records: records[0].update(product="tax-payment/1"))
        assert failing(here.verify(delivered(here, package))) == [9]

    def test_a_section(self) -> None:
        here = region()
        package = without_ranges(here.assemble().package, lambda one: one.covers(Section.BASIC))
        verdict = here.verify(delivered(here, package))
        assert failing(verdict) == [9]
        assert "entry 3 is neither shown nor named" in verdict.step(9).reason.en
        named = replace(package, reads=Reads(entries=(*package.reads.entries, EntryPlace(3, 103))))
        verdict = here.verify(delivered(here, named))
        assert failing(verdict) == [9]
        assert "registry-basic/1, batch 1, basic: no range proof" in verdict.step(9).reason.en

    def test_a_batch(self) -> None:
        here = region()
        entry = next(one.entry for one in here.anchors.values() if one.node == POWER)
        verdict = here.verify(
            delivered(here, without_ranges(here.assemble().package, lambda one: one.place.index == entry))
        )
        assert failing(verdict) == [9]
        assert "power-usage/1, batch 1" in verdict.step(9).reason.en

    def test_all_of_a_publisher(self) -> None:
        here = region()
        verdict = here.verify(delivered(here, without_ranges(here.assemble().package, lambda one: one.node == TAX)))
        assert failing(verdict) == [9]
        assert len(verdict.step(9).details["missing"]) == 2

    def test_absence_claimed_between_other_leaves(self) -> None:
        """The range proof of somebody who is not in the batch, handed in for the subject."""
        here = region()
        package = without(here.assemble().package, of_day("2024-12-31"))

        def bend(one: PackagedRange) -> PackagedRange:
            batch = here.batch_of(one)
            elsewhere = prove_range(batch.tree, batch.leaves, bytes(32), sections_of(one))
            return replace(one, proof=elsewhere) if one.node == TAX and one.proof.leaves else one

        bent = with_ranges(package, bend)
        assert bent != package
        assert failing(here.verify(delivered(here, bent))) == [9]

    def test_the_range_of_another_enterprise(self) -> None:
        """Read under the subject's tag, it does not lead to the root."""
        here = region()
        package = without(here.assemble().package, of_day("2024-12-31"))

        def bend(one: PackagedRange) -> PackagedRange:
            batch = here.batch_of(one)
            other = subject_tag(TAG_KEYS[one.key_epoch], OTHERS[0])
            theirs = prove_range(batch.tree, batch.leaves, other, sections_of(one))
            return replace(one, proof=theirs) if one.node == TAX else one

        verdict = here.verify(delivered(here, parse_report_package(with_ranges(package, bend).to_json())))
        assert failing(verdict) == [9]

    def test_the_tag_of_another_enterprise(self) -> None:
        """Absence is easy to show with another enterprise's tag, but no platform stated that it is the subject's."""
        here = region()
        package = here.honest()
        other = subject_tag(TAG_KEYS[2], OTHERS[0])
        bent = tuple(
            replace(one, tag=replace(one.tag, subject_tag=other)) if one.key_epoch == 2 else one for one in package.tags
        )
        verdict = here.verify(replace(package, tags=bent))
        assert 2 in failing(verdict)
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED

    def test_an_invented_tag_shows_no_absence(self) -> None:
        """The policy may do without statements. But a provider must not choose under which tag it shows nothing."""
        here = region()
        invented = keccak256(b"a tag of the provider's")
        package = without(here.assemble().package, lambda one: one.key_epoch == 2)

        def bend(one: PackagedRange) -> PackagedRange:
            batch = here.batch_of(one)
            nothing = prove_range(batch.tree, batch.leaves, invented, sections_of(one))
            return replace(one, proof=nothing) if one.key_epoch == 2 else one

        forged = tuple(
            replace(one, tag=PackagedTag(invented, None)) if one.key_epoch == 2 else one for one in package.tags
        )
        package = replace(with_ranges(package, bend), tags=forged)
        fresh = subject_digest(subject_tag(TAG_KEYS[1], SUBJECT), keccak256(b"salt of the request"))
        package = here.deliver(package, here.consents(), subject=fresh)
        verdict = here.verify(package, Policy(tag_statement="optional"))
        assert outcome(verdict, 2) is Outcome.PASSED
        assert outcome(verdict, 7) is Outcome.PASSED
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.step(9).details["key_epochs"] == [2]
        assert verdict.status is Status.COULD_NOT_CHECK

    def test_a_request_and_a_consent_under_an_invented_tag(self) -> None:
        """Otherwise anybody's consent would do."""
        here = region()
        invented, salt = keccak256(b"another enterprise's tag"), keccak256(b"salt of the request")
        package = here.assemble().package
        bare = tuple(
            replace(one, tag=PackagedTag(invented, None)) if one.key_epoch == 2 else one for one in package.tags
        )
        theirs = here.consents(subject=subject_digest(invented, keccak256(b"salt of the consent")))
        package = here.deliver(replace(package, tags=bare), theirs, subject=subject_digest(invented, salt))
        assert outcome(here.verify(package, Policy(tag_statement="optional")), 7) is Outcome.NOT_VERIFIED

    def test_a_key_epoch_without_a_tag_is_not_verified(self) -> None:
        here = region()
        package = without_ranges(here.assemble().package, lambda one: one.key_epoch == 2)
        verdict = here.verify(
            here.deliver(
                replace(package, tags=package.tags[:1]),
                here.consents(),
                subject=keccak256(b"\x05" + subject_tag(TAG_KEYS[1], SUBJECT) + keccak256(b"salt of the request")),
            )
        )
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.step(9).details["key_epochs"] == [2]
        assert verdict.status is Status.COULD_NOT_CHECK

    def test_a_report_assembled_from_a_log_that_was_old(self) -> None:
        """The package does not say how far the log must reach; the verifier does."""
        here = region()
        package = here.assemble().package
        here.now = DELIVERED - 700
        here.publish(TAX, "tax-payment/1", [])
        assert failing(here.verify(delivered(here, package))) == [9]


def _has(here: Region, root: bytes) -> bool:
    batch = here.batches[TAX, root]
    return any(SUBJECT.number.encode() in one.content and b"tax-payment" in one.content for one in batch.documents)


class TestOtherRegions:
    def test_records_of_another_region_are_not_verified(self) -> None:
        here = region()
        package = here.assemble().package
        value = json.loads(package.report.content)
        value["data"]["records"][0]["region"] = "JJJ"
        bent = replace(package, report=replace(package.report, content=canonical_bytes(value)))
        assert outcome(here.verify(delivered(here, bent)), 9) is Outcome.NOT_VERIFIED


class TestSpoiledBatches:
    def test_a_broken_batch_makes_completeness_unprovable(self) -> None:
        here = region()
        here.spoil(TAX, next(root for node, root in here.batches if node == TAX))
        verdict = here.verify(here.honest())
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.status is Status.COULD_NOT_CHECK

    def test_an_annulled_batch_makes_completeness_unprovable(self) -> None:
        here = region()
        here.annul(TAX, next(root for node, root in here.batches if node == TAX))
        assert outcome(here.verify(here.honest()), 9) is Outcome.NOT_VERIFIED

    def test_publishing_again_is_not_enough(self) -> None:
        """Nobody but an auditor can tell whether all that a broken batch held is published again."""
        here = region()
        here.spoil(TAX, next(root for node, root in here.batches if node == TAX))
        here.publish(TAX, "tax-payment/1", [])
        assert outcome(here.verify(here.honest()), 9) is Outcome.NOT_VERIFIED
        here.audit_book(TAX, 1)
        assert outcome(here.verify(here.honest()), 9) is Outcome.NOT_VERIFIED

    def test_until_an_audit_finds_that_its_leaves_were_published_again(self) -> None:
        here = region()
        here.spoil(TAX, next(root for node, root in here.batches if node == TAX))
        here.publish(TAX, "tax-payment/1", [])
        here.audit_book(TAX, 1, restored=True)
        assert here.verify(here.honest()).status is Status.VALID

    def test_an_audit_before_a_batch_was_broken_does_not_forgive_it(self) -> None:
        here = region()
        here.audit_book(TAX, 1, restored=True)
        here.spoil(TAX, next(root for node, root in here.batches if node == TAX))
        assert outcome(here.verify(here.honest()), 9) is Outcome.NOT_VERIFIED

    def test_a_broken_book_forgives_nothing(self) -> None:
        here = region()
        here.spoil(TAX, next(root for node, root in here.batches if node == TAX))
        here.publish(TAX, "tax-payment/1", [])
        book = here.audit_book(TAX, 1, restored=True)
        here.break_book(book)
        assert outcome(here.verify(here.honest()), 9) is Outcome.NOT_VERIFIED

    def test_a_node_that_is_closed_is_shown(self) -> None:
        """Nobody can show what it published from then on; what it published before must be shown."""
        here = region()
        first = next(one for one in here.anchors.values() if one.node == TAX)
        here.close(TAX, first.entry + 1)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert [one.details["nodes"] for one in verdict.weaknesses if one.kind is WeaknessKind.CLOSED] == [[TAX]]
        assert verdict.step(9).details["batches"] == 4
        here.close(TAX, 0)
        verdict = here.verify(here.honest())
        assert verdict.step(9).details["batches"] == 5
        assert not [one for one in verdict.weaknesses if one.kind is WeaknessKind.CLOSED]

    def test_a_number_that_the_region_gave_to_another_product(self) -> None:
        here = region()
        package = here.honest()
        here.launch(CATALOGUE["power-usage/1"].number, bytes(23) + b"1" + bytes(8))
        assert outcome(here.verify(package), 9) is Outcome.NOT_VERIFIED

    def test_an_anchor_by_a_contract_that_is_not_known_here_is_not_verified(self) -> None:
        here = region()
        package = here.honest()
        place = next(iter(here.anchors.values())).entry
        here.entries[place] = replace(here.entries[place], body=None)
        assert outcome(here.verify(package), 9) is Outcome.NOT_VERIFIED

    def test_a_batch_anchored_with_a_stolen_key_shows_nothing(self) -> None:
        here = region()
        stolen = next(one.time for one in here.anchors.values() if one.node == POWER and one.key_epoch == 2)
        here.members[POWER] = with_stolen_key(here.members[POWER], stolen, stolen)
        package = here.honest()
        assert all(one.key_epoch == 1 for one in shown(package) if one.node == POWER)
        verdict = here.verify(package)
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED


class TestLives:
    def root(self, here: Region) -> bytes:
        return next(root for node, root in here.batches if node == REGISTRY)

    @pytest.mark.parametrize("life", [Life.REVOKED, Life.ERASED])
    def test_a_record_that_left_need_not_be_opened(self, life: Life) -> None:
        here = region()
        here.end(REGISTRY, here.leaf(REGISTRY, self.root(here), "2023-06-30"), life)
        assembled = here.assemble()
        assert [one.why for one in assembled.left_out] == [life.label]
        verdict = here.verify(delivered(here, assembled.package))
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["gone"] == {life.label: 1}

    def superseded(self, here: Region, successor: bytes, day: str = "2023-06-30") -> bytes:
        """Log that the record of a day was superseded by this leaf; the leaf of the record."""
        leaf = here.leaf(REGISTRY, self.root(here), day)
        here.end(REGISTRY, leaf, Life.SUPERSEDED, successor)
        return leaf

    def test_a_superseded_record_whose_successor_is_shown(self) -> None:
        here = region()
        self.superseded(here, here.leaf(REGISTRY, self.root(here), "2024-06-30"))
        assembled = here.assemble()
        assert [(one.why, one.excused) for one in assembled.left_out] == [("superseded", True)]
        verdict = here.verify(delivered(here, assembled.package))
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["gone"] == {"superseded": 1}

    def test_a_successor_that_does_not_exist_hides_nothing(self) -> None:
        here = region()
        self.superseded(here, keccak256(b"a leaf of nobody's"))
        assembled = here.assemble()
        assert [one.excused for one in assembled.left_out] == [False]
        verdict = here.verify(delivered(here, assembled.package))
        assert failing(verdict) == [9]
        assert "superseded by a record that is not shown" in verdict.step(9).reason.en

    def test_records_that_supersede_each_other(self) -> None:
        here = region()
        other = here.leaf(REGISTRY, self.root(here), "2024-06-30")
        first = self.superseded(here, other)
        here.end(REGISTRY, other, Life.SUPERSEDED, first)
        verdict = here.verify(delivered(here, here.assemble().package))
        assert failing(verdict) == [9]
        assert len(verdict.step(9).details["left_out"]) == 2

    @pytest.mark.parametrize("life", [Life.REVOKED, Life.ERASED])
    def test_a_successor_that_is_excused_itself(self, life: Life) -> None:
        here = region()
        other = here.leaf(REGISTRY, self.root(here), "2024-06-30")
        self.superseded(here, other)
        here.end(REGISTRY, other, life)
        verdict = here.verify(delivered(here, here.assemble().package))
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["gone"] == {life.label: 1, "superseded": 1}

    def test_a_successor_that_is_left_out(self) -> None:
        here = region()
        self.superseded(here, here.leaf(REGISTRY, self.root(here), "2024-06-30"))
        package = without(here.assemble().package, of_day("2024-06-30"))
        verdict = here.verify(delivered(here, package))
        assert failing(verdict) == [9]
        assert len(verdict.step(9).details["left_out"]) == 2

    def test_a_successor_that_consent_may_not_cover(self) -> None:
        here = region()
        root = next(root for node, root in here.batches if node == POWER)
        here.end(POWER, here.leaf(POWER, root, "2024-01-28"), Life.SUPERSEDED, here.leaf(POWER, root, "2024-02-28"))
        package = here.assemble(days=(2024_03_01, 2099_12_31), open_domains=OPEN).package
        verdict = here.verify(here.deliver(package, here.consents(data_from=2024_03_01)))
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert not failing(verdict)

    def test_a_reason_logged_after_the_delivery_excuses_nothing(self) -> None:
        here = region()
        package = delivered(here, without(here.assemble().package, of_day("2023-06-30")))
        here.now = DELIVERED + 60
        here.end(REGISTRY, here.leaf(REGISTRY, self.root(here), "2023-06-30"), Life.REVOKED)
        assert failing(here.verify(package)) == [9]

    def test_a_record_revoked_since_fails_as_a_record_does(self) -> None:
        here = region()
        package = here.honest()
        here.now = DELIVERED + 60
        here.end(REGISTRY, here.leaf(REGISTRY, self.root(here), "2023-06-30"), Life.REVOKED)
        verdict = here.verify(package)
        assert failing(verdict) == [6]
        assert verdict.step(6).reason.en.startswith("1 of 10 record(s)")
        assert verdict.as_json()["steps"][5]["details"]["records"][0]["node"] == REGISTRY

    @pytest.mark.parametrize(("shift", "expected"), [(0, Outcome.NOT_VERIFIED), (1, Outcome.PASSED)])
    def test_a_record_that_a_thief_took_out(self, shift: int, expected: Outcome) -> None:
        here = region()
        here.end(REGISTRY, here.leaf(REGISTRY, self.root(here), "2023-06-30"), Life.REVOKED)
        since = here.now + shift
        here.members[REGISTRY] = with_stolen_key(here.members[REGISTRY], since, since)
        assert outcome(here.verify(here.honest()), 9) is expected

    @pytest.mark.parametrize(("stolen", "expected"), [(True, Outcome.NOT_VERIFIED), (False, Outcome.PASSED)])
    def test_a_successor_that_a_thief_took_out(self, stolen: bool, expected: Outcome) -> None:
        """It need not be a leaf of the enterprise's, so nothing else shows who ended it."""
        here = region()
        made_up = keccak256(b"a leaf of nobody's")
        self.superseded(here, made_up)
        here.now += 10
        here.end(REGISTRY, made_up, Life.REVOKED)
        if stolen:
            here.members[REGISTRY] = with_stolen_key(here.members[REGISTRY], here.now, here.now)
        assert outcome(here.verify(here.honest()), 9) is expected

    def test_a_record_that_a_thief_revoked_since(self) -> None:
        here = region()
        package = here.honest()
        here.now = DELIVERED + 60
        here.end(REGISTRY, here.leaf(REGISTRY, self.root(here), "2023-06-30"), Life.REVOKED)
        here.members[REGISTRY] = with_stolen_key(here.members[REGISTRY], here.now, here.now)
        verdict = here.verify(package)
        assert failing(verdict) == []
        assert outcome(verdict, 6) is Outcome.NOT_VERIFIED

    def test_the_reason_of_another_nodes_record_does_not_count(self) -> None:
        here = region()
        here.end(POWER, here.leaf(REGISTRY, self.root(here), "2023-06-30"), Life.REVOKED)
        package = delivered(here, without(here.assemble().package, of_day("2023-06-30")))
        assert failing(here.verify(package)) == [9]


class TestScope:
    def scoped(self, **changes: Any) -> Policy:
        return Policy(completeness=Completeness(**changes))

    def late(self) -> tuple[Region, ReportPackage]:
        """A batch five minutes before the delivery, which the provider did not see."""
        here = region()
        package = here.assemble().package
        here.now = DELIVERED - 360
        here.publish(TAX, "tax-payment/1", [])
        return here, delivered(here, package)

    def test_what_is_anchored_shortly_before_the_delivery_may_be_missing(self) -> None:
        here, package = self.late()
        assert here.verify(package).status is Status.VALID
        assert failing(here.verify(package, self.scoped(lag_seconds=0))) == [9]

    def test_a_window_of_the_log(self) -> None:
        here, package = self.late()
        assert here.verify(package, self.scoped(log_size=13)).status is Status.VALID
        assert failing(here.verify(package, self.scoped(log_size=14))) == [9]
        beyond = here.verify(package, self.scoped(log_size=99))
        assert outcome(beyond, 9) is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize("window", [{"first_entry": 14, "lag_seconds": 0}, {"log_size": 0}])
    def test_a_window_without_a_batch_says_nothing(self, window: dict[str, int]) -> None:
        here, package = self.late()
        verdict = here.verify(package, self.scoped(**window))
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.status is Status.COULD_NOT_CHECK

    def test_nodes_and_products(self) -> None:
        here = region()
        package = delivered(here, without_ranges(here.assemble().package, lambda one: one.node == TAX))
        assert failing(here.verify(package)) == [9]
        assert here.verify(package, self.scoped(nodes=frozenset({REGISTRY, POWER}))).status is Status.VALID
        assert here.verify(package, self.scoped(products=frozenset({"power-usage/1"}))).status is Status.VALID
        other = here.verify(package, self.scoped(products=frozenset({"ip-right/1"})))
        assert outcome(other, 9) is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize(
        ("scope", "details"),
        [
            ({"nodes": frozenset({REGISTRY, POWER})}, {"nodes": [REGISTRY, POWER]}),
            ({"products": frozenset({"power-usage/1"})}, {"products": ["power-usage/1"]}),
            ({"sections": frozenset({Section.BASIC})}, {"sections": ["basic"]}),
            ({"first_entry": 1}, {"first_entry": 1}),
            ({"log_size": 10}, {"log_size": 10}),
            ({"lag_seconds": 86_400}, {"lag_seconds": 86_400}),
        ],
    )
    def test_each_narrowing_is_printed(self, scope: dict[str, Any], details: dict[str, Any]) -> None:
        here = region()
        verdict = here.verify(here.honest(), self.scoped(**scope))
        assert verdict.status is Status.VALID
        narrowed = [one for one in verdict.weaknesses if one.kind is WeaknessKind.NARROWED]
        assert [one.details for one in narrowed] == [details]
        assert not [one for one in here.verify(here.honest()).weaknesses if one.kind is WeaknessKind.NARROWED]

    @pytest.mark.parametrize(
        ("scope", "found"),
        [
            ({"nodes": frozenset({REGISTRY, 99})}, [99]),
            ({"sections": frozenset({Section.BASIC, Section.ASSET})}, ["asset"]),
            ({"products": frozenset({"power-usage/1", "ip-right/1"})}, ["ip-right/1"]),
        ],
    )
    def test_a_name_that_nothing_in_scope_has(self, scope: dict[str, Any], found: list[Any]) -> None:
        here = region()
        verdict = here.verify(here.honest(), self.scoped(**scope))
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert verdict.step(9).details["found"] == found

    def test_a_section_that_was_not_asked_for_is_nobodys_fault(self) -> None:
        here = region()
        package = here.deliver(
            here.assemble(asked=asked([Section.BASIC], [Domain.REGISTRY])).package,
            here.consents(),
            sections=1 << Section.BASIC,
            domains=OPEN,
        )
        assert here.verify(package).status is Status.VALID
        verdict = here.verify(package, self.scoped(sections=frozenset({Section.OPERATING})))
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED

    def test_what_is_left_out_outranks_a_name_in_vain(self) -> None:
        here = region()
        package = delivered(here, without(here.assemble().package, of_day("2023-06-30")))
        assert failing(here.verify(package, self.scoped(nodes=frozenset({REGISTRY, 99})))) == [9]

    def test_unaudited_batches_are_counted(self) -> None:
        here = region()
        package = here.honest()
        weak = [one for one in here.verify(package).weaknesses if one.kind is WeaknessKind.UNAUDITED]
        assert [one.details for one in weak] == [{"batches": 5, "unaudited": 5}]
        for place in here.batches:
            here.audit(*place)
        assert here.verify(package).weaknesses == ()

    def test_where_completeness_is_not_judged_the_batches_of_the_records_are_counted(self) -> None:
        here = region()
        weak = here.verify(here.honest(), lives=WHY).weaknesses
        assert [(one.kind, one.text.en) for one in weak] == [
            (WeaknessKind.UNAUDITED, "the batch has not been audited (10 record(s))")
        ]

    def test_audited(self) -> None:
        here = region()
        package = here.assemble().package
        strict = self.scoped(audited=True)
        roots = [(node, root) for node, root in here.batches if here.batches[node, root].manifest]
        for place in roots[:-2]:
            here.audit(*place)
        package = delivered(here, package)
        assert outcome(here.verify(package, strict), 9) is Outcome.NOT_VERIFIED
        here.audit(*roots[-2])
        assert here.verify(package, strict).status is Status.VALID

    def test_a_final_block_older_than_the_delivery_is_pending(self) -> None:
        here = region()
        here.block_time = DELIVERED - 3000
        assert outcome(here.verify(here.honest()), 9) is Outcome.PENDING

    def test_sections_that_the_verifier_wants(self) -> None:
        here = region()
        package = here.honest()
        wanted = frozenset({Section.BASIC, Section.OPERATING})
        assert here.verify(package, self.scoped(sections=wanted)).status is Status.VALID

    def test_a_policy_file(self) -> None:
        policy = parse_policy(
            'format = "creditchain/policy@1"\ninstitution = 11\n[completeness]\nnodes = [7]\nsections = ["basic"]\n'
            'log_size = 5\nunopened = "trusted"\n'
        )
        assert policy.institution == 11
        assert policy.completeness == Completeness(
            nodes=frozenset({7}),
            sections=frozenset({Section.BASIC}),
            log_size=5,
            trust_unopened=True,
        )

    @pytest.mark.parametrize(
        ("line", "field"),
        [
            ("nodes = [0]", "completeness.nodes"),
            ('sections = ["basics"]', "completeness.sections"),
            ('sections = ["report"]', "completeness.sections"),
            ("log_size = 0", "completeness.log_size"),
            ("lag_seconds = -1", "completeness.lag_seconds"),
            ('full_batches = "trusted"', "completeness.full_batches"),
            ('unopened = ["trusted"]', "completeness.unopened"),
            ("lag = 1", "completeness.lag"),
        ],
    )
    def test_a_wrong_scope_names_its_field(self, line: str, field: str) -> None:
        with pytest.raises(PolicyError) as caught:
            parse_policy(f'format = "creditchain/policy@1"\n[completeness]\n{line}\n')
        assert caught.value.place is not None
        assert caught.value.place.field == field

    def test_a_policy_that_asks_less_of_reports_says_so(self) -> None:
        here = region()
        package = here.assemble().package
        assert here.verify(package).status is Status.COULD_NOT_CHECK
        verdict = here.verify(package, Policy(require_report=frozenset({1, 2, 3, 4, 5, 6})))
        assert verdict.status is Status.VALID
        assert "does not require steps 7, 8, 9, 10" in verdict.weaknesses[0].text.en
        with pytest.raises(PolicyError):
            Policy(require_report=frozenset({1, 2}))
        assert UnsafePolicy(require_report=frozenset({1})).weaknesses


class TestConsent:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"institution": OTHER_BANK}, "another institution"),
            ({"purpose": 2}, "another purpose"),
            ({"sections": 1 << Section.BASIC}, "sections"),
            ({"domains": domain_mask([Domain.REGISTRY, Domain.POWER])}, "domains"),
            ({"not_before": DELIVERED + 1}, "before the consent"),
            ({"not_after": DELIVERED - 1}, "after the consent ended"),
            ({"subject": bytes(32)}, "another subject"),
            ({"log": bytes(32)}, "another region's log"),
            ({"data_from": 20240201}, "a day that the consent does not cover"),
            ({"data_to": 20240201}, "a day that the consent does not cover"),
        ],
    )
    def test_a_consent_that_does_not_cover_it(self, changes: dict[str, Any], words: str) -> None:
        here = region()
        verdict = here.verify(here.deliver(here.assemble().package, here.consents(**changes)))
        assert 7 in failing(verdict)
        assert words in verdict.step(7).reason.en

    def test_domains_that_need_no_consent_need_not_be_covered(self) -> None:
        here = region()
        domains = domain_mask([Domain.POWER, Domain.TAX])
        assert here.verify(here.deliver(here.assemble().package, here.consents(domains=domains))).status is Status.VALID

    def test_a_consent_that_was_never_granted(self) -> None:
        here = region()
        package = here.honest()
        here.consent = None
        assert failing(here.verify(package)) == [7]

    @pytest.mark.parametrize(
        ("revoked_at", "meter", "failed"),
        [
            (DELIVERED - 1, True, [7]),
            (DELIVERED - 1, False, [7]),
            # The very second: the ledger took it, so it was before; or it will refuse it.
            (DELIVERED, True, []),
            (DELIVERED, False, [7]),
            (DELIVERED + 1, True, []),
            (DELIVERED + 1, False, []),
        ],
    )
    def test_revoked_between_delivery_and_metering(self, revoked_at: int, meter: bool, failed: list[int]) -> None:
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=meter)
        assert here.consent is not None
        here.consent = replace(here.consent, revoked_at=revoked_at)
        assert failing(here.verify(package)) == failed

    def test_overdrawn(self) -> None:
        here = region()
        assert failing(here.verify(here.honest(flags=int(MeterFlag.OVERDRAWN)))) == [7]

    def test_two_providers_and_one_use(self) -> None:
        """Another delivery was metered first, so the consent has no use left for this one."""
        here = region()
        here.block_time = DELIVERED + 60
        package = here.deliver(here.assemble().package, here.consents(uses=1), meter=False)
        assert here.consent is not None
        assert failing(here.verify(package)) == []
        here.consent = replace(here.consent, used=1)
        assert failing(here.verify(package)) == [7]

    def test_an_endorsement_of_a_node_that_is_no_platform(self) -> None:
        here = region()
        package = here.honest()
        here.members[PLATFORM] = node(PLATFORM, 3, operator=platform_address())
        assert 7 in failing(here.verify(package))

    @pytest.mark.parametrize(("shift", "expected"), [(0, Outcome.NOT_VERIFIED), (1, Outcome.PASSED)])
    def test_an_endorsement_with_a_stolen_key(self, shift: int, expected: Outcome) -> None:
        """By another platform than the one that stated the tags, whose statements a theft would touch too."""
        here = region()
        here.members[3] = node(3, 2)
        package = here.deliver(here.assemble().package, here.consents(platform=3))
        assert here.consent is not None
        since = next(one for one in here.entries if isinstance(one.body, ConsentBody)).time + shift
        here.members[3] = with_stolen_key(here.members[3], since, since + 60)
        assert outcome(here.verify(package), 7) is expected

    def test_a_consent_that_the_log_does_not_hold(self) -> None:
        here = region()
        package = here.honest()
        assert here.consent is not None
        delivery = replace(here.evidence(package).delivery, grant=None)
        assert outcome(here.verify(package, delivery=delivery), 7) is Outcome.NOT_VERIFIED

    def test_another_consent_than_the_request_names(self) -> None:
        here = region()
        package = here.honest()
        assert package.consent is not None
        other = replace(package.consent, message=replace(package.consent.message, uses=9))
        assert failing(here.verify(replace(package, consent=other))) == [7]
        assert outcome(here.verify(replace(package, consent=None)), 7) is Outcome.NOT_VERIFIED

    def test_a_request_about_another_subject(self) -> None:
        here = region()
        verdict = here.verify(here.deliver(here.assemble().package, here.consents(), subject=bytes(32)))
        assert failing(verdict) == [7]

    def test_a_request_for_another_product(self) -> None:
        here = region()
        other = CATALOGUE["five-part-report/1"].digest
        assert failing(here.verify(here.deliver(here.assemble().package, here.consents(), product=other))) == [7]

    def test_a_purpose_that_the_product_is_not_for(self) -> None:
        here = region()
        package = here.deliver(here.assemble().package, here.consents(purpose=12), purpose=12)
        assert failing(here.verify(package)) == [7]

    def test_without_consent_where_the_product_needs_one(self) -> None:
        here = region()
        assert failing(here.verify(here.deliver(here.assemble().package, None))) == [7]

    def test_more_is_shown_than_was_asked_for(self) -> None:
        here = region()
        only = domain_mask([Domain.REGISTRY, Domain.POWER])
        package = here.deliver(here.assemble().package, here.consents(), domains=only)
        assert 7 in failing(here.verify(package))
        package = here.deliver(here.assemble().package, here.consents(), sections=1 << Section.BASIC)
        assert 7 in failing(here.verify(package))

    def test_a_report_for_somebody_else(self) -> None:
        here = region()
        package = here.honest()
        assert here.verify(package, Policy(institution=BANK)).status is Status.VALID
        assert failing(here.verify(package, Policy(institution=OTHER_BANK))) == [7]

    def test_scope_widening_by_products(self) -> None:
        """A record of a product that the report does not combine, with a true proof."""
        here = region()
        package = here.assemble().package
        root = next(root for node, root in reversed(here.batches) if node == TAX)
        batch, anchor = here.batches[TAX, root], here.anchors[TAX, root]
        index = next(place for place, one in enumerate(batch.documents) if SUBJECT.number.encode() in one.content)
        warning = (Section.WARNING, Section.WARNING)
        proof = prove_range(batch.tree, batch.leaves, batch.leaves[index].tag, (int(warning[0]), int(warning[1])))
        extra = PackagedRange(TAX, 2, EntryPlace(anchor.entry, anchor.block), warning, proof)
        value = json.loads(package.report.content)
        leaf = hexed(batch.leaves[index].hash())
        named = {"region": HERE.region, "node": TAX, "product": "tax-payment/1", "leaf": leaf}
        value["data"]["records"].append(named)
        record = RangedRecord(record_of(batch, index, SUBJECT), len(package.ranges))  # type: ignore[arg-type]
        wide = replace(
            package,
            report=replace(package.report, content=canonical_bytes(value)),
            records=(*package.records, record),
            ranges=(*package.ranges, extra),
        )
        verdict = here.verify(delivered(here, wide))
        assert failing(verdict) == [2, 7, 9]


class TestDays:
    """The consent covers part of the year. Other records must not be shown, and cannot be told from omitted ones."""

    def packaged(self, here: Region) -> ReportPackage:
        days = (20240201, 20991231)
        assembled = here.assemble(days=days, open_domains=domain_mask([Domain.REGISTRY]))
        assert {one.why for one in assembled.left_out} == {"about a day that the consent does not cover"}
        return here.deliver(assembled.package, here.consents(data_from=days[0], data_to=days[1]))

    def test_unopened_records_are_not_verified(self) -> None:
        here = region()
        verdict = here.verify(self.packaged(here))
        assert unsettled(verdict) == {9: "not verified"}
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED
        assert len(verdict.step(9).details["unopened"]) == 2

    def test_a_verifier_may_trust_the_provider_so_far(self) -> None:
        here = region()
        verdict = here.verify(self.packaged(here), Policy(completeness=Completeness(trust_unopened=True)))
        assert verdict.status is Status.VALID
        assert any("2 unopened" in one.text.en for one in verdict.weaknesses)

    def test_but_not_where_no_consent_is_needed(self) -> None:
        here = region()
        days = (20240201, 20991231)
        package = without(
            here.assemble(days=days, open_domains=domain_mask([Domain.REGISTRY])).package, of_day("2023-06-30")
        )
        package = here.deliver(package, here.consents(data_from=days[0], data_to=days[1]))
        assert failing(here.verify(package, Policy(completeness=Completeness(trust_unopened=True)))) == [9]


class TestDelivery:
    def test_without_a_receipt_nobody_vouches_for_the_report(self) -> None:
        here = region()
        verdict = here.verify(here.assemble().package)
        assert verdict.status is Status.COULD_NOT_CHECK
        assert [outcome(verdict, number) for number in (7, 8)] == [Outcome.NOT_VERIFIED] * 2
        assert outcome(verdict, 9) is Outcome.PASSED

    def test_pending_until_its_time_is_over_then_failed(self) -> None:
        here = region()
        package = here.honest(meter=False)
        here.block_time = DELIVERED + 3600
        assert outcome(here.verify(package), 8) is Outcome.PENDING
        assert here.verify(package).status is Status.COULD_NOT_CHECK
        here.block_time += 1
        assert failing(here.verify(package)) == [8]

    def test_late_is_shown(self) -> None:
        here = region()
        verdict = here.verify(here.honest(flags=int(MeterFlag.LATE)))
        assert verdict.status is Status.VALID
        assert any("later than" in notice.en for notice in verdict.notices)

    def test_a_report_changed_after_its_receipt(self) -> None:
        here = region()
        package = here.honest()
        value = json.loads(package.report.content)
        value["data"]["suggested_fen"] = 1_000_000
        bent = replace(package, report=replace(package.report, content=canonical_bytes(value)))
        assert failing(here.verify(bent)) == [8]

    def test_another_salt_is_another_report(self) -> None:
        here = region()
        package = here.honest()
        assert failing(here.verify(replace(package, report=replace(package.report, salt=bytes(32))))) == [8]

    def test_two_reports_for_one_request(self) -> None:
        here = region()
        first = here.honest()
        assert first.delivery is not None
        receipt = replace(first.delivery.receipt, delivered_at=DELIVERED + 1)
        second = replace(first, delivery=replace(first.delivery, receipt=receipt))
        assert failing(here.verify(second)) == [8]

    def test_a_receipt_for_another_request(self) -> None:
        here = region()
        package = here.honest()
        assert package.delivery is not None
        bent = replace(package.delivery, request=replace(package.delivery.request, staff=bytes(32)))
        assert failing(here.verify(replace(package, delivery=bent))) == [8]

    def test_replay_over_logs(self) -> None:
        here = region()
        package = here.honest()
        assert package.delivery is not None
        old, domain = package.delivery, LogDomain(bytes(32))
        bent = replace(old, request=replace(old.request, domain=domain), receipt=replace(old.receipt, domain=domain))
        assert failing(here.verify(replace(package, delivery=bent))) == [7, 8]

    @pytest.mark.parametrize(
        "changes",
        [{"issued_at": DELIVERED + 1}, {"deadline": DELIVERED - 1}],
        ids=["before the request", "after its deadline"],
    )
    def test_a_delivery_outside_the_time_of_its_request(self, changes: dict[str, int]) -> None:
        here = region()
        assert failing(here.verify(here.honest(**changes))) == [8]

    def test_a_receipt_that_promises_too_late(self) -> None:
        here = region()
        package = here.honest(meter=False)
        here.block_time = DELIVERED + 5000
        assert package.delivery is not None
        receipt = replace(package.delivery.receipt, meter_by=DELIVERED + 100_000)
        bent = replace(package, delivery=replace(package.delivery, receipt=receipt))
        assert failing(here.verify(bent)) == [8]

    def test_a_receipt_from_the_end_of_time(self) -> None:
        here = region()
        package = here.honest()
        assert package.delivery is not None
        for time in (2**40 - 1, 0):
            receipt = replace(package.delivery.receipt, delivered_at=time, meter_by=time)
            bent = replace(package, delivery=replace(package.delivery, receipt=receipt))
            assert 8 in failing(here.verify(bent))

    def test_a_promise_that_somebody_else_signed(self) -> None:
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=False)
        assert package.delivery is not None
        forged = replace(package.delivery, receipt_signature=signed(package.delivery.receipt, BANK_KEY))
        verdict = here.verify(replace(package, delivery=forged))
        assert failing(verdict) == [8]
        assert outcome(verdict, 9) is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize("meter", [True, False])
    @pytest.mark.parametrize("name", ["request_signature", "receipt_signature"])
    @pytest.mark.parametrize("how", ["by another key", "empty", "in the upper half", "65 bytes", "short"])
    def test_a_signature_that_does_not_hold(self, meter: bool, name: str, how: str) -> None:
        """Also when metered: the ledger holds what was signed, and not the signatures that it was shown."""
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=meter)
        assert package.delivery is not None
        good = getattr(package.delivery, name)
        bad = {
            "by another key": signed(package.delivery.request, ENTERPRISE_KEY),
            "empty": bytes(64),
            "in the upper half": upper_half(good),
            "65 bytes": good[:32] + bytes([good[32] & 0x7F]) + good[33:] + bytes([27 + (good[32] >> 7)]),
            "short": good[:63],
        }[how]
        bent = replace(package, delivery=replace(package.delivery, **{name: bad}))
        assert failing(here.verify(bent)) == [8]

    @pytest.mark.parametrize("meter", [True, False])
    def test_a_wallet_contract_signs_no_receipt(self, meter: bool) -> None:
        """It could say tomorrow that it never did."""
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=meter)
        assert package.delivery is not None
        bent = replace(package, delivery=replace(package.delivery, receipt_signature=b"a wallet's own kind"))
        assert failing(here.verify(bent)) == [8]

    @pytest.mark.parametrize("meter", [True, False])
    @pytest.mark.parametrize(("side", "role"), [("institution", 2), ("provider", 4), ("provider", 5)])
    def test_a_side_that_had_another_role(self, meter: bool, side: str, role: int) -> None:
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=meter)
        seen = here.evidence(package).delivery
        other = replace(seen, **{side: replace(getattr(seen, side), role=role)})
        assert failing(here.verify(package, delivery=other)) == [8]

    def test_a_promise_of_a_node_that_was_suspended(self) -> None:
        here = region()
        here.block_time = DELIVERED + 60
        package = here.honest(meter=False)
        seen = replace(here.evidence(package).delivery, provider=MemberAt(2, False, None, None))
        assert failing(here.verify(package, delivery=seen)) == [8]

    def test_a_delivery_with_a_stolen_key(self) -> None:
        here = region()
        package = here.honest()
        here.members[PLATFORM] = with_stolen_key(here.members[PLATFORM], DELIVERED)
        acts_no_more = replace(here.evidence(package).delivery, provider=MemberAt(2, False, platform_address(), None))
        verdict = here.verify(package, delivery=acts_no_more)
        assert failing(verdict) == []
        assert outcome(verdict, 8) is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize(
        ("since", "expected"), [(DELIVERED + 1, Outcome.NOT_VERIFIED), (DELIVERED + 61, Outcome.PASSED)]
    )
    def test_a_delivery_dated_back_before_the_theft(self, since: int, expected: Outcome) -> None:
        """Its time is its signer's word until the ledger has it, here a minute later."""
        here = region()
        package = here.honest()
        here.members[BANK] = with_stolen_key(here.members[BANK], since)
        assert outcome(here.verify(package), 8) is expected

    def test_a_nonce_that_another_request_used(self) -> None:
        here = region()
        first = here.honest()
        assert first.delivery is not None
        changes = {"staff": keccak256(b"somebody else"), "nonce": first.delivery.request.nonce}
        second = here.deliver(here.assemble().package, first.consent, meter=False, **changes)
        assert failing(here.verify(first)) == []
        verdict = here.verify(second)
        assert failing(verdict) == [8]
        assert "nonce" in verdict.step(8).reason.en

    def test_a_delivery_handed_in_a_month_later(self) -> None:
        """It is on the ledger, flagged: when it was delivered is only the word of those who signed."""
        here = region()
        verdict = here.verify(here.honest(flags=int(MeterFlag.OLD | MeterFlag.LATE)))
        assert failing(verdict) == []
        assert outcome(verdict, 8) is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize(
        ("paused", "resumed", "flags", "failed"),
        [
            (DELIVERED - 60, None, 0, [7]),
            (DELIVERED - 60, DELIVERED, 0, []),
            (DELIVERED - 60, DELIVERED + 1, 0, [7]),
            (DELIVERED, None, 0, []),
            (DELIVERED, None, int(MeterFlag.PAUSED), [7]),
            (DELIVERED + 1, None, 0, []),
            (None, None, int(MeterFlag.PAUSED), [7]),
        ],
    )
    def test_a_paused_consent(self, paused: int | None, resumed: int | None, flags: int, failed: list[int]) -> None:
        here = region()
        consent = here.consents()
        for turn, time in enumerate((paused, resumed), 1):
            if time is not None:
                here.now = time - 60
                here.log(PauseBody(consent.message.id, int(Revoker.KEY), turn))
        assert failing(here.verify(here.deliver(here.assemble().package, consent, flags=flags))) == failed

    def test_a_region_without_a_ledger(self) -> None:
        here = region()
        verdict = here.verify(here.honest(), origin=replace(HERE, query_ledger=None))
        assert outcome(verdict, 8) is Outcome.NOT_VERIFIED
        assert verdict.status is Status.COULD_NOT_CHECK


class TestContent:
    def test_a_record_that_was_changed(self) -> None:
        here = region()
        package = here.honest()
        first = package.records[0]
        bent = replace(first, record=replace(first.record, salt=bytes(32)))
        verdict = here.verify(replace(package, records=(bent, *package.records[1:])))
        assert failing(verdict) == [3, 9]
        assert verdict.step(3).reason.en.startswith("1 of 10")

    def test_a_record_of_another_enterprise(self) -> None:
        here = region()
        package = here.honest()
        first = package.records[0]
        product = CATALOGUE["registry-basic/1"]
        bent = replace(
            first,
            record=replace(first.record, subject=OTHERS[0], content=content_of(product, OTHERS[0], "2023-06-30")),
        )
        assert 2 in failing(here.verify(replace(package, records=(bent, *package.records[1:]))))

    @pytest.mark.parametrize(
        ("bend", "words"),
        [
            (lambda value: value["data"].pop("hash"), "does not fit its product"),
            (lambda value: value["data"].update(hash="sha-256"), "does not fit its product"),
            (lambda value: value.update(section="basic"), "another section"),
            (lambda value: value.update(domain="registry"), "another domain"),
            (lambda value: value["subject"].update(number=OTHERS[0].number), "different subjects"),
        ],
    )
    def test_a_report_that_is_none(self, bend: Callable[[dict[str, Any]], object], words: str) -> None:
        here = region()
        package = here.assemble().package
        value = json.loads(package.report.content)
        bend(value)
        bent = replace(package, report=replace(package.report, content=canonical_bytes(value)))
        verdict = here.verify(delivered(here, bent))
        assert 2 in failing(verdict)
        assert words in verdict.step(2).reason.en

    @pytest.mark.parametrize(("day", "failed"), [("2025-06-15", []), ("2025-06-16", [2]), ("2099-12-31", [2])])
    def test_a_report_about_a_day_after_its_delivery(self, day: str, failed: list[int]) -> None:
        here = region()
        package = here.assemble(as_of=date.fromisoformat(day)).package
        assert failing(here.verify(delivered(here, package))) == failed

    def test_a_report_that_is_a_file(self) -> None:
        here = region()
        package = here.assemble().package
        bent = replace(package, report=replace(package.report, media_type="application/pdf"))
        assert 2 in failing(here.verify(delivered(here, bent)))

    @pytest.mark.parametrize(
        ("source", "days", "expected"),
        [
            # Registration needs no consent and is kept for ever.
            (REGISTRY, {"data_from": 2025_01_01}, (Outcome.PASSED, Outcome.PASSED)),
            # Power usage needs consent and is kept for three years from a day that a file does not tell.
            (POWER, {}, (Outcome.PASSED, Outcome.NOT_VERIFIED)),
            (POWER, {"data_from": 1900_01_02}, (Outcome.NOT_VERIFIED, Outcome.NOT_VERIFIED)),
            (POWER, {"data_to": 2025_06_14}, (Outcome.NOT_VERIFIED, Outcome.NOT_VERIFIED)),
        ],
    )
    def test_a_file_whose_day_is_not_known(
        self, source: int, days: dict[str, int], expected: tuple[Outcome, Outcome]
    ) -> None:
        here = region()
        package = here.assemble().package
        nodes = [one.node for one in shown(package)]
        place = nodes.index(source)
        file = replace(package.records[place], record=replace(package.records[place].record, media_type="text/plain"))
        pairs = zip(package.records, nodes, strict=True)
        kept = [one for one, node in pairs if node not in (POWER, TAX) and days] or [*package.records]
        records = (*(one for one in kept if one is not package.records[place]), file)
        verdict = here.verify(here.deliver(replace(package, records=records), here.consents(**days)))
        assert (outcome(verdict, 7), outcome(verdict, 10)) == expected

    def test_a_report_that_calls_itself_a_product_of_records(self) -> None:
        here = region()
        package = here.assemble().package
        value = json.loads(package.report.content) | {"product": "registry-basic/1"}
        bent = replace(package, report=replace(package.report, content=canonical_bytes(value)))
        verdict = here.verify(delivered(here, bent))
        assert 2 in failing(verdict)
        assert "product of records" in verdict.step(2).reason.en

    def test_retention(self) -> None:
        """Power usage is kept for three years."""
        here = Region()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2022-06-15", ""), (SUBJECT, "2022-06-14", "")])
        assembled = here.assemble()
        assert [one.why for one in assembled.left_out] == ["its retention is over"]
        here.end(POWER, assembled.left_out[0].leaf, Life.ERASED)
        assert here.verify(here.honest()).status is Status.VALID
        lapsed = Region(now=DELIVERED - 4 * 366 * 86_400)
        lapsed.publish(POWER, "power-usage/1", [(SUBJECT, "2021-05-31", "")])
        verdict = lapsed.verify(lapsed.honest(), Policy())
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["gone"] == {"lapsed": 1}
        shown = Region()
        shown.publish(POWER, "power-usage/1", [(SUBJECT, "2022-06-14", "")])
        package = shown.assemble(time=DELIVERED - 86_400 * 2).package
        assert failing(shown.verify(delivered(shown, package))) == [10]

    def test_kept_longer_than_consented_is_shown(self) -> None:
        here = region()
        package = here.honest()
        here.block_time = DELIVERED + 91 * 86_400
        verdict = here.verify(package)
        assert verdict.status is Status.VALID
        assert any("keep this until" in notice.en for notice in verdict.notices)

    def test_sections_and_domains_of_the_request(self) -> None:
        assert SECTIONS == 1 << Section.BASIC | 1 << Section.OPERATING
        assert domain_mask([Domain.REGISTRY, Domain.POWER, Domain.TAX]) == DOMAINS
