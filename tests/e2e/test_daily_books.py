"""`anchor --watch` enters one book a day, whatever interrupts it; old books leave the disk."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from making import PRODUCT, document, lines
from random_kills import Sweep, measured
from region_world import REGULATOR, SOURCE, TAG_KEY, Place, anchor_documents, pass_time, region_of
from worlds import Kept, kept_region

from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.auditing import AuditOrder, attest
from creditchain.acts.daily_books import DAY, HOUR, BookOutcome, BookPlan
from creditchain.acts.dropping_books import drop_books
from creditchain.acts.proving_faults import Publication
from creditchain.acts.watching import UploadOutcome, Watching, watch
from creditchain.batch.book.manifest import BookError, read_manifest
from creditchain.batch.folder.leaf_list import read_leaves
from creditchain.batch.readers.inbox import Inbox
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.calls import ShownBatch
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.index.opening import region_log
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.merkle import inclusion_path
from creditchain.verification.audit import LeafList, leaf_hashes_of, tree_of
from creditchain.vocabulary import EntryKind

MIDNIGHT = 16 * HOUR  #: in China, as UTC


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    """A region a minute after midnight, so that no test runs over the end of a day."""
    fresh = kept.fresh(tmp_path / "place")
    (fresh.folder / "inbox").mkdir()
    with region_of(fresh) as region:
        time = region.chain.head().time
    pass_time(fresh, DAY + (MIDNIGHT - time) % DAY + 60)
    return fresh


@contextmanager
def machine_at(place: Place) -> Iterator[Anchoring]:
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        outbox = region.outbox(dev_signer(SOURCE, region.chain), journal)
        yield Anchoring(region, outbox, journal, home, AnchorOptions())


def put(place: Place, number: int) -> None:
    documents = [document(record) for record in range(9 * number, 9 * number + 9)]
    (place.folder / "inbox" / f"{number}.jsonl").write_bytes(lines(documents))


def ran(place: Place, every: int = DAY) -> list[BookOutcome | UploadOutcome]:
    with machine_at(place) as machine:
        return list(watch(machine, watching(place, every)))  # type: ignore[arg-type]


def watching(place: Place, every: int = DAY) -> Watching:
    def order(path: str) -> AnchorOrder:
        return AnchorOrder(find_upload(path), PRODUCT, SOURCE, TAG_KEY)

    inbox = Inbox(place.folder / "inbox", 0)
    return Watching(inbox, order, TAG_KEY, once=True, patience=0.0, books=BookPlan(SOURCE, every))


def books(place: Place) -> list[tuple[int, int]]:
    """Of each book that was entered: how many batches it covers, and its size."""
    with region_of(place) as region:
        entered = [one.body for one in region_log(region).of_kind(EntryKind.BOOK)]
        return [(body.batches, body.size) for body in entered if isinstance(body, BookBody)]


def test_one_book_a_day_and_none_without_batches(place: Place) -> None:
    assert ran(place) == []
    put(place, 1)
    put(place, 2)
    *uploads, book = ran(place)
    assert [one.error for one in uploads] == [None, None]
    assert isinstance(book, BookOutcome)
    assert (book.node, book.key_epoch, book.batches, book.size, book.error) == (SOURCE, 1, 2, 18, None)
    assert ran(place)[2:] == []
    put(place, 3)
    assert not [one for one in ran(place) if isinstance(one, BookOutcome)]
    assert books(place) == [(2, 18)]
    pass_time(place, DAY)
    (later,) = [one for one in ran(place) if isinstance(one, BookOutcome)]
    assert (later.batches, later.size) == (3, 27)
    pass_time(place, DAY)
    assert not [one for one in ran(place) if isinstance(one, BookOutcome)]
    assert books(place) == [(2, 18), (3, 27)]
    with region_of(place) as region:
        kept = [path.name for path in Home(place.folder / "home").region(region.deployment.log_id).books.iterdir()]
    assert kept == [later.root.hex()]


def test_a_book_every_hour(place: Place) -> None:
    put(place, 1)
    ran(place, HOUR)
    put(place, 2)
    ran(place, HOUR)
    assert books(place) == [(1, 9)]
    pass_time(place, HOUR)
    ran(place, HOUR)
    assert books(place) == [(1, 9), (2, 18)]


@pytest.mark.parametrize("state", ["signed", "sent", "mined", "final"])
@pytest.mark.parametrize("more", [False, True])
def test_interrupted_at_each_state_it_enters_one_book(place: Place, state: str, more: bool) -> None:
    put(place, 1)

    def interrupt(intent: str, reached: str) -> None:
        if intent.startswith("book ") and reached == state:
            raise KeyboardInterrupt

    with machine_at(place) as machine:
        machine.outbox.on_state(interrupt)
        with pytest.raises(KeyboardInterrupt):
            list(watch(machine, watching(place)))
    if more:
        put(place, 2)
    ran(place)
    found = books(place)
    assert len(found) == 1
    # A book that was not handed in yet no longer fits once another batch is anchored.
    assert found[0] in ([(1, 9), (2, 18)] if more else [(1, 9)])


def test_a_batch_that_is_not_here_stops_no_upload(place: Place) -> None:
    anchor_documents(place, (2023,), 1)
    put(place, 1)
    upload, book = ran(place)
    assert isinstance(upload, UploadOutcome)
    assert upload.error is None
    assert isinstance(book, BookOutcome)
    assert isinstance(book.error, BookError)
    assert "batch number 1 is missing" in book.error.message
    assert books(place) == []


def test_a_broken_batch_is_left_out(place: Place) -> None:
    """Somebody with the node's key anchored its first batch again: proven, the repeat is broken, and no book has it."""
    put(place, 1)
    ran(place)
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        (anchor,) = [one.body for one in region_log(region).of_kind(EntryKind.ANCHOR)]
        assert isinstance(anchor, AnchorBody)
        outbox = region.outbox(dev_signer(SOURCE, region.chain), journal)
        outbox.submit("again", region.calls.anchor(replace(anchor, number=2)))
        listed = read_leaves(home.region(region.deployment.log_id).batches / anchor.root.hex())
        proof = _repeat(region, listed, anchor)
        outbox.submit("repeat", region.calls.prove_repeat(*proof))
    pass_time(place, DAY)
    put(place, 2)
    (book,) = [one for one in ran(place) if isinstance(one, BookOutcome)]
    assert (book.error, book.batches, book.size) == (None, 3, 18)
    with region_of(place) as region:
        folder = home.region(region.deployment.log_id).books / book.root.hex()
    assert read_manifest(folder).gone == (2,)


