"""An honest record is valid; every lie in a package, and everything that can happen later, has its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from verification_world import (
    ANCHORED_AT,
    CATALOGUE,
    HOST,
    ISSUED_AT,
    NOW,
    ORIGIN,
    PLATFORM,
    PRODUCT,
    SOURCE,
    TAG_KEY,
    anchor_entry,
    anchored,
    launched,
    node,
    platform_address,
    record_state,
    sign_statement,
    signer,
    with_stolen_key,
    world,
)

from creditchain.documents import Section
from creditchain.errors import ExitCode
from creditchain.hashing import keccak256
from creditchain.identifiers import parse_subject, parse_uscc, subject_tag
from creditchain.log.entries import AnchorBody
from creditchain.log.facts import Basis
from creditchain.log.views import Compromise, LaunchedProduct, MemberAt
from creditchain.merkle import MemoryTree, inclusion_proof, node_hash
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.evidence import NOT_ASKED, Evidence, Missing, NodeHistory
from creditchain.verification.policy import Policy, UnsafePolicy
from creditchain.verification.steps import leaf_of, verify_record
from creditchain.verification.subject import TagKey, signer_of
from creditchain.verification.verdict import Outcome, Source, Status, Text, Verdict
from creditchain.vocabulary import ProductState

OTHER = parse_uscc("91330100799655058B")
PDF = "application/pdf"


def verify(package: RecordPackage | None = None, evidence: Evidence | None = None, **options: Any) -> Verdict:
    """Verify under the default policy; whatever is not given is honest."""
    honest = world()
    return verify_record(package or honest.package, evidence or honest.evidence, catalogue=CATALOGUE, **options)


def with_record(**changes: Any) -> RecordPackage:
    """The honest package with another record."""
    package = world().package
    return replace(package, record=replace(package.record, **changes))


def with_batch(**changes: Any) -> RecordPackage:
    """The honest package with another batch."""
    package = world().package
    return replace(package, batch=replace(package.batch, **changes))


def with_tag(**changes: Any) -> RecordPackage:
    """The honest package with another tag."""
    package = world().package
    return replace(package, tag=replace(package.tag, **changes))


def with_evidence(**changes: Any) -> Evidence:
    """The honest evidence with something else."""
    return replace(world().evidence, **changes)


def with_anchor(**changes: Any) -> Evidence:
    """The honest evidence with another anchor."""
    return with_evidence(anchor=replace(world().evidence.anchor, **changes))


def signed_by(member: NodeHistory | None, address: str | None = None) -> Evidence:
    """The honest evidence with another signer of the statement."""
    return with_evidence(signer=signer(member, address))


def test_an_honest_record_is_valid() -> None:
    verdict = verify()
    assert verdict.status is Status.VALID
    assert verdict.status.exit_code is ExitCode.OK
    assert [step.number for step in verdict.steps] == list(range(1, 12))
    assert [step.outcome for step in verdict.steps] == [Outcome.PASSED] * 6 + [Outcome.NOT_APPLICABLE] * 5
    assert all(step.reason.en and step.reason.zh and step.name.zh for step in verdict.steps)


@pytest.mark.parametrize("position", range(9))
def test_each_record_of_the_batch_is_valid(position: int) -> None:
    honest = world(position=position)
    assert verify(honest.package, honest.evidence).status is Status.VALID


def test_a_file_is_valid() -> None:
    honest = world(PDF)
    assert verify(honest.package, honest.evidence).status is Status.VALID


def flipped(value: bytes, place: int) -> bytes:
    return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]


class TestTamperedRecord:
    """The package shows something other than what was anchored."""

    @pytest.mark.parametrize("place", range(32))
    def test_salt(self, place: int) -> None:
        verdict = verify(with_record(salt=flipped(world().package.record.salt, place)))
        assert (verdict.status, verdict.failed[0].number) == (Status.NOT_VALID, 3)

    def test_each_byte_of_the_content(self) -> None:
        content = world().package.record.content
        for place in range(len(content)):
            assert verify(with_record(content=flipped(content, place))).status is Status.NOT_VALID

    def test_each_byte_of_a_file(self) -> None:
        honest = world(PDF)
        content = honest.package.record.content
        for place in range(len(content)):
            record = replace(honest.package.record, content=flipped(content, place))
            verdict = verify(replace(honest.package, record=record), honest.evidence)
            assert (verdict.status, verdict.failed[0].number) == (Status.NOT_VALID, 3)

    def test_a_number_becomes_text(self) -> None:
        content = world().package.record.content.replace(b":320100", b':"320100"')
        assert [step.number for step in verify(with_record(content=content)).failed] == [2, 3]

    def test_section(self) -> None:
        assert [step.number for step in verify(with_record(section=Section.ASSET)).failed] == [2, 3]

    def test_section_of_a_file(self) -> None:
        honest = world(PDF)
        record = replace(honest.package.record, section=Section.ASSET)
        verdict = verify(replace(honest.package, record=record), honest.evidence)
        assert [step.number for step in verdict.failed] == [2, 3]

    def test_media_type(self) -> None:
        honest = world(PDF)
        record = replace(honest.package.record, media_type="image/png")
        assert verify(replace(honest.package, record=record), honest.evidence).failed[0].number == 3

    def test_json_posing_as_a_file(self) -> None:
        """The document's own checks are skipped for a file; the media type is part of the leaf."""
        assert verify(with_record(media_type=PDF)).failed[0].number == 3

    def test_subject(self) -> None:
        assert verify(with_record(subject=OTHER)).failed[0].number == 2

    def test_subject_of_a_file(self) -> None:
        honest = world(PDF)
        record = replace(honest.package.record, subject=OTHER)
        assert verify(replace(honest.package, record=record), honest.evidence).failed[0].number == 2

    def test_content_that_is_no_document(self) -> None:
        verdict = verify(with_record(content=b'{"a":1}'))
        assert [step.number for step in verdict.failed] == [2, 3]


