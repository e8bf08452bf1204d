"""Parts that publishers contribute to a report: as good as what one library holds, and read strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from report_world import (
    BANK,
    POWER,
    REGISTRY,
    TAX,
    MemoryLibrary,
    MemoryView,
    Region,
    address,
    region,
    shown,
    signed,
    tags,
)
from verification_world import node

from creditchain.hashing import keccak256
from creditchain.log.facts import EntryPlace
from creditchain.messages import QueryRequest
from creditchain.packages.fields import PackageError
from creditchain.packages.report_package import Countersigned, RangedRecord, parse_report_package
from creditchain.packages.report_part import (
    PartOrder,
    PublisherPart,
    SignedPart,
    parse_part,
    parse_part_order,
    part_of,
)
from creditchain.packages.request_file import RequestFile
from creditchain.reports import AssemblyError, assemble, assemble_part, missing_here, plan, without_nodes
from creditchain.verification.verdict import Status
from creditchain.vocabulary import GapReason

TAX_KEY = keccak256(b"key of the tax office")
TAGS = {epoch: one.subject_tag for epoch, one in tags().items()}


def library_of(here: Region, *nodes: int) -> MemoryLibrary:
    """The folders of some nodes."""
    kept = ({key: one for key, one in of.items() if key[0] in nodes} for of in (here.batches, here.books))
    return MemoryLibrary(*kept)  # type: ignore[arg-type]


def part(here: Region, number: int) -> PublisherPart:
    """What a node gives from its own folders."""
    order = here.order()
    scope = plan(order, here.shelves(), here.members)
    sought = missing_here(scope, library_of(here))[number]
    view = MemoryView(here.facts(), order.time)
    return assemble_part(order, number, sought, library_of(here, number), tags(), view)


def given(here: Region, number: int, request: bytes = bytes(32)) -> SignedPart:
    """The same, signed."""
    made, at = part(here, number), here.block_time
    message = made.countersignature(here.order().log_id, request, at)
    return SignedPart(here.order().log_id, request, made, Countersigned(number, at, signed(message, TAX_KEY)))


def collected(here: Region, *numbers: int, **changes: Any) -> Any:
    """A report that takes these nodes' parts, and the rest from here."""
    order = here.order(**changes)
    scope = without_nodes(plan(order, here.shelves(), here.members), {*numbers, *order.gaps})
    mine = library_of(here, *({REGISTRY, POWER, TAX} - {*numbers, *order.gaps}))
    view, parts = MemoryView(here.facts(), order.time), [given(here, one) for one in numbers]
    return assemble(order, scope, mine, tags(), view, here.members, parts).package  # type: ignore[arg-type]


def test_what_is_missing_here_is_all_that_its_node_has_to_show() -> None:
    here = region()
    scope = plan(here.order(), here.shelves(), here.members)
    less = library_of(here, REGISTRY, TAX)
    (first,) = [key for key in less.batches if key[0] == TAX][:1]
    found = missing_here(scope, MemoryLibrary({k: v for k, v in less.batches.items() if k != first}, {}))
    assert {number: len(sought) for number, sought in found.items()} == {POWER: 2, TAX: 2}


@pytest.mark.parametrize("booked", [False, True], ids=["batches", "a book"])
def test_a_report_of_parts_is_as_good_as_a_whole_one(booked: bool) -> None:
    here = region()
    if booked:
        here.audit_book(TAX, 2)
        here.publish(TAX, "tax-payment/1", [], epoch=2)
    whole, made = here.assemble().package, collected(here, POWER, TAX)
    assert {one.record for one in shown(made)} == {one.record for one in shown(whole)}
    assert [one.node for one in made.countersigned] == [POWER, TAX]
    made = replace(made, reads=whole.reads, countersigned=())
    assert here.verify(here.deliver(made, here.consents())).status is Status.VALID


def test_the_part_of_a_node_is_found_in_the_package() -> None:
    here = region()
    package = collected(here, TAX, POWER)
    for number in (POWER, TAX):
        assert part_of(package, number) == part(here, number)
        assert part_of(package, number).digest == part(here, number).digest
    assert part_of(package, BANK).ranges == ()
    assert parse_report_package(package.to_json()) == package