def _repeat(region: Region, listed: LeafList, anchor: AnchorBody) -> tuple[Any, bytes, Any]:
    """That the first leaf of a batch is in both anchors of it."""
    log, tree = region_log(region), tree_of(listed)
    shown = [ShownBatch(one.body, log.opening(one.index)) for one in log.of_kind(EntryKind.ANCHOR)]  # type: ignore[arg-type]
    path = tuple(inclusion_path(tree, 0))
    return tuple(shown), leaf_hashes_of(listed)[0], ((0, path), (0, path))


def test_the_newest_the_last_entered_and_the_audited_book_stay(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(place.folder / "home")
    roots = []
    for number in range(1, 5):
        put(place, number)
        (book,) = [one for one in ran(place) if isinstance(one, BookOutcome)]
        roots.append(book.root)
        if number == 2:
            with region_of(place) as region, open_journal(home.journal) as journal:
                folders = list(home.region(region.deployment.log_id).batches.iterdir())
                outbox = region.outbox(dev_signer(REGULATOR, region.chain), journal)
                order = AuditOrder(REGULATOR, Publication(SOURCE, 1))
                attest(region, outbox, home, [one for one in folders if not one.name.startswith(".")], order)
        pass_time(place, DAY)
    with region_of(place) as region:
        kept = home.region(region.deployment.log_id).books
        assert sorted(path.name for path in kept.iterdir()) == sorted(root.hex() for root in (roots[1], roots[3]))
        old = shutil.copytree(kept / roots[1].hex(), kept / "copied")
        assert read_manifest(old).root == roots[1]
        shutil.rmtree(old)
        assert drop_books(region, home) == []
    assert run(["--json", *place.options, "book", "drop", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.slow
def test_killed_at_random_it_enters_one_book(kept: Kept, place: Place, tmp_path: Path) -> None:
    for number in range(3):
        put(place, number)
    template = place.folder

    def at(folder: Path) -> Place:
        return Place(place.network, Path(shutil.copytree(template, folder)))

    whole = measured(lambda: ran(at(tmp_path / "whole")))
    sweep = Sweep(Random(7), whole)  # noqa: S311
    while sweep.kills < 30:
        here = at(tmp_path / f"run-{sweep.runs}")
        sweep.until_done(lambda here=here: ran(here))  # type: ignore[misc]
        assert books(here) == [(3, 27)]
        shutil.rmtree(here.folder)