class TestTamperedInclusion:
    """Step 3 takes root and size from the anchor, the leaf from what is shown."""

    @pytest.mark.parametrize("index", [0, 3, 5, 8, 9, 2**53 - 1])
    def test_wrong_index(self, index: int) -> None:
        verdict = verify(with_batch(index=index))
        assert (verdict.status, verdict.failed[0].number) == (Status.NOT_VALID, 3)

    @pytest.mark.parametrize("size", [1, 5, 8, 10, 2**40])
    def test_wrong_size(self, size: int) -> None:
        verdict = verify(with_batch(size=size))
        assert verdict.failed[0].number == 3
        assert verdict.step(3).details == {"expected": 9, "found": size}

    def test_each_byte_of_the_path(self) -> None:
        proof = world().package.batch.proof
        for level, sibling in enumerate(proof):
            for place in range(32):
                bent = (*proof[:level], flipped(sibling, place), *proof[level + 1 :])
                assert verify(with_batch(proof=bent)).failed[0].number == 3

    @pytest.mark.parametrize(
        "bend",
        [
            lambda proof: proof[:-1],
            lambda proof: proof[1:],
            lambda _: (),
            lambda proof: (*proof, bytes(32)),
            lambda proof: (*proof, proof[-1]),
            lambda proof: (bytes(32), *proof),
            lambda proof: proof[::-1],
            lambda proof: (*proof, *[bytes(32)] * 60),
        ],
        ids=["no top", "no bottom", "empty", "zeros on top", "top twice", "zeros below", "upside down", "64 long"],
    )
    def test_truncated_or_padded_path(self, bend: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> None:
        verdict = verify(with_batch(proof=bend(world().package.batch.proof)))
        assert (verdict.status, verdict.failed[0].number) == (Status.NOT_VALID, 3)

    def test_an_inner_node_posing_as_a_leaf(self) -> None:
        """A file made of the two children of an inner node fails, because leaves have another prefix."""
        honest = world(PDF)
        hashes = honest.leaves
        tree = MemoryTree(hashes)
        upper = [node_hash(hashes[place], hashes[place + 1]) for place in range(0, 8, 2)] + [hashes[8]]
        for claimed_size in (5, 9):
            package = replace(
                honest.package,
                tag=replace(honest.package.tag, subject_tag=hashes[0], statement=None),
                batch=replace(honest.package.batch, index=0, size=claimed_size, proof=tuple(inclusion_proof(upper, 0))),
            )
            assert tree.node(1, 0) == upper[0]
            verdict = verify(package, honest.evidence, policy=Policy(tag_statement="optional"))
            assert verdict.step(3).outcome is Outcome.FAILED
            assert verdict.status is Status.NOT_VALID


class TestWrongChain:
    """The package cannot choose chain, contracts or hash."""

    @pytest.mark.parametrize(
        ("field", "value", "ours"),
        [
            ("chain_id", 1, ORIGIN.chain_id),
            ("log_id", keccak256(b"another log"), ORIGIN.log_id),
        ],
    )
    def test_names_what_was_expected_and_found(self, field: str, value: object, ours: object) -> None:
        verdict = verify(with_batch(**{field: value}))
        assert (verdict.status, [step.number for step in verdict.failed]) == (Status.NOT_VALID, [4])
        assert verdict.step(4).details == {"expected": ours, "found": value}

    def test_later_steps_say_nothing_about_another_record(self) -> None:
        """For a leaf in no batch, as for any 32 bytes, the chain answers "live". That must not count as a good sign."""
        verdict = verify(with_record(salt=bytes(32)), with_evidence(record=record_state(bytes(32))))
        assert verdict.step(6).outcome is Outcome.NOT_VERIFIED
        verdict = verify(with_batch(chain_id=1))
        assert [verdict.step(number).outcome for number in (5, 6)] == [Outcome.NOT_VERIFIED] * 2

    def test_no_anchor(self) -> None:
        verdict = verify(evidence=with_evidence(anchor=None))
        assert verdict.status is Status.NOT_VALID
        assert verdict.step(4).outcome is Outcome.FAILED
        assert verdict.step(3).outcome is Outcome.NOT_VERIFIED

    def test_anchor_not_final(self) -> None:
        verdict = verify(evidence=with_evidence(anchor=None, waiting_for_final=True))
        assert verdict.status is Status.COULD_NOT_CHECK
        assert verdict.step(4).outcome is Outcome.PENDING

    def test_confirmations(self) -> None:
        assert verify(policy=Policy(confirmations=20)).status is Status.VALID
        verdict = verify(policy=Policy(confirmations=21))
        assert (verdict.status, verdict.step(4).outcome) == (Status.COULD_NOT_CHECK, Outcome.PENDING)


class TestSubject:
    """Step 2: who vouches that this tag is this enterprise's."""

    def test_the_package_names_another_epoch(self) -> None:
        verdict = verify(with_batch(key_epoch=2))
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)

    def test_the_anchor_is_of_another_epoch(self) -> None:
        verdict = verify(evidence=with_anchor(key_epoch=2))
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)

    def test_the_statement_is_of_another_epoch(self) -> None:
        tag = world().package.tag.subject_tag
        statement = sign_statement(tag, world().package.record.subject, epoch=2)
        assert verify(with_tag(statement=statement)).step(2).outcome is Outcome.NOT_VERIFIED

    def test_no_statement(self) -> None:
        assert verify(with_tag(statement=None)).status is Status.COULD_NOT_CHECK

    def test_no_statement_and_the_policy_can_do_without(self) -> None:
        optional = Policy(tag_statement="optional")
        assert verify(with_tag(statement=None), policy=optional).status is Status.VALID
        honest = world(PDF)
        bare = replace(honest.package, tag=replace(honest.package.tag, statement=None))
        assert verify(bare, honest.evidence, policy=optional).step(2).outcome is Outcome.NOT_VERIFIED

    def test_a_bad_statement_counts_even_if_none_is_needed(self) -> None:
        statement = replace(world().package.tag.statement, signature=bytes(64))  # type: ignore[type-var]
        verdict = verify(with_tag(statement=statement), policy=Policy(tag_statement="optional"))
        assert verdict.step(2).outcome is Outcome.FAILED

    def test_the_statement_was_signed_for_another_log(self) -> None:
        """Its signature then gives another address here, which belongs to nobody."""
        subject, tag = world().package.record.subject, world().package.tag.subject_tag
        elsewhere = with_tag(statement=sign_statement(tag, subject, log_id=bytes(32)))
        assert elsewhere.tag.statement is not None
        address = signer_of(elsewhere.tag.statement, ORIGIN)
        assert address != platform_address()
        assert verify(elsewhere, signed_by(None, address)).step(2).outcome is Outcome.FAILED
        assert verify(elsewhere).status is Status.COULD_NOT_CHECK

    def test_high_s(self) -> None:
        """The other signature by the same key, as far as 64 bytes can say it: it recovers to another key."""
        statement = world().package.tag.statement
        assert statement is not None
        order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
        s = order - int.from_bytes(statement.signature[32:]) % 2**255
        malleable = statement.signature[:32] + s.to_bytes(32)
        bent = replace(statement, signature=malleable)
        assert signer_of(bent, ORIGIN) != platform_address()
        assert verify(with_tag(statement=bent)).step(2).outcome is not Outcome.PASSED

    def test_the_statement_is_about_another_tag(self) -> None:
        statement = sign_statement(bytes(32), world().package.record.subject)
        assert verify(with_tag(statement=statement)).step(2).outcome is Outcome.FAILED

    def test_the_statement_is_about_another_subject(self) -> None:
        statement = sign_statement(world().package.tag.subject_tag, OTHER)
        assert verify(with_tag(statement=statement)).step(2).outcome is Outcome.FAILED

    def test_signed_by_a_stranger(self) -> None:
        verdict = verify(evidence=signed_by(None))
        assert (verdict.status, verdict.step(2).outcome) == (Status.NOT_VALID, Outcome.FAILED)

    def test_signed_by_another_platform(self) -> None:
        other = node(5, 2, operator=platform_address())
        assert verify(evidence=signed_by(other)).step(2).details["found"] == 5

    @pytest.mark.parametrize("role", [1, 3, 4, 5])
    def test_signed_by_a_node_that_is_no_platform(self, role: int) -> None:
        assert verify(evidence=signed_by(node(PLATFORM, role, operator=platform_address()))).failed[0].number == 2

    def test_signed_by_a_platform_that_no_longer_acts(self) -> None:
        fallen = MemberAt(2, False, platform_address(), None)
        evidence = with_evidence(signer=signer(node(PLATFORM, 2, operator=platform_address()), now=fallen))
        assert verify(evidence=evidence).step(2).outcome is Outcome.FAILED

    @pytest.mark.parametrize(
        "then",
        [
            MemberAt(0, False, None, None),  # before the platform was admitted
            MemberAt(2, False, platform_address(), None),  # suspended then, reinstated since
            MemberAt(2, True, "0x" + "22" * 20, None),  # by a key that the platform did not have yet, or no longer
            MemberAt(2, True, None, platform_address()),  # by the key of its host
            MemberAt(4, True, platform_address(), None),  # no platform then
        ],
    )
    def test_who_was_no_platform_when_it_signed(self, then: MemberAt) -> None:
        """To be an active platform now is not enough."""
        evidence = with_evidence(signer=signer(node(PLATFORM, 2, operator=platform_address()), then=then))
        assert verify(evidence=evidence).step(2).outcome is Outcome.FAILED

    def test_a_statement_from_the_future(self) -> None:
        seen = replace(signer(node(PLATFORM, 2, operator=platform_address())), then=None)
        assert verify(evidence=with_evidence(signer=seen)).step(2).outcome is Outcome.NOT_VERIFIED

    def test_signed_by_an_earlier_key(self) -> None:
        rotated = node(PLATFORM, 2)
        after = MemberAt(2, True, rotated.info.operator, None)
        assert verify(evidence=with_evidence(signer=signer(rotated, now=after))).status is Status.VALID

    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (ISSUED_AT, 0, Outcome.NOT_VERIFIED),
            (ISSUED_AT - 9, ISSUED_AT, Outcome.NOT_VERIFIED),
            # The thief can date the statement back to any time before.
            (ISSUED_AT + 100, ISSUED_AT + 200, Outcome.NOT_VERIFIED),
            (ISSUED_AT - 9, ISSUED_AT - 1, Outcome.PASSED),
        ],
    )
    def test_a_key_that_was_stolen(self, since: int, until: int, expected: Outcome) -> None:
        stolen = with_stolen_key(node(PLATFORM, 2, operator=platform_address()), since, until)
        assert verify(evidence=signed_by(stolen)).step(2).outcome is expected

    def test_a_key_of_the_epoch_suffices(self) -> None:
        assert verify(with_tag(statement=None), tag_key=TagKey(TAG_KEY)).status is Status.VALID

    def test_a_key_of_another_epoch_decides_nothing(self) -> None:
        verdict = verify(with_tag(statement=None), tag_key=TagKey(bytes(32)))
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)

    def test_a_platform_that_lies_is_caught_by_the_key(self) -> None:
        """The platform vouches for a tag that is another enterprise's; only the key shows it."""
        honest = world(PDF)
        lie = sign_statement(honest.package.tag.subject_tag, OTHER)
        package = replace(
            honest.package,
            record=replace(honest.package.record, subject=OTHER),
            tag=replace(honest.package.tag, statement=lie),
        )
        assert subject_tag(TAG_KEY, OTHER) != package.tag.subject_tag
        assert verify(package, honest.evidence).status is Status.VALID
        assert verify(package, honest.evidence, tag_key=TagKey(TAG_KEY)).failed[0].number == 2