def test_a_gap_is_named_in_the_report() -> None:
    here = region()
    package = collected(here, TAX, gaps={POWER: GapReason.NO_ANSWER})
    assert package.gaps == {POWER: "no_answer"}
    assert {one.node for one in package.ranges} == {REGISTRY, TAX}
    assert json.loads(package.report.content)["data"]["gaps"] == [{"node": POWER, "reason": "no_answer"}]


def test_the_issuer_does_not_type_gaps() -> None:
    with pytest.raises(AssemblyError, match="filled in by the assembly"):
        region().assemble(words={"gaps": []})


def test_a_record_of_another_product_is_no_part() -> None:
    here = region()
    good = given(here, TAX)
    record = good.part.records[0]
    strange = replace(record, record=replace(record.record, product=999))
    order = here.order()
    scope = without_nodes(plan(order, here.shelves(), here.members), {TAX})
    with pytest.raises(AssemblyError, match="another product"):
        assemble(
            order, scope, library_of(here, REGISTRY, POWER), tags(), MemoryView(here.facts(), order.time),  # type: ignore[arg-type]
            here.members, [replace(good, part=replace(good.part, records=(strange,)))],
        )  # fmt: skip


class TestFiles:
    def test_a_part_comes_back_as_it_was(self) -> None:
        made = given(region(), TAX, keccak256(b"request"))
        assert parse_part(made.to_json(), TAGS) == made
        assert parse_part(made.to_json(), TAGS).message == made.message

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("format", "creditchain/report-package@1"),
            ("hash", "sha-256"),
            ("node", POWER),
            ("node", 0),
            ("request", "0x00"),
            ("given_at", -1),
            ("signature", "0x"),
            ("ranges", None),
            ("more", 1),
        ],
    )
    def test_a_part_is_read_strictly(self, field: str, value: object) -> None:
        plain = json.loads(given(region(), TAX).to_json())
        with pytest.raises(PackageError):
            parse_part(json.dumps(plain | {field: value}).encode(), TAGS)

    def test_a_part_under_a_tag_that_is_not_known_here(self) -> None:
        with pytest.raises(PackageError, match="no tag"):
            parse_part(given(region(), TAX).to_json(), {1: TAGS[1]})

    def test_an_order_comes_back_as_it_was(self) -> None:
        made = order_of(region())
        assert parse_part_order(made.to_json()) == made

    def test_orders_of_other_entries_have_other_digests(self) -> None:
        made = order_of(region())
        others = (replace(made, node=POWER), replace(made, entries=made.entries[:1]))
        assert len({one.digest for one in (made, *others)}) == 3

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("entries", value) for value in ([], [[1, 2], [1, 2]], [[1]], [1, 2])),
            *(("node", value) for value in (0, "7")),
            *(("request", value) for value in (None, {})),
        ],
    )
    def test_an_order_is_read_strictly(self, field: str, value: object) -> None:
        plain = json.loads(order_of(region()).to_json())
        with pytest.raises(PackageError):
            parse_part_order(json.dumps(plain | {field: value}).encode())


def order_of(here: Region) -> PartOrder:
    """An order for the tax office's part."""
    package = here.honest()
    assert package.delivery is not None
    delivery = package.delivery
    request: QueryRequest = delivery.request
    file = RequestFile(
        request, delivery.request_signature, package.report.subject, delivery.subject_salt, package.consent
    )
    return PartOrder(file, TAX, (EntryPlace(3, 103), EntryPlace(5, 105)))


def test_a_verifier_sees_who_countersigned() -> None:
    here = region()
    here.members[TAX] = node(TAX, 4, operator=address(TAX_KEY), domains=here.members[TAX].info.domains)
    delivered = here.deliver(collected(here, POWER), here.consents())
    assert delivered.delivery is not None
    message = part_of(delivered, TAX).countersignature(
        delivered.log_id, delivered.delivery.request.id, delivered.delivery.receipt.delivered_at
    )
    mine = Countersigned(TAX, message.given_at, signed(message, TAX_KEY))
    package = replace(delivered, countersigned=(mine,), reads=here.assemble().package.reads)
    verdict = here.verify(package)
    assert verdict.status is Status.VALID
    step = next(one for one in verdict.steps if one.number == 8)
    assert step.details["countersigned"] == [TAX]
    assert "1 part(s) countersigned by their publishers: 9" in step.reason.en
    assert RangedRecord in {type(one) for one in part_of(package, TAX).records}
