"""The audit daemon: it audits each book once its lists are there, and no fault of one stops another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from region_world import (
    GOVERNOR,
    PLATFORM,
    REGULATOR,
    SOURCE,
    Place,
    anchor_documents,
    enter_book,
    leaf_of,
    region_of,
    send,
    write_list,
)
from test_act_auditing import acting
from worlds import Kept, kept_region

from creditchain.acts import pauses, watching_books
from creditchain.acts.auditing import MissingListsError, NoRegulatorError
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.watching_books import (
    AuditOutcome,
    AuditWatch,
    AuditWatchedError,
    BookAudited,
    ListOutcome,
    LookFailed,
    audit_lock,
    outcome_code,
    watch_books,
)
from creditchain.batch.book.making import make_book
from creditchain.batch.book.manifest import BookBatch, BookTerms
from creditchain.batch.book.sources import BatchSource
from creditchain.chain.deployments import load_deployment
from creditchain.chain.errors import ChainUnavailableError
from creditchain.errors import ExitCode, InputError
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.merkle import root
from creditchain.packages.record_package import RecordPackage


@dataclass(frozen=True)
class Books:
    """A source with two batches and their book; a platform with one batch, and a book that is not it."""

    kept: Kept
    batches: tuple[list[RecordPackage], list[RecordPackage]]
    roots: list[bytes]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as kept:
        place = kept.place
        batches = anchor_documents(place, (2023,), 1), anchor_documents(place, (2024,), 2)
        enter_book(place, *batches)
        # The platform anchors the same leaves as the source's second batch, and enters the first one as its book.
        roots = [root([leaf_of(one).hash() for one in batch]) for batch in batches]
        product = batches[0][0].record.product
        with region_of(place) as region:
            body = AnchorBody(PLATFORM, 1, product, 1, roots[1], 3, 1, 3)
            send(place, region, PLATFORM, "anchor", region.calls.anchor(body))
            send(place, region, PLATFORM, "book", region.calls.enter_book(BookBody(PLATFORM, 1, 1, 3, roots[0])))
        kept.keep()
        yield Books(kept, batches, roots)


@pytest.fixture
def place(world: Books, tmp_path: Path) -> Place:
    return world.kept.fresh(tmp_path / "place")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox" / "source"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "FIRST_PAUSE", 0.01)


def watched(
    place: Place, inbox: Path, patience: float = 0.0, nodes: frozenset[int] = frozenset()
) -> list[AuditOutcome]:
    what = AuditWatch(REGULATOR, (inbox.parent,), nodes, once=True, patience=patience)
    with acting(place) as (region, outbox, home):
        return list(watch_books(region, outbox, home, what))


def put(world: Books, inbox: Path) -> None:
    for name, batch in zip(world.roots, world.batches, strict=True):
        write_list(inbox / f"{name.hex()}.leaves", batch)


def audited_book(place: Place, node: int = SOURCE) -> int:
    with region_of(place) as region:
        return region.published(node, 1).audited_book


def test_books_are_audited_once_their_lists_are_there(world: Books, place: Place, inbox: Path) -> None:
    waiting, missing = watched(place, inbox, nodes=frozenset({SOURCE}))
    assert isinstance(waiting, BookAudited)
    assert (waiting.again, outcome_code(waiting)) == (True, ExitCode.OK)
    assert isinstance(missing, BookAudited)
    assert isinstance(missing.error, MissingListsError)
    assert (missing.again, outcome_code(missing)) == (False, ExitCode.BAD_INPUT)
    put(world, inbox)
    first, second, book = watched(place, inbox, nodes=frozenset({SOURCE}))
    assert isinstance(first, ListOutcome)
    assert isinstance(second, ListOutcome)
    assert [(one.size, one.error) for one in (first, second)] == [(3, None), (3, None)]
    assert isinstance(book, BookAudited)
    assert book.attested is not None
    assert (book.attested.size, book.attested.batches, book.error) == (6, 2, None)
    assert audited_book(place) == book.entry > 0
    with region_of(place) as region:
        size = region.log_size()
    assert watched(place, inbox, nodes=frozenset({SOURCE})) == []
    with region_of(place) as region:
        assert region.log_size() == size


def test_a_book_whose_audit_a_stolen_key_attested_is_audited_anew(world: Books, place: Place, inbox: Path) -> None:
    """Also by the regulator whose key it was, and by the very process that attested it, but once."""
    put(world, inbox)
    what = AuditWatch(REGULATOR, (inbox.parent,), frozenset({SOURCE}), look_seconds=0.01)
    stop, declared = threading.Event(), False
    attested = list[int]()
    with acting(place) as (region, outbox, home):
        for one in watch_books(region, outbox, home, what, stop):
            if not isinstance(one, BookAudited):
                continue
            assert one.error is None
            flags = region.flags(one.entry)
            assert flags.counts
            assert flags.auditor is not None
            attested.append(flags.audited_at)
            if declared:
                stop.set()
            else:
                # The key is whose it was in the second after the theft again, and acts only then.
                region.chain.request("evm_increaseTime", 5)
                theft = [(flags.audited_at, flags.audited_at)]
                send(place, region, GOVERNOR, "stolen", region.calls.set_compromises(flags.auditor, theft))
                declared = True
    assert attested[0] < attested[1]
    assert watched(place, inbox, nodes=frozenset({SOURCE})) == []


def test_a_wrong_list_and_a_wrong_book_stop_nothing(world: Books, place: Place, inbox: Path) -> None:
    put(world, inbox)
    (inbox / "a.leaves").write_bytes(b"no list")
    write_list(
        inbox / "b.leaves", [replace(one, tag=replace(one.tag, subject_tag=bytes(32))) for one in world.batches[0]]
    )
    found = watched(place, inbox)
    lists = {one.path.name: one for one in found if isinstance(one, ListOutcome)}
    assert isinstance(lists["a.leaves"].error, InputError)
    assert "no node anchored a batch with the root of this list" in str(lists["b.leaves"].error)
    assert lists["b.leaves"].error.place.file == str(inbox / "b.leaves")  # type: ignore[union-attr]
    books = {one.of.node: one for one in found if isinstance(one, BookAudited)}
    assert books[SOURCE].attested is not None
    assert books[PLATFORM].attested is None
    assert audited_book(place) > 0
    assert audited_book(place, PLATFORM) == 0


def test_a_book_that_is_not_its_batches_is_never_attested(world: Books, place: Place, inbox: Path) -> None:
    put(world, inbox)
    only = frozenset({PLATFORM})
    *_, book = watched(place, inbox, nodes=only)
    assert isinstance(book, BookAudited)
    assert (book.root, book.attested, book.again, book.faults) == (world.roots[0], None, False, ())
    assert "the book is not its batches" in str(book.error)
    assert outcome_code(book) == ExitCode.NOT_VALID
    # Whoever puts the book there learns what is wrong with it.
    batch = world.batches[0][0].batch
    registry = load_deployment(place.network, place.folder / "deployments").address("AnchorRegistry").lower()
    terms = BookTerms(batch.log_id, batch.chain_id, registry, PLATFORM, 1)
    source = BatchSource(BookBatch(1, world.roots[0], 3), inbox / f"{world.roots[0].hex()}.leaves")
    make_book(inbox / "books", terms, [source])
    *_, book = watched(place, inbox, nodes=only)
    assert isinstance(book, BookAudited)
    assert book.faults == (
        *(f"leaf {index} of batch 1 is not in the book: `audit prove omission`" for index in range(3)),
        *(f"leaf {index} of the book is in no batch" for index in range(3)),
    )
    assert audited_book(place, PLATFORM) == 0


def test_a_chain_that_is_away_is_waited_for(
    world: Books, place: Place, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(world, inbox)
    real, left = watching_books.Shower, [3]

    def away(region: object) -> object:
        if left[0]:
            left[0] -= 1
            raise ChainUnavailableError("the endpoint does not answer")
        return real(region)  # type: ignore[arg-type]

    monkeypatch.setattr(watching_books, "Shower", away)
    found = watched(place, inbox, patience=600, nodes=frozenset({SOURCE}))
    assert isinstance(found[0], LookFailed)
    assert (found[0].again, outcome_code(found[0])) == (True, ExitCode.OK)
    assert [type(one) for one in found] == [LookFailed, ListOutcome, ListOutcome, BookAudited]
    assert audited_book(place) > 0


def test_who_may_not_audit(place: Place, inbox: Path) -> None:
    with acting(place) as (region, outbox, home), pytest.raises(InputError, match="cannot attest audits"):
        next(watch_books(region, outbox, home, AuditWatch(PLATFORM, (inbox,))))
    with acting(place, key=PLATFORM) as (region, outbox, home), pytest.raises(NotEntitledError):
        next(watch_books(region, outbox, home, AuditWatch(REGULATOR, (inbox,))))


def test_a_regulator_that_is_suspended_meanwhile_ends_it(world: Books, place: Place, inbox: Path) -> None:
    """Nothing is wrong with the book: whoever may audit again audits it."""
    put(world, inbox)
    what = AuditWatch(REGULATOR, (inbox.parent,), frozenset({SOURCE}))
    with acting(place) as (region, outbox, home):
        outcomes = watch_books(region, outbox, home, what)
        assert [type(next(outcomes)) for _ in world.roots] == [ListOutcome] * len(world.roots)
        send(place, region, GOVERNOR, "suspend", region.calls.suspend(REGULATOR))
        with pytest.raises(NoRegulatorError, match="cannot attest audits"):
            next(outcomes)
        send(place, region, GOVERNOR, "reinstate", region.calls.reinstate(REGULATOR))
    assert audited_book(place) == 0
    (book,) = watched(place, inbox, nodes=frozenset({SOURCE}))
    assert isinstance(book, BookAudited)
    assert book.attested is not None


def test_one_daemon_a_home(place: Place) -> None:
    held = pytest.raises(AuditWatchedError, match="another process watches the books of this region")
    with acting(place) as (region, _, home), audit_lock(home, region), held, audit_lock(home, region):
        pass


def test_it_stops_when_told_to(world: Books, place: Place, inbox: Path) -> None:
    put(world, inbox)
    stop = threading.Event()
    what = AuditWatch(REGULATOR, (inbox.parent,), frozenset({SOURCE}), look_seconds=600)
    with acting(place) as (region, outbox, home):
        outcomes = watch_books(region, outbox, home, what, stop)
        assert isinstance(next(outcomes), ListOutcome)
        stop.set()
        assert list(outcomes) == []
    assert audited_book(place) == 0
    assert [type(one) for one in watched(place, inbox, nodes=frozenset({SOURCE}))] == [ListOutcome, BookAudited]


@contextmanager
def daemon(place: Place, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "creditchain", *place.options, "--json", "audit", "watch", *words]
    command += ["--auditor", str(REGULATOR), "--signer", f"dev:{REGULATOR}", "--every", "0.2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(world: Books, place: Place, inbox: Path, number: signal.Signals) -> None:
    put(world, inbox)
    with daemon(place, str(inbox.parent), "--node", str(SOURCE)) as process:
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert lines[-1]["node"] == SOURCE
        assert "error" not in lines[-1]
        process.send_signal(number)
        assert process.wait() == 0
        assert process.stdout.read() == ""
    assert audited_book(place) == lines[-1]["book"]


@pytest.mark.slow
def test_killed_at_random_it_attests_each_book_once(world: Books, place: Place, inbox: Path) -> None:
    put(world, inbox)

    def until(ready: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        while not ready() and process.poll() is None:
            time.sleep(0.05)

    for _ in range(8):
        with daemon(place, str(inbox.parent), "--node", str(SOURCE)) as process:
            started = time.monotonic()
            until(lambda started=started: time.monotonic() - started > 0.5 + os.urandom(1)[0] / 64, process)
    watched(place, inbox, nodes=frozenset({SOURCE}))
    with region_of(place) as region:
        from creditchain.index.opening import region_log
        from creditchain.vocabulary import EntryKind

        assert len(list(region_log(region).of_kind(EntryKind.AUDIT))) == 1