class TestProduct:
    """Step 2: what the record is, held against the product that its batch's log entry names."""

    def judged(self, **changes: object) -> Verdict:
        """The verdict if the publisher anchored documents with these members."""
        made = anchored(**changes)
        return verify(made.package, made.evidence)

    def declared(self, ref: str, **changes: object) -> Verdict:
        """The verdict if the batch had been anchored for another product."""
        made = anchored(**changes)
        entry = made.evidence.entry
        assert not isinstance(entry, Missing)
        assert isinstance(entry.body, AnchorBody)
        other, product = replace(entry.body, product=CATALOGUE[ref].number), launched(CATALOGUE[ref])
        return verify(made.package, replace(made.evidence, entry=anchor_entry(other), product=product))

    def test_a_document_that_fits(self) -> None:
        assert self.judged().status is Status.VALID

    def test_a_document_without_data(self) -> None:
        verdict = self.judged(data={})
        assert [step.number for step in verdict.failed] == [2]
        assert "does not fit its product" in verdict.step(2).reason.en

    def test_a_document_that_calls_itself_another_product(self) -> None:
        for name in ("tax-payment/1", "nobody-knows-this/7"):
            verdict = self.judged(product=name)
            assert [step.number for step in verdict.failed] == [2]
            assert verdict.step(2).details == {"expected": PRODUCT, "found": name}

    def test_a_batch_of_another_product(self) -> None:
        assert [step.number for step in self.declared("tax-payment/1").failed] == [2]

    def test_a_section_or_domain_that_the_product_does_not_have(self) -> None:
        assert [step.number for step in self.judged(domain="tax").failed] == [2, 5]
        verdict = self.declared("tax-arrears/1", product="tax-arrears/1")
        assert verdict.step(2).details == {"expected": ["warning"], "found": "basic"}

    def test_a_product_that_is_not_known_here(self) -> None:
        honest = world()
        verdict = verify_record(honest.package, honest.evidence)
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)
        assert verdict.step(2).details["product"] == CATALOGUE[PRODUCT].number

    def test_a_number_that_the_region_gave_to_another_product(self) -> None:
        """The file known here has the number, and not the digest that governors launched."""
        other = LaunchedProduct(CATALOGUE[PRODUCT].number, ProductState.LAUNCHED, bytes(24))
        verdict = verify(evidence=with_evidence(product=other))
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)
        verdict = verify(evidence=with_evidence(product=Missing(Text("no answer", "无应答"))))
        assert (verdict.status, verdict.step(2).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)

    def test_a_product_that_was_withdrawn_since(self) -> None:
        """What was published before stays what it is."""
        gone = replace(launched(CATALOGUE[PRODUCT]), state=ProductState.WITHDRAWN)
        assert verify(evidence=with_evidence(product=gone)).status is Status.VALID

    def test_what_fails_outranks_what_is_not_known(self) -> None:
        honest = world()
        stated = sign_statement(bytes(32), honest.package.record.subject)
        verdict = verify_record(with_tag(statement=stated), honest.evidence)
        assert verdict.step(2).outcome is Outcome.FAILED
        early = anchored(as_of="2025-06-16")
        assert verify_record(early.package, early.evidence).step(2).outcome is Outcome.FAILED

    def test_the_entry_of_another_batch_says_nothing(self) -> None:
        entry = world().evidence.entry
        assert not isinstance(entry, Missing)
        assert isinstance(entry.body, AnchorBody)
        other = anchor_entry(replace(entry.body, size=8, product=CATALOGUE["tax-payment/1"].number))
        assert verify(evidence=with_evidence(entry=other)).step(2).outcome is Outcome.NOT_VERIFIED

    def test_the_day_of_the_anchor_is_the_last(self) -> None:
        assert self.judged(as_of="2025-06-15").status is Status.VALID
        assert [step.number for step in self.judged(as_of="2025-06-16").failed] == [2]

    def test_the_day_is_that_of_china(self) -> None:
        """An hour later it is still 2025-06-15 in UTC, and 2025-06-16 in UTC+8."""
        made = anchored(as_of="2025-06-16")
        later = replace(
            made.evidence,
            anchor=replace(made.evidence.anchor, time=ANCHORED_AT + 3600),
            entry=replace(made.evidence.entry, time=ANCHORED_AT + 3600),
        )
        assert verify(made.package, later).status is Status.VALID

    @pytest.mark.parametrize(
        ("bend", "words"),
        [
            ({"section": Section.ASSET}, "section"),
            ({"subject": parse_subject("TWUBN", "04595257")}, "another subject"),
        ],
    )
    def test_a_file(self, bend: dict[str, Any], words: str) -> None:
        honest = world(PDF)
        record = replace(honest.package.record, **bend)
        verdict = verify(replace(honest.package, record=record), honest.evidence)
        assert 2 in [step.number for step in verdict.failed]
        assert words in verdict.step(2).reason.en

    def test_a_file_in_a_batch_of_no_domain_of_its_product(self) -> None:
        honest = world(PDF)
        entry = honest.evidence.entry
        assert not isinstance(entry, Missing)
        assert isinstance(entry.body, AnchorBody)
        other = anchor_entry(replace(entry.body, domains=1 << 9))
        assert [step.number for step in verify(honest.package, replace(honest.evidence, entry=other)).failed] == [2]


