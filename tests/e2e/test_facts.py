"""What is computed from cells and entries is what the contracts' own views say, in few round trips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from region_world import PLATFORM, REGULATOR, SOURCE, Place, anchor_documents, enter_book, region_of, send
from worlds import Kept, kept_region

from creditchain.acts.showing import Shower
from creditchain.chain.abi import interface
from creditchain.chain.live_facts import LiveFacts
from creditchain.chain.region import Region
from creditchain.chain.rpc import Endpoint
from creditchain.evidence.record import live_evidence
from creditchain.log.cells import NO_WORD, cell_key
from creditchain.log.facts import Basis, EntryPlace, MissingFactError
from creditchain.log.publishing_cells import book_key
from creditchain.log.reading import RegionReading
from creditchain.log.views import AnchorInfo
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.evidence import Missing
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life, Space

NOBODY = "0x" + "00" * 20


@dataclass(frozen=True)
class World:
    """Two batches and their book; one record is revoked, and one disputed."""

    place: Place
    packages: list[RecordPackage]
    revoked: bytes
    disputed: bytes
    kept: Kept


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kept_region("embedded", tmp_path_factory.mktemp("place")) as kept:
        place = kept.place
        batches = [anchor_documents(place, (2021, 2022), 1), anchor_documents(place, (2023,), 2)]
        enter_book(place, *batches)
        revoked, disputed = (leaf_of(package) for package in batches[0][:2])
        with region_of(place) as region:
            life = region.calls.set_life(SOURCE, revoked, Life.REVOKED, reason_digest=b"\1" * 32)
            send(place, region, SOURCE, "revoke", life)
            filing = region.calls.file_dispute(PLATFORM, SOURCE, disputed, b"\2" * 32)
            send(place, region, PLATFORM, "dispute", filing)
        yield World(place, [package for batch in batches for package in batch], revoked, disputed, kept)


@pytest.fixture
def region(world: World) -> Iterator[Region]:
    with region_of(world.place) as opened:
        yield opened


def view(region: Region, contract: str, function: str, *arguments: Any) -> Any:
    """What the contract itself says."""
    face = interface(contract)
    data = region.chain.call(region.deployment.address(contract), face.encode(function, *arguments))
    return face.decode(function, data)[0]


def test_the_contracts_say_the_same(region: Region, world: World) -> None:
    facts = LiveFacts(region)
    reading = RegionReading(facts)
    assert facts.basis is Basis.TOLD
    assert (facts.head.size, facts.head.root) == (view(region, "RegionLog", "size"), view(region, "RegionLog", "root"))
    assert facts.block == region.chain.final_block()

    assert reading.publishers() == list(view(region, "AnchorRegistry", "publishers", 1, 100)) == [SOURCE]
    numbers = list(view(region, "AnchorRegistry", "products", 1, 100))
    assert len(numbers) > 10
    assert [one.number for one in reading.products()] == numbers
    for one in reading.products():
        assert (one.state, one.digest) == view(region, "AnchorRegistry", "productOf", one.number)
    assert reading.product(2**32 - 1).state == view(region, "AnchorRegistry", "productOf", 2**32 - 1)[0]

    published = reading.published(SOURCE, 1)
    assert (
        *(published.batches, published.leaves, published.gone),
        *(published.last_entry, published.book, published.audited_book),
    ) == view(region, "AnchorRegistry", "published", SOURCE, 1)
    assert (published.batches, published.leaves, published.book) == (2, 9, published.last_entry)
    flags = reading.flags(world.packages[0].batch.entry)
    assert (
        *(flags.audited, flags.broken, flags.annulled, flags.restored, flags.since, flags.previous),
        *(flags.auditor or NOBODY, flags.audited_at),
    ) == view(region, "AuditRegistry", "flagsOf", world.packages[0].batch.entry)
    assert reading.closed_from(SOURCE) == view(region, "AuditRegistry", "closedFrom", SOURCE)
    assert reading.current_key_epoch() == view(region, "AnchorRegistry", "currentKeyEpoch") == 1
    assert reading.key_epoch_digest(1) == view(region, "AnchorRegistry", "keyEpochDigest", 1)
    assert reading.key_epoch_digest(2) is None


def test_records_with_their_lives_and_disputes(region: Region, world: World) -> None:
    reading = RegionReading(LiveFacts(region))
    for leaf in map(leaf_of, world.packages):
        record = reading.record(SOURCE, leaf)
        assert record == region.record(SOURCE, leaf)
        assert (record.life == Life.REVOKED) is (leaf == world.revoked)
        assert record.open == (leaf == world.disputed)
    assert len(reading.answers(SOURCE, world.disputed, 1)) == 1


def test_the_past_of_a_cell(region: Region, world: World) -> None:
    """Both batches and the book wrote the node's cell: the walk finds them, the last one first."""
    reading = RegionReading(LiveFacts(region))
    written = list(reading.writes_of(book_key(SOURCE, 1)))
    entries = {package.batch.entry for package in world.packages}
    assert [one.entry.index for one in written[1:]] == sorted(entries, reverse=True)
    assert written[0].entry.index == reading.published(SOURCE, 1).book
    assert written[-1].write.old == NO_WORD
    assert list(reading.writes_of(cell_key(Space.BOOK, 2**200))) == []


