"""Assembling a report: what prevents it, and which leaves stay unopened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_world import (
    CATALOGUE,
    DELIVERED,
    HERE,
    OTHERS,
    POWER,
    REGISTRY,
    SUBJECT,
    TAG_KEYS,
    TAX,
    WORDS,
    MemoryLibrary,
    MemoryView,
    Region,
    asked,
    region,
    shown,
    tags,
)

from creditchain.batch.book.manifest import BookError
from creditchain.batch.errors import BatchError
from creditchain.documents import Domain, Section, parse_document
from creditchain.errors import ConfigError, InputError, UnavailableError
from creditchain.identifiers import epoch_digest, subject_tag
from creditchain.products import ProductError
from creditchain.reports import AssemblyError, FolderLibrary, assemble, gather_tags, plan, with_delivery
from creditchain.verification.verdict import Status
from creditchain.vocabulary import Life

DIGESTS = {epoch: epoch_digest(key) for epoch, key in TAG_KEYS.items()}


def test_the_report_names_every_record_it_shows() -> None:
    package = region().assemble().package
    document = parse_document(package.report.content)
    named = document.value["data"]["records"]
    opened = {leaf.hash() for one in package.ranges for leaf in one.proof.leaves}
    assert {bytes.fromhex(one["leaf"][2:]) for one in named} == opened
    assert [one["node"] for one in named] == [one.node for one in shown(package)]
    assert {one["region"] for one in named} == {HERE.region}
    assert {one["product"] for one in named} == {"registry-basic/1", "power-usage/1", "tax-payment/1"}
    assert document.value["data"]["hash"] == "keccak-256"
    assert len(package.ranges) == 5


def test_only_what_was_asked_for() -> None:
    here = region()
    package = here.assemble(asked=asked([Section.OPERATING], [Domain.REGISTRY, Domain.TAX])).package
    assert {one.node for one in shown(package)} == {TAX}
    assert {one.node for one in package.ranges} == {TAX}
    assert here.verify(here.deliver(package, here.consents(), sections=1 << 2, domains=1 << 6)).status is Status.VALID


def test_a_missing_folder_is_named() -> None:
    here = region()
    less = {key: one for key, one in here.batches.items() if key[0] != POWER}
    with pytest.raises(AssemblyError) as caught:
        here.assemble(less)
    assert "2 book(s) or batch(es)" in caught.value.message
    assert "power-usage/1, batch 1" in (caught.value.found or "")


def test_a_missing_tag_is_named() -> None:
    here = region()
    order, library = here.order(), MemoryLibrary(here.batches, here.books)
    scope, view = plan(order, here.shelves(), here.members), MemoryView(here.facts(), order.time)
    with pytest.raises(AssemblyError) as caught:
        assemble(order, scope, library, tags([1]), view, here.members)  # type: ignore[arg-type]
    assert (caught.value.expected or "").endswith("key epoch 2")


def test_a_folder_that_is_not_the_batch_anchored() -> None:
    here = region()
    key = next(iter(here.batches))
    manifest = here.batches[key].manifest
    manifest.size += 1
    with pytest.raises(AssemblyError):
        here.assemble()


@pytest.mark.parametrize("name", ["hash", "records"])
def test_what_is_filled_in_is_not_given(name: str) -> None:
    with pytest.raises(AssemblyError) as caught:
        region().assemble(words={**WORDS, name: []})
    assert caught.value.place is not None
    assert caught.value.place.field == f"data.{name}"


def test_figures_that_do_not_fit_the_product() -> None:
    with pytest.raises(ProductError):
        region().assemble(words={**WORDS, "suggested_fen": "5"})


@pytest.mark.parametrize(
    "changes",
    [
        {"product": CATALOGUE["registry-basic/1"]},
        {"catalogue": {name: one for name, one in CATALOGUE.items() if name != "power-usage/1"}},
    ],
    ids=["a product of records", "a product that is not known"],
)
def test_products_that_make_no_report(changes: dict[str, Any]) -> None:
    with pytest.raises(AssemblyError):
        region().assemble(**changes)


def test_a_document_about_somebody_else_in_the_folder() -> None:
    """If a source put a document under another enterprise's tag, no report reveals it."""
    here = region()
    batch = next(one for (node, _), one in here.batches.items() if node == REGISTRY)
    place = next(at for at, one in enumerate(batch.documents) if SUBJECT.number.encode() in one.content)
    other = batch.documents[place].content.replace(SUBJECT.number.encode(), OTHERS[0].number.encode())
    batch.documents[place].content = other
    with pytest.raises(BatchError):
        here.assemble()