class TestPublisher:
    """Step 5."""

    def test_broken_anchor(self) -> None:
        assert [step.number for step in verify(evidence=with_anchor(broken=True)).failed] == [5]

    @pytest.mark.parametrize(
        ("since", "until", "caught"),
        [
            (ANCHORED_AT, 0, True),
            (ANCHORED_AT - 1, ANCHORED_AT + 1, True),
            (ANCHORED_AT + 1, 0, False),
            (ANCHORED_AT - 9, ANCHORED_AT, True),  # both ends count, as in NodeRegistry
            (ANCHORED_AT - 9, ANCHORED_AT - 1, False),
        ],
    )
    @pytest.mark.parametrize("whose", ["publisher", "host"])
    def test_compromised_key(self, whose: str, since: int, until: int, caught: bool) -> None:
        publisher, host = node(SOURCE, 4, host=HOST), node(HOST, 2)
        key = (publisher if whose == "publisher" else host).info.operator
        assert key is not None
        stolen = NodeHistory(publisher.info, (Compromise(key, since, until),))
        verdict = verify(evidence=with_evidence(publisher=stolen, host=host))
        assert verdict.step(5).outcome is (Outcome.NOT_VERIFIED if caught else Outcome.PASSED)
        assert verdict.status is (Status.COULD_NOT_CHECK if caught else Status.VALID)

    @pytest.mark.parametrize(
        ("first", "end", "caught"),
        [
            (0, ANCHORED_AT + 1, True),
            (ANCHORED_AT, 0, True),
            # The node came to this host later, or had left it.
            (ANCHORED_AT + 1, 0, False),
            (0, ANCHORED_AT, False),
        ],
    )
    def test_the_stolen_key_of_a_former_host(self, first: int, end: int, caught: bool) -> None:
        host = node(HOST, 2)
        assert host.info.operator is not None
        interval = Compromise(host.info.operator, ANCHORED_AT - 9, ANCHORED_AT + 9, first, end)
        stolen = NodeHistory(node(SOURCE, 4, host=HOST).info, (interval,))
        verdict = verify(evidence=with_evidence(publisher=stolen, host=host))
        assert verdict.step(5).outcome is (Outcome.NOT_VERIFIED if caught else Outcome.PASSED)

    def test_a_stolen_key_hides_nothing_that_fails(self) -> None:
        stolen = with_stolen_key(node(SOURCE, 4), ANCHORED_AT)
        verdict = verify(evidence=with_evidence(publisher=stolen), policy=Policy(nodes=frozenset({8})))
        assert verdict.step(5).outcome is Outcome.FAILED

    @pytest.mark.parametrize("role", [1, 5])
    def test_a_node_that_may_not_publish(self, role: int) -> None:
        assert verify(evidence=with_evidence(publisher=node(SOURCE, role))).failed[0].number == 5

    def test_a_host_that_nobody_looked_up(self) -> None:
        evidence = with_evidence(publisher=node(SOURCE, 4, host=HOST))
        assert verify(evidence=evidence).step(5).outcome is Outcome.NOT_VERIFIED

    def test_a_publisher_suspended_later_is_shown(self) -> None:
        verdict = verify(evidence=with_evidence(publisher=node(SOURCE, 4, status=2)))
        assert verdict.status is Status.VALID
        assert any("no longer active" in notice.en for notice in verdict.notices)

    def changed_entry(self, **changes: Any) -> Evidence:
        entry = world().evidence.entry
        assert not isinstance(entry, Missing)
        assert isinstance(entry.body, AnchorBody)
        return with_evidence(entry=anchor_entry(replace(entry.body, **changes)))

    def test_a_domain_the_batch_was_not_anchored_for(self) -> None:
        assert verify(evidence=self.changed_entry(domains=2)).failed[0].number == 5

    @pytest.mark.parametrize("change", [{"node": 8}, {"root": bytes(32)}, {"size": 8}, {"key_epoch": 2}])
    def test_an_entry_of_another_anchor(self, change: dict[str, Any]) -> None:
        assert verify(evidence=self.changed_entry(**change)).step(5).outcome is Outcome.NOT_VERIFIED

    @pytest.mark.parametrize("change", [{"data": bytes(32)}, {"index": 41}, {"kind": 4}, {"body": None}])
    def test_an_entry_that_does_not_hash_to_itself(self, change: dict[str, Any]) -> None:
        entry = world().evidence.entry
        assert not isinstance(entry, Missing)
        evidence = with_evidence(entry=replace(entry, **change))
        assert verify(evidence=evidence).status is Status.COULD_NOT_CHECK

    def test_scope_of_the_policy(self) -> None:
        assert verify(policy=Policy(nodes=frozenset({SOURCE}))).status is Status.VALID
        assert verify(policy=Policy(nodes=frozenset({8}))).failed[0].number == 5
        assert verify(policy=Policy(products=frozenset({PRODUCT}))).status is Status.VALID
        assert verify(policy=Policy(products=frozenset({"tax-payment/1"}))).failed[0].number == 5
        assert verify(policy=Policy(audited=True)).status is Status.COULD_NOT_CHECK
        assert verify(evidence=with_anchor(audited=True), policy=Policy(audited=True)).status is Status.VALID


