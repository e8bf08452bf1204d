"""Reports that show books: what an honest one needs, how far a verifier walks, and every attack by its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from report_world import (
    AUDITOR,
    DELIVERED,
    OTHER_AUDITOR,
    POWER,
    REGISTRY,
    SUBJECT,
    TAX,
    PackagedRange,
    Region,
    region,
    shown,
    unsettled,
    with_ranges,
    without,
    without_ranges,
)
from verification_world import with_stolen_key

from creditchain.documents import Section
from creditchain.hashing import keccak256
from creditchain.log.entries import AuditBody
from creditchain.log.facts import EntryPlace
from creditchain.log.publishing_cells import auditor_key
from creditchain.merkle import Leaf, prove_range
from creditchain.packages.parts import hexed
from creditchain.packages.report_package import Reads, ReportPackage, parse_report_package
from creditchain.reports import AssemblyError
from creditchain.verification.doubted import doubted_audit
from creditchain.verification.policy import Completeness, Policy
from creditchain.verification.verdict import Outcome, Status, Verdict, WeaknessKind
from creditchain.vocabulary import Life

YEAR = 366 * 86_400


def delivered(here: Region, package: ReportPackage) -> ReportPackage:
    return here.deliver(package, here.consents())


def reason(verdict: Verdict, number: int) -> str:
    return verdict.step(number).reason.en


def booked() -> Region:
    """The region with an audited book of every node and key epoch."""
    here = region()
    for node, epoch in ((REGISTRY, 1), (POWER, 1), (TAX, 1), (POWER, 2), (TAX, 2)):
        here.audit_book(node, epoch)
    return here


def batch_of(here: Region, node: int, epoch: int = 1) -> bytes:
    """The root of the first batch of a node under an epoch."""
    return next(key[1] for key, one in here.anchors.items() if key[0] == node and one.key_epoch == epoch)


def hide(here: Region, leaves: list[Leaf]) -> None:
    """Launder the subject's leaves out of a book, which the chain allows only if others take their place."""
    tags = {one.leaf.tag for batch in here.batches.values() for one in batch.documents if _is_of_subject(one)}
    kept = [leaf for leaf in leaves if leaf.tag not in tags]
    others = [Leaf(keccak256(bytes([at])), 1, 17, bytes(32)) for at in range(len(leaves) - len(kept))]
    leaves[:] = sorted((*kept, *others))


def _is_of_subject(document: Any) -> bool:
    return SUBJECT.number.encode() in document.content