def test_what_may_not_be_shown_stays_closed() -> None:
    here = Region()
    days = ("2022-01-31", "2024-01-31", "2024-06-30")
    root = here.publish(POWER, "power-usage/1", [(SUBJECT, day, "") for day in days])
    here.end(POWER, here.leaf(POWER, root, "2024-06-30"), Life.REVOKED)
    found = {one.why: one.excused for one in here.assemble(days=(20240201, 20991231)).left_out}
    assert found == {
        "its retention is over": False,
        "about a day that the consent does not cover": False,
        "revoked": True,
    }
    late = here.assemble(time=DELIVERED + 4 * 366 * 86_400)
    assert {one.why for one in late.left_out} == {"lapsed", "revoked"}
    assert late.package.records == ()


def test_tags_from_keys_and_statements() -> None:
    made = tags()
    statements = [made[epoch].statement for epoch in (1, 2)]
    assert gather_tags(SUBJECT, DIGESTS, [], [one for one in statements if one]) == made
    bare = gather_tags(SUBJECT, DIGESTS, list(TAG_KEYS.values()), [])
    assert {epoch: one.subject_tag for epoch, one in bare.items()} == {
        epoch: subject_tag(key, SUBJECT) for epoch, key in TAG_KEYS.items()
    }
    assert gather_tags(SUBJECT, DIGESTS, list(TAG_KEYS.values()), [one for one in statements if one]) == made


def test_tags_that_do_not_fit() -> None:
    statement = tags()[1].statement
    assert statement is not None
    with pytest.raises(ConfigError):
        gather_tags(SUBJECT, DIGESTS, [bytes(32)], [])
    with pytest.raises(InputError):
        gather_tags(OTHERS[0], DIGESTS, [], [statement])
    with pytest.raises(InputError):
        gather_tags(SUBJECT, DIGESTS, [TAG_KEYS[1]], [replace(statement, subject_tag=bytes(32))])


def test_folders_that_are_not_there_or_damaged(tmp_path: Path) -> None:
    root = bytes(32)
    with FolderLibrary(HERE.log_id, [tmp_path], [tmp_path]) as library:
        assert library.batch((REGISTRY, root)) is None
        assert library.book((REGISTRY, root)) is None
    with pytest.raises(UnavailableError):
        FolderLibrary(HERE.log_id, [tmp_path / "none"], [])
    (tmp_path / root.hex()).mkdir()
    (tmp_path / root.hex() / "manifest.json").write_text("{}")
    with FolderLibrary(HERE.log_id, [tmp_path], [tmp_path]) as library:
        for read, kind in ((library.batch, BatchError), (library.book, BookError)):
            with pytest.raises(kind) as caught:
                read((REGISTRY, root))
            assert caught.value.place is not None


def test_consent_and_receipt_have_to_belong_to_the_report() -> None:
    here = region()
    package = here.assemble().package
    whole = here.deliver(package, here.consents())
    assert whole.delivery is not None
    assert with_delivery(package, whole.delivery, whole.consent) == whole
    other = replace(package, report=replace(package.report, salt=bytes(32)))
    forged = replace(whole.delivery, request=replace(whole.delivery.request, staff=bytes(32)))
    for parts in ((other, whole.delivery, whole.consent), (package, forged, whole.consent), (package, whole.delivery)):
        with pytest.raises(AssemblyError):
            with_delivery(*parts)