class TestLife:
    """Step 6."""

    @pytest.mark.parametrize(("life", "word"), [(1, "superseded"), (2, "revoked"), (3, "erased")])
    def test_gone(self, life: int, word: str) -> None:
        leaf = leaf_of(world().package)
        verdict = verify(evidence=with_evidence(record=record_state(leaf, life=life, life_at=NOW)))
        assert [step.number for step in verdict.failed] == [6]
        assert verdict.step(6).reason.en.startswith(word)

    @pytest.mark.parametrize("life", [1, 2, 3])
    @pytest.mark.parametrize(
        ("since", "until", "caught"), [(-9, None, True), (0, 0, True), (1, 9, False), (-9, -1, False)]
    )
    def test_a_life_by_a_stolen_key(self, life: int, since: int, until: int | None, caught: bool) -> None:
        """A thief's erasure is not the publisher's word; what was said before or after the theft is."""
        changed = ANCHORED_AT + 100
        publisher = node(SOURCE, 4)
        assert publisher.info.operator is not None
        theft = Compromise(publisher.info.operator, changed + since, 0 if until is None else changed + until)
        record = record_state(leaf_of(world().package), life=life, life_at=changed)
        stolen = NodeHistory(publisher.info, (theft,))
        verdict = verify(evidence=with_evidence(publisher=stolen, record=record))
        assert verdict.step(6).outcome is (Outcome.NOT_VERIFIED if caught else Outcome.FAILED)

    @pytest.mark.parametrize(
        ("still", "outcome", "word"),
        [(1, 0, "open"), (0, 2, "corrected"), (0, 3, "upheld"), (0, 4, "unresolved"), (1, 3, "open")],
    )
    def test_disputed_is_shown(self, still: int, outcome: int, word: str) -> None:
        leaf = leaf_of(world().package)
        record = record_state(leaf, open=still, filings=2, last=7, filed_at=NOW, outcome=outcome)
        verdict = verify(evidence=with_evidence(record=record))
        assert verdict.status is Status.VALID
        assert word in verdict.notices[-1].en
        strict = Policy(disputes=frozenset({"none"}))
        assert verify(evidence=with_evidence(record=record), policy=strict).failed[0].number == 6

    def test_overdue(self) -> None:
        record = record_state(leaf_of(world().package), open=1, filings=1, last=7, filed_at=NOW - 20 * 86_400 - 1)
        verdict = verify(evidence=with_evidence(record=record))
        assert verdict.step(6).details["overdue"] is True
        assert "overdue" in verdict.step(6).reason.en

    def test_the_state_of_another_record_decides_nothing(self) -> None:
        evidence = with_evidence(record=record_state(bytes(32)))
        assert verify(evidence=evidence).step(6).outcome is Outcome.NOT_VERIFIED