def test_entries_with_and_without_their_blocks(region: Region, world: World) -> None:
    facts, batch = LiveFacts(region), world.packages[0].batch
    near, far, wrong = EntryPlace(batch.entry, batch.block), EntryPlace(batch.entry), EntryPlace(1, batch.block)
    assert facts.entries([near]) == LiveFacts(region).entries([far])
    assert facts.entries([far, near]) == facts.entries([near]) * 2
    for place in (wrong, EntryPlace(2**40), EntryPlace(batch.entry + 100, 2**40)):
        with pytest.raises(MissingFactError, match="does not return log entry"):
            facts.entries([place])
    assert facts.entries([EntryPlace(1)])[0].index == 1


class Exchanges:
    """Counts what goes to endpoints and back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, exchange = 0, Endpoint._exchange

        def counted(endpoint: Endpoint, payload: Any, seconds: float) -> Any:
            self.count += 1
            return exchange(endpoint, payload, seconds)

        monkeypatch.setattr(Endpoint, "_exchange", counted)


def test_records_take_few_round_trips(region: Region, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the final block, one for cells and entries, one for keys in other hands; however many records."""
    for packages in (world.packages[:1], world.packages):
        with monkeypatch.context() as patched:
            exchanges, fetcher = Exchanges(patched), live_evidence(region)
            fetcher.expect(packages)
            found = [fetcher.fetch(package) for package in packages]
            assert exchanges.count <= 3
        assert not any(isinstance(one.record, Missing) for one in found)


def test_audited_records_take_one_round_trip_more(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who audited a book is asked for with the members; whether that key was in other hands, after it."""
    place = world.kept.fresh(tmp_path / "place")
    with region_of(place) as region:
        shown = Shower(region).book(SOURCE, 1)
        call = region.calls.attest_audit(REGULATOR, shown, restored=False, report_digest=b"\1" * 32)
        send(place, region, REGULATOR, "audit", call)
        with monkeypatch.context() as patched:
            exchanges, fetcher = Exchanges(patched), live_evidence(region)
            fetcher.expect(world.packages)
            found = [fetcher.fetch(package).anchor for package in world.packages]
            assert exchanges.count <= 4
        assert all(isinstance(one, AnchorInfo) and one.audited for one in found)
        assert (flags := RegionReading(LiveFacts(region)).flags(shown.entry.index)).counts
        assert (
            *(flags.audited, flags.broken, flags.annulled, flags.restored, flags.since, flags.previous),
            *(flags.auditor, flags.audited_at),
        ) == view(region, "AuditRegistry", "flagsOf", shown.entry.index)


def test_what_is_expected_and_not_there_stops_nothing(region: Region, world: World) -> None:
    package = world.packages[0]
    moved = replace(package, batch=replace(package.batch, block=package.batch.block + 1))
    entry = live_evidence(region).fetch(moved).entry
    assert isinstance(entry, Missing)
    assert "does not return log entry" in entry.why.en
    # The block is only where to look: an entry that is found elsewhere is the same.
    fetcher = live_evidence(region)
    fetcher.expect([moved, package])
    assert fetcher.fetch(moved) == fetcher.fetch(package)