class TestHonest:
    def test_the_last_audited_books_are_enough(self) -> None:
        here = booked()
        package = here.honest()
        verdict = here.verify(package)
        assert verdict.status is Status.VALID
        assert verdict.weaknesses == ()
        details = verdict.step(9).details
        assert (details["books"], details["batches"], details["publishers"], details["records"]) == (5, 0, 3, 10)
        assert parse_report_package(package.to_json()) == package

    def test_and_each_batch_since(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (5, 1)
        assert [one.kind for one in verdict.weaknesses] == [WeaknessKind.UNAUDITED]
        strict = Policy(completeness=Completeness(audited=True))
        assert unsettled(here.verify(here.honest(), strict)) == {9: "not verified"}

    def test_one_range_shows_neighbouring_sections(self) -> None:
        package = booked().assemble().package
        assert {one.sections for one in package.ranges} == {(Section.BASIC, Section.OPERATING)}

    def test_no_range_shows_a_section_that_nobody_asked_for(self) -> None:
        """Otherwise a bank would learn that there are warnings, for which it has no consent."""
        package = booked().assemble().package
        assert all(leaf.section <= Section.OPERATING for one in package.ranges for leaf in one.proof.leaves)

    def test_records_of_other_products_in_a_book_are_nobodys_business(self) -> None:
        """The tax office also publishes arrears, in a section that was not asked for."""
        here = booked()
        assert {one.record.product for one in shown(here.assemble().package) if one.node == TAX} == {21}

    def test_a_verifier_asks_once_and_walks_no_further_than_the_books(self) -> None:
        """However many batches came before: here nothing of them is asked for, and all else comes at once."""
        here = booked()
        package = here.honest()
        facts = here.facts()
        facts.expect((), package.named_entries)
        seen = here._evidence(package, facts)
        assert here.verify(package, shelves=seen.shelves).status is Status.VALID
        batches = {one.entry for one in here.anchors.values()}
        assert not batches & {one for one in facts.known if isinstance(one, int)}

    def test_a_book_that_nobody_audited_yet_is_passed_over(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        here.enter_book(POWER, 2)
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-06-28", "")], epoch=2)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (5, 2)

    def test_an_audit_that_came_later_changes_nothing(self) -> None:
        """The report was assembled when the book was entered, and not audited yet."""
        here = region()
        book = here.enter_book(POWER, 1)
        package = here.honest()
        assert here.verify(package).status is Status.VALID
        here.attest(book)
        assert here.verify(package).status is Status.VALID

    def test_a_newer_audited_book_changes_nothing(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        package = here.honest()
        here.audit_book(POWER, 2)
        assert here.verify(package).status is Status.VALID

    def test_batches_and_an_audited_book_after_the_report_change_nothing(self) -> None:
        """The package cannot name what was published after it; each day brings more of it."""
        here = booked()
        package = here.honest()
        for month in (4, 5):
            here.publish(POWER, "power-usage/1", [(SUBJECT, f"2025-0{month}-28", "")], epoch=2)
            here.audit_book(POWER, 2)
        verdict = here.verify(package)
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (5, 0)

    def test_an_audited_book_between_assembly_and_delivery_changes_nothing(self) -> None:
        here = booked()
        package = here.assemble().package
        here.now = DELIVERED - 500
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2025-04-28", "")], epoch=2)
        here.audit_book(POWER, 2)
        verdict = here.verify(here.deliver(package, here.consents()))
        assert verdict.status is Status.VALID

    def test_books_of_another_time_than_the_policy_asks_about(self) -> None:
        here = booked()
        first = here.publish(POWER, "power-usage/1", [], epoch=2)
        policy = Policy(completeness=Completeness(first_entry=here.anchors[POWER, first].entry))
        verdict = here.verify(here.honest(), policy)
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (0, 1)


class TestLaundering:
    def test_a_book_that_launders_a_leaf_away_is_not_audited_and_shows_nothing(self) -> None:
        """It is cited as if it were audited, so the batches before it are not shown."""
        here = region()
        package = here.assemble().package
        batch = here.anchors[REGISTRY, batch_of(here, REGISTRY)].entry
        book = here.enter_book(REGISTRY, 1, bend=lambda leaves: hide(here, leaves))
        clean = self.citing(here, without(package, lambda one: one.node == REGISTRY), batch, book)
        verdict = here.verify(delivered(here, clean))
        assert unsettled(verdict) == {9: "failed"}
        assert reason(verdict, 9).endswith("node 7, key epoch 1, registry-basic/1, batch 1, basic: no range proof")

    def citing(self, here: Region, package: ReportPackage, batch: int, book: int) -> ReportPackage:
        """The package with a book in place of a batch, which is named and not shown."""

        def bend(one: PackagedRange) -> PackagedRange:
            if one.place.index != batch:
                return one
            body = here.entry_body(book)
            folder = here.books[body.node, body.root]
            proof = prove_range(folder.tree, folder.leaves, package.tags[0].tag.subject_tag, (1, 2))
            sections = (Section.BASIC, Section.OPERATING)
            return replace(one, place=EntryPlace(book, 100 + book), sections=sections, proof=proof)

        reads = Reads(entries=(*package.reads.entries, EntryPlace(batch, 100 + batch)))
        return replace(with_ranges(package, bend), reads=reads)

    def test_records_in_a_book_that_nobody_audited(self) -> None:
        here = region()
        package = here.assemble().package
        batch = here.anchors[REGISTRY, batch_of(here, REGISTRY)].entry
        book = here.enter_book(REGISTRY, 1)
        verdict = here.verify(delivered(here, self.citing(here, package, batch, book)))
        assert unsettled(verdict) == {5: "not verified", 9: "failed"}
        assert reason(verdict, 5).endswith("no audit says that this book is exactly the batches before it")

    def test_a_book_that_was_audited_by_mistake_and_broken(self) -> None:
        here = region()
        book = here.enter_book(REGISTRY, 1, bend=lambda leaves: hide(here, leaves))
        here.attest(book)
        package = here.honest()
        assert here.verify(package).status is Status.VALID
        here.break_book(book)
        verdict = here.verify(package)
        assert unsettled(verdict) == {9: "not verified"}
        assert "it was broken or annulled since it was audited" in reason(verdict, 9)

    def test_a_book_that_was_broken_is_replaced_by_the_one_before_it(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        book = here.audit_book(POWER, 2)
        here.break_book(book)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (5, 1)

    def test_records_of_a_book_that_was_broken_since(self) -> None:
        here = booked()
        package = here.honest()
        here.break_book(next(one.place.index for one in package.ranges if one.node == REGISTRY))
        assert unsettled(here.verify(package)) == {5: "failed", 9: "not verified"}

    def test_a_book_of_somebody_else(self) -> None:
        here = booked()
        package = here.assemble().package
        theirs = next(one for one in package.ranges if one.node == TAX and one.key_epoch == 1)

        def bend(one: PackagedRange) -> PackagedRange:
            return replace(one, place=theirs.place, proof=theirs.proof) if one.node == REGISTRY else one

        forged = with_ranges(without(package, lambda one: one.node == REGISTRY), bend)
        book = next(one.place for one in package.ranges if one.node == REGISTRY)
        kept = tuple(one for one in forged.ranges if one != theirs)
        forged = replace(forged, reads=Reads(entries=(*forged.reads.entries, book)))
        assert len(kept) == len(forged.ranges) - 1
        verdict = here.verify(delivered(here, forged))
        assert unsettled(verdict) == {9: "failed"}

    def test_an_entry_that_is_no_book(self) -> None:
        here = booked()
        package = here.honest()
        bent = with_ranges(package, lambda one: replace(one, place=EntryPlace(0, 100)) if one.node == TAX else one)
        bent = replace(bent, ranges=tuple(one for one in bent.ranges if one.key_epoch == 1 or one.node != TAX))
        records = tuple(one for one in bent.records if one.range < len(bent.ranges))
        verdict = here.verify(replace(bent, records=records))
        assert verdict.step(9).outcome is Outcome.FAILED

    def test_an_entry_beyond_the_log(self) -> None:
        here = booked()
        bent = with_ranges(
            here.honest(), lambda one: replace(one, place=EntryPlace(9_999, 1)) if one.node == REGISTRY else one
        )
        found = unsettled(here.verify(bent))
        assert found == {2: "not verified", **dict.fromkeys((3, 5, 6, 10), "not verified"), 4: "pending", 9: "failed"}


class TestSpoiled:
    def test_a_stolen_batch_inside_a_book(self) -> None:
        """Governors learn of the theft after the audit. Nothing tells the thief's records from the others."""
        here = booked()
        stolen = here.anchors[POWER, batch_of(here, POWER)].time
        here.members[POWER] = with_stolen_key(here.members[POWER], stolen, stolen)
        verdict = here.verify(here.honest())
        assert unsettled(verdict) == {5: "not verified", 9: "not verified"}
        assert "it holds a batch that was anchored with a compromised key" in reason(verdict, 9)

    @pytest.mark.parametrize("shift", [-1, 1])
    def test_a_theft_in_whose_time_nothing_was_anchored(self, shift: int) -> None:
        """Its batches are walked back to before the theft."""
        here = booked()
        anchored = here.anchors[POWER, batch_of(here, POWER)].time
        here.members[POWER] = with_stolen_key(here.members[POWER], anchored + shift, anchored + shift)
        assert here.verify(here.honest()).status is Status.VALID

    def test_a_theft_of_whose_time_the_package_names_nothing(self) -> None:
        here = booked()
        package = here.honest()
        anchored = here.anchors[POWER, batch_of(here, POWER)].time
        here.members[POWER] = with_stolen_key(here.members[POWER], anchored + 1, anchored + 1)
        verdict = here.verify(package)
        assert unsettled(verdict) == {5: "not verified", 9: "not verified"}
        assert "anchored with a compromised key: entry 5 is not named" in reason(verdict, 9)

    def test_a_stolen_batch_that_was_annulled_before_the_book(self) -> None:
        here = region()
        root = batch_of(here, POWER)
        stolen = here.anchors[POWER, root].time
        here.members[POWER] = with_stolen_key(here.members[POWER], stolen, stolen)
        here.annul(POWER, root)
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-01-28", "AGAIN")])
        book = here.enter_book(POWER, 1)
        here.attest(book)
        verdict = here.verify(here.honest())
        assert unsettled(verdict) == {9: "not verified"}
        assert "no audit found that what was broken or annulled before it is published again" in reason(verdict, 9)
        here.audit_book(POWER, 1, restored=True)
        assert here.verify(here.honest()).status is Status.VALID

    def test_a_book_that_was_entered_with_a_stolen_key(self) -> None:
        here = booked()
        package = here.honest()
        entry = next(one.place.index for one in package.ranges if one.node == REGISTRY)
        time = here.entries[entry].time
        here.members[REGISTRY] = with_stolen_key(here.members[REGISTRY], time, time)
        assert unsettled(here.verify(here.honest())) == {5: "not verified", 9: "not verified"}

    @pytest.mark.parametrize("how", ["spoil", "annul"])
    def test_a_batch_that_was_broken_or_annulled_after_its_book(self, how: str) -> None:
        """The book holds its leaves, and does not say which they are."""
        here = booked()
        package = here.honest()
        getattr(here, how)(POWER, batch_of(here, POWER))
        for verdict in (here.verify(package), here.verify(here.honest())):
            assert unsettled(verdict) == {5: "not verified", 9: "not verified"}
            assert "it holds leaves of a batch that was broken or annulled since" in reason(verdict, 9)

    def test_a_batch_after_the_book_that_was_broken_leaves_the_book_sound(self) -> None:
        here = booked()
        root = here.publish(POWER, "power-usage/1", [], epoch=2)
        here.spoil(POWER, root)
        verdict = here.verify(here.honest())
        assert unsettled(verdict) == {9: "not verified"}
        assert "the batch was broken or annulled" in reason(verdict, 9)
        here.audit_book(POWER, 2, restored=True)
        assert here.verify(here.honest()).status is Status.VALID

    def test_a_closed_node_shows_the_book_before_it_was_closed(self) -> None:
        here = booked()
        first = here.publish(TAX, "tax-payment/1", [], epoch=2)
        here.audit_book(TAX, 2)
        here.close(TAX, here.anchors[TAX, first].entry)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert [one.details for one in verdict.weaknesses] == [{"nodes": [TAX], "batches": 1}]
        assert verdict.step(9).details["books"] == 5


class TestStolenAudits:
    """The key with which a regulator attested an audit turns out to have been in other hands then."""

    def test_an_audit_by_a_stolen_key(self) -> None:
        """The thief attests a book that launders a record away. Once the theft is declared, the book shows nothing."""
        here = region()
        theft = here.now
        book = here.enter_book(REGISTRY, 1, bend=lambda leaves: hide(here, leaves))
        here.attest(book)
        package = here.honest()
        assert here.verify(package).status is Status.VALID
        here.steal(AUDITOR, theft)
        verdict = here.verify(package)
        assert unsettled(verdict) == {9: "not verified"}
        assert reason(verdict, 9).endswith(f"published cannot be shown (entry {book}): {doubted_audit(book).en}")
        assert verdict.step(9).reason.zh.endswith(doubted_audit(book).zh)

    def test_records_of_a_book_that_a_thief_audited(self) -> None:
        here = booked()
        package = here.honest()
        book = next(one.place.index for one in package.ranges if one.node == REGISTRY)
        here.steal(AUDITOR, DELIVERED - YEAR)
        verdict = here.verify(package)
        assert unsettled(verdict) == {5: "not verified", 9: "not verified"}
        assert reason(verdict, 5).endswith(doubted_audit(book).en)

    def test_another_regulator_audits_it_anew(self) -> None:
        here = booked()
        package = here.honest()
        here.steal(AUDITOR, DELIVERED - YEAR)
        for book in {one.place.index for one in package.ranges}:
            here.attest(book, by=OTHER_AUDITOR)
        assert here.verify(package).status is Status.VALID
        assert here.verify(here.honest()).step(9).details["books"] == 5

    @pytest.mark.parametrize(("since", "until", "status"), [
        (0, 0, Status.COULD_NOT_CHECK),
        (1, 0, Status.VALID),
        (-9, 0, Status.COULD_NOT_CHECK),
        (-9, -1, Status.VALID),
    ])  # fmt: skip
    def test_the_second_of_the_audit_decides(self, since: int, until: int, status: Status) -> None:
        here = booked()
        package = here.honest()
        book = here.enter_book(POWER, 2)
        here.attest(book, by=OTHER_AUDITOR)
        attested = here.now
        package = here.deliver(here.assemble().package, here.consents())
        here.steal(OTHER_AUDITOR, attested + since, until and attested + until)
        assert here.verify(package).status is status

    def test_a_thief_with_the_key_of_somebody_else_changes_nothing(self) -> None:
        here = booked()
        here.steal(OTHER_AUDITOR, DELIVERED - YEAR)
        assert here.verify(here.honest()).status is Status.VALID

    def test_a_book_of_which_nobody_says_who_audited_it(self) -> None:
        here = booked()
        package = here.honest()
        book = next(one.place.index for one in package.ranges if one.node == REGISTRY)
        here.log(AuditBody(1, REGISTRY, 1, book, False, bytes(32)), writes={auditor_key(book): 0})
        assert unsettled(here.verify(package)) == {5: "not verified", 9: "not verified"}

    def test_the_book_before_it_is_shown_instead(self) -> None:
        """With each batch since, as before anybody audited the later one."""
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        theft = here.now
        here.audit_book(POWER, 2)
        assert here.verify(here.honest()).step(9).details["batches"] == 0
        here.steal(AUDITOR, theft)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert (verdict.step(9).details["books"], verdict.step(9).details["batches"]) == (5, 1)

    def test_all_books_back_to_the_last_that_nobody_doubts_are_passed_over(self) -> None:
        here = booked()
        theft = here.now + 1
        for day in ("2024-05-28", "2024-06-28"):
            here.publish(POWER, "power-usage/1", [(SUBJECT, day, "")], epoch=2)
            here.audit_book(POWER, 2)
        here.steal(AUDITOR, theft)
        details = here.verify(here.honest()).step(9).details
        assert (details["books"], details["batches"], details["audited"]) == (5, 2, 0)

    def test_without_a_book_that_nobody_doubts_all_batches_are_shown(self) -> None:
        here = booked()
        here.steal(AUDITOR, DELIVERED - YEAR)
        verdict = here.verify(here.honest())
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["books"] == 0

    def test_a_batch_that_is_missing_now_is_named_with_the_reason(self) -> None:
        here = booked()
        root = here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        theft = here.now
        book = here.audit_book(POWER, 2)
        here.steal(AUDITOR, theft)
        batches = {key: one for key, one in here.batches.items() if key != (POWER, root)}
        with pytest.raises(AssemblyError) as refused:
            here.assemble(batches)
        assert hexed(root) in str(refused.value.found)
        assert str(refused.value.hint).endswith(f"Newer books do not stand in for them: {doubted_audit(book).en}.")

    def test_what_was_broken_is_published_again_as_a_thief_says(self) -> None:
        here = booked()
        root = here.publish(POWER, "power-usage/1", [], epoch=2)
        here.spoil(POWER, root)
        theft = here.now
        book = here.audit_book(POWER, 2, restored=True)
        package = here.honest()
        assert here.verify(package).status is Status.VALID
        here.steal(AUDITOR, theft)
        assert unsettled(here.verify(package)) == {5: "not verified", 9: "not verified"}
        verdict = here.verify(here.honest())
        assert unsettled(verdict) == {9: "not verified"}
        assert reason(verdict, 9).endswith(f"the batch was broken or annulled; {doubted_audit(book).en}")

    def test_a_batch_that_a_thief_audited_is_not_audited(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        theft = here.now
        book = here.audit_book(POWER, 2)
        here.steal(AUDITOR, theft)
        package = here.honest()
        weak = here.verify(package).weaknesses
        assert {one.kind for one in weak} == {WeaknessKind.UNAUDITED}
        assert any(one.details.get("doubted_books") == [book] for one in weak)
        why = doubted_audit(book).en
        assert all(one.text.en.endswith(why) for one in weak)
        verdict = here.verify(package, Policy(audited=True, completeness=Completeness(audited=True)))
        assert unsettled(verdict) == {5: "not verified", 9: "not verified"}
        assert reason(verdict, 5).endswith(why)
        assert reason(verdict, 9) == f"a batch in scope has not been audited; {why}"


class TestLeftOut:
    def test_a_record_of_a_book(self) -> None:
        here = booked()
        gone = without(
            here.assemble().package, lambda one: one.node == REGISTRY and b"2023-06-30" in one.record.content
        )
        verdict = here.verify(delivered(here, gone))
        assert unsettled(verdict) == {9: "failed"}
        assert "a record was left out: node 7, key epoch 1, the book of entry" in reason(verdict, 9)

    def test_a_book(self) -> None:
        here = booked()
        package = here.assemble().package
        less = without_ranges(package, lambda one: one.node == REGISTRY)
        book = next(one.place for one in package.ranges if one.node == REGISTRY)
        verdict = here.verify(delivered(here, less))
        assert unsettled(verdict) == {9: "failed"}
        assert f"node {REGISTRY}: entry {book.index} is neither shown nor named" in reason(verdict, 9)
        named = replace(less, reads=Reads(entries=(book,)))
        verdict = here.verify(delivered(here, named))
        assert unsettled(verdict) == {9: "failed"}
        assert f"the book of entry {book.index}, basic: no range proof" in reason(verdict, 9)

    def test_a_section_of_a_book(self) -> None:
        here = booked()
        package = without(here.assemble().package, lambda one: one.record.section is Section.OPERATING)

        def bend(one: PackagedRange) -> PackagedRange:
            book = next(
                book for book in here.books.values() if book.manifest.root == here.entry_body(one.place.index).root
            )
            tag = next(tag.tag.subject_tag for tag in package.tags if tag.key_epoch == one.key_epoch)
            only = prove_range(book.tree, book.leaves, tag, int(Section.BASIC))
            return replace(one, sections=(Section.BASIC, Section.BASIC), proof=only)

        verdict = here.verify(delivered(here, with_ranges(package, bend)))
        assert unsettled(verdict) == {9: "failed"}
        assert "operating: no range proof" in reason(verdict, 9)

    def test_a_range_that_says_more_sections_than_it_shows(self) -> None:
        here = booked()
        package = here.assemble().package

        def bend(one: PackagedRange) -> PackagedRange:
            return replace(one, sections=(Section.BASIC, Section.ENHANCEMENT)) if one.node == TAX else one

        verdict = here.verify(delivered(here, with_ranges(package, bend)))
        # Whoever has no record in these sections has shown that.
        assert unsettled(verdict) == {}

    def test_a_batch_after_the_book(self) -> None:
        here = booked()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
        package = here.assemble().package
        newest = max(one.place.index for one in package.ranges)
        verdict = here.verify(delivered(here, without_ranges(package, lambda one: one.place.index == newest)))
        assert unsettled(verdict) == {9: "failed"}
        assert "power-usage/1, batch 2, operating: no range proof" in reason(verdict, 9)

    def test_a_superseded_record_of_a_book_whose_successor_is_left_out(self) -> None:
        here = booked()
        root = batch_of(here, REGISTRY)
        before, after = (here.leaf(REGISTRY, root, day) for day in ("2023-06-30", "2024-06-30"))
        here.end(REGISTRY, before, Life.SUPERSEDED, after)
        package = here.assemble().package
        assert here.verify(delivered(here, package)).status is Status.VALID
        less = without(package, lambda one: b"2024-06-30" in one.record.content and one.node == REGISTRY)
        verdict = here.verify(delivered(here, less))
        assert unsettled(verdict) == {9: "failed"}
        assert len(verdict.step(9).details["left_out"]) == 2

    def test_a_package_that_names_nothing_has_nobody_walk_through_history(self) -> None:
        here = region()
        package = replace(without_ranges(here.assemble().package, lambda one: True), reads=Reads())
        package = delivered(here, package)
        facts = here.facts()
        verdict = here.verify(package, shelves=here._evidence(package, facts).shelves)
        assert unsettled(verdict)[9] == "failed"
        assert {one for one in facts.known if isinstance(one, int)} == {
            max(one.entry for place, one in here.anchors.items() if place[0] == node and one.key_epoch == epoch)
            for node, epoch in ((REGISTRY, 1), (POWER, 1), (TAX, 1), (POWER, 2), (TAX, 2))
        }

    def test_a_record_that_no_range_opens(self) -> None:
        here = booked()
        package = here.assemble().package
        other = next(at for at, one in enumerate(package.ranges) if one.node == TAX)
        first = replace(package.records[0], range=other)
        verdict = here.verify(delivered(here, replace(package, records=(first, *package.records[1:]))))
        assert unsettled(verdict)[3] == "failed"
        assert unsettled(verdict)[9] == "failed"


class TestLapsed:
    """A leaf of a book does not say when it was published; the batch it came with does."""

    def world(self) -> tuple[Region, ReportPackage]:
        here = Region(now=DELIVERED - 4 * YEAR)
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2021-05-31", "")])
        here.now = DELIVERED - YEAR
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-31", "")])
        here.audit_book(POWER, 1)
        made = here.assemble()
        assert [(one.why, one.excused) for one in made.left_out] == [("lapsed", True)]
        return here, made.package

    def test_its_batch_is_shown(self) -> None:
        here, package = self.world()
        assert len(package.origins) == 1
        verdict = here.verify(delivered(here, package))
        assert verdict.status is Status.VALID
        assert verdict.step(9).details["gone"] == {"lapsed": 1}

    def test_without_it_the_record_is_left_out(self) -> None:
        here, package = self.world()
        assert unsettled(here.verify(delivered(here, replace(package, origins=())))) == {9: "failed"}

    @pytest.mark.parametrize("change", ["index", "entry", "node", "leaf"])
    def test_another_batch_or_leaf_excuses_nothing(self, change: str) -> None:
        here, package = self.world()
        (origin,) = package.origins
        other = max(one.entry for one in here.anchors.values())
        bent = {
            "index": replace(origin, index=origin.index + 1),
            "entry": replace(origin, place=EntryPlace(other, 100 + other)),
            "node": replace(origin, node=TAX),
            "leaf": replace(origin, leaf=bytes(32)),
        }[change]
        assert unsettled(here.verify(delivered(here, replace(package, origins=(bent,))))) == {9: "failed"}