class TestMissingEvidence:
    """Missing evidence never counts as passed."""

    @pytest.mark.parametrize("name", ["anchor", "entry", "publisher", "host", "record", "signer"])
    def test_one_value(self, name: str) -> None:
        verdict = verify(evidence=with_evidence(**{name: NOT_ASKED}))
        assert verdict.status is Status.COULD_NOT_CHECK
        assert verdict.status.exit_code is ExitCode.COULD_NOT_CHECK

    def test_everything(self) -> None:
        verdict = verify(evidence=Evidence.absent(ORIGIN, Text("no answer", "无应答")))
        assert verdict.status is Status.COULD_NOT_CHECK
        assert [verdict.step(number).outcome for number in range(2, 7)] == [Outcome.NOT_VERIFIED] * 5

    def test_the_key_epoch(self) -> None:
        evidence = with_evidence(key_epoch_digest=NOT_ASKED)
        assert verify(with_tag(statement=None), evidence, tag_key=TagKey(TAG_KEY)).status is Status.COULD_NOT_CHECK

    def test_evidence_of_another_anchor_decides_nothing(self) -> None:
        assert verify(evidence=with_anchor(root=bytes(32))).status is not Status.VALID
        assert verify(evidence=with_anchor(node=8)).status is not Status.VALID


class TestPolicy:
    """The verdict under other policies."""

    def test_completeness_is_nothing_a_record_can_show(self) -> None:
        verdict = verify(policy=Policy(require=frozenset(range(1, 11))))
        assert (verdict.status, verdict.step(9).outcome) == (Status.COULD_NOT_CHECK, Outcome.NOT_VERIFIED)

    def test_an_unsafe_policy_says_so_and_still_refuses_what_failed(self) -> None:
        nothing = UnsafePolicy(require=frozenset())
        lenient = verify(evidence=with_evidence(record=NOT_ASKED), policy=nothing)
        assert lenient.status is Status.VALID
        assert lenient.weaknesses[0].text.en.startswith("UNSAFE")
        assert verify(with_record(salt=bytes(32)), policy=nothing).status is Status.NOT_VALID

    def test_what_weakens_a_verdict_is_printed_as_what_it_is(self) -> None:
        def kinds(verdict: Verdict) -> list[str]:
            return [one.kind.value for one in verdict.weaknesses]

        assert kinds(verify()) == ["unaudited"]
        assert kinds(verify(evidence=with_anchor(audited=True))) == []
        assert kinds(verify(evidence=with_evidence(source=Source(Basis.AGREED, age=3600)))) == ["unaudited"]
        weak = verify(evidence=with_evidence(source=Source(Basis.TOLD, age=3601)))
        assert weak.status is Status.VALID
        assert kinds(weak) == ["unaudited", "one endpoint's word", "old block"]
        bare = verify(with_tag(statement=None), policy=Policy(tag_statement="optional"))
        assert kinds(bare) == ["tag not vouched for", "unaudited"]
        shown = weak.as_json()["weaknesses"]
        assert shown[2]["details"] == {"age": 3601}
        assert all({"kind", "kind_zh", "en", "zh", "details"} == one.keys() and one["zh"] for one in shown)

    def test_json_of_a_verdict(self) -> None:
        shown = verify().as_json()
        assert shown["verdict"] == "valid"
        assert shown["verdict_zh"] == "有效"
        assert len(shown["steps"]) == 11
        assert shown["steps"][2]["details"]["leaf"].startswith("0x")

    def test_no_identifier_in_a_verdict(self) -> None:
        honest = world()
        package = replace(honest.package, record=replace(honest.package.record, subject=OTHER))
        for verdict in (verify(), verify(package)):
            text = str(verdict.as_json())
            for secret in (honest.package.record.subject.number, OTHER.number, honest.package.record.salt.hex()):
                assert secret not in text
            assert honest.package.tag.subject_tag.hex() not in text
