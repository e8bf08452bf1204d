"""Purging without the command line: a fault changes nothing anywhere, and a kill between any two steps is made good."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from making import PRODUCT, document, lines
from region_world import GOVERNOR, PLATFORM, SOURCE, TAG_KEY, Place, region_of, send
from servers import Server
from worlds import Kept, region_on_anvil

from creditchain.acts import purging as purging_act
from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.purging import PurgeOrder, PurgeRefusedError, purge
from creditchain.acts.standing import NotAnchoredError
from creditchain.batch.errors import BatchError
from creditchain.batch.folder import purging as purging_folder
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.ledger import State
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.connect import Chain
from creditchain.chain.errors import TransactionError
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import CreditchainError, InputError
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.home.reasons import ReasonError
from creditchain.vocabulary import Life

INDICES = (1, 3)


class KilledError(Exception):
    """The process ends here."""


@dataclass(frozen=True)
class Anchored:
    """A region on an Anvil with one batch of five documents."""

    kept: Kept
    server: Server
    root: bytes


@pytest.fixture(scope="module")
def anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    folder = tmp_path_factory.mktemp("region")
    with region_on_anvil(folder) as (place, server):
        upload = folder / "upload.jsonl"
        upload.write_bytes(lines([document(record) for record in range(5)]))
        with acting(place) as (region, outbox, home):
            machine = Anchoring(region, outbox, outbox._journal.journal, home)
            row = machine.anchor(AnchorOrder(find_upload(upload), PRODUCT, SOURCE, TAG_KEY))
        yield Anchored(Kept(place, server), server, row.root or b"")


@contextmanager
def acting(place: Place, key: int = SOURCE) -> Iterator[tuple[Region, Outbox, Home]]:
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        yield region, region.outbox(dev_signer(key, region.chain), journal), home


@dataclass
class Case:
    """A fault that somebody made: who acts, what is ordered, and the error that follows."""

    error: type[CreditchainError]
    key: int = SOURCE
    change: Callable[[Region, Place, Path], None] = lambda *_: None
    order: Callable[[PurgeOrder], PurgeOrder] = field(default=lambda order: order)


def suspend(region: Region, place: Place, _: Path) -> None:
    send(place, region, GOVERNOR, "suspend", region.calls.suspend(SOURCE))


def cut_order(_: Region, __: Place, batch: Path) -> None:
    (batch / "order.bin").write_bytes(b"")


def take_money(region: Region, _: Place, __: Path) -> None:
    region.chain.request("anvil_setBalance", dev_signer(SOURCE, region.chain).address, "0x0")


CASES = {
    "another node": Case(NotEntitledError, key=PLATFORM),
    "no reason": Case(ReasonError, order=lambda order: replace(order, reason="")),
    "no such leaf": Case(InputError, order=lambda order: replace(order, indices=(1, 5))),
    "suspended": Case(PurgeRefusedError, change=suspend),
    "damaged order": Case(BatchError, change=cut_order),
    "no money": Case(TransactionError, change=take_money),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_leaves_chain_journal_home_and_content_as_they_were(
    anchored: Anchored, tmp_path: Path, name: str
) -> None:
    case, place = CASES[name], anchored.kept.fresh(tmp_path / "place")
    with acting(place, case.key) as (region, outbox, home):
        batch = home.region(region.deployment.log_id).batches / anchored.root.hex()
        case.change(region, place, batch)
        files, block, nonces = _files(home), region.chain.head(), _transactions(outbox)
        with pytest.raises(case.error):
            purge(region, outbox, home, case.order(PurgeOrder(batch, INDICES, "asked for")))
        assert (_files(home), region.chain.head(), _transactions(outbox)) == (files, block, nonces)


def test_what_was_refused_may_be_asked_for_with_a_better_reason(anchored: Anchored, tmp_path: Path) -> None:
    place = anchored.kept.fresh(tmp_path / "place")
    with acting(place) as (region, outbox, home):
        batch = home.region(region.deployment.log_id).batches / anchored.root.hex()
        take_money(region, place, batch)
        with pytest.raises(TransactionError):
            purge(region, outbox, home, PurgeOrder(batch, INDICES, "aksed for"))
        anchored.server.ask("anvil_setBalance", outbox.signer.address, hex(10**20))
        purge(region, outbox, home, PurgeOrder(batch, INDICES, "asked for"))
        _assert_purged(region, batch)


def test_a_batch_that_is_not_on_the_chain_is_not_erased(anchored: Anchored, tmp_path: Path) -> None:
    place = anchored.kept.fresh(tmp_path / "place")
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(10, 15)]))

    def stop(state: State) -> None:
        if state == State.PREPARED:
            raise KilledError

    with acting(place) as (region, outbox, home):
        machine = Anchoring(region, outbox, outbox._journal.journal, home, AnchorOptions(observe=stop))
        with pytest.raises(KilledError):
            machine.anchor(AnchorOrder(find_upload(upload), PRODUCT, SOURCE, TAG_KEY))
        (row,) = machine.ledger.rows(unfinished=True)
        files = _files(home)
        with pytest.raises(NotAnchoredError):
            purge(region, outbox, home, PurgeOrder(machine.batches / (row.root or b"").hex(), INDICES, "asked for"))
        assert _files(home) == files


class Killer:
    """Ends the act at its step `at`: before or after anything that is written, sent or erased."""

    def __init__(self, at: int | None) -> None:
        self.at, self.steps = at, 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise KilledError

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            self.step()
            result = function(*arguments, **named)
            self.step()
            return result

        return stepping

    def writing(self, write: Callable[[Journal], Any]) -> Callable[[Journal], Any]:
        @contextmanager
        def stepping(journal: Journal) -> Iterator[Any]:
            self.step()
            with write(journal) as session:
                yield session
            self.step()

        return stepping


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], Any]:
    @contextmanager
    def until(at: int | None) -> Iterator[Killer]:
        killer = Killer(at)
        with monkeypatch.context() as patch:
            patch.setattr(Chain, "send", killer.around(Chain.send))
            patch.setattr(Journal, "write", killer.writing(Journal.write))
            patch.setattr(purging_act, "keep_reason", killer.around(purging_act.keep_reason))
            for name in ("_write", "_overwrite"):
                patch.setattr(purging_folder, name, killer.around(getattr(purging_folder, name)))
            yield killer

    return until


def test_killed_between_any_two_steps_it_is_finished_by_running_it_again(
    anchored: Anchored, tmp_path: Path, killing: Callable[[int | None], Any]
) -> None:
    at = 0
    while True:
        at += 1
        place = anchored.kept.fresh(tmp_path / str(at))
        with acting(place) as (region, outbox, home):
            order = PurgeOrder(
                home.region(region.deployment.log_id).batches / anchored.root.hex(), INDICES, "asked for"
            )
            size = region.log_size()
            with killing(at) as killer:
                try:
                    purge(region, outbox, home, order)
                    killed = False
                except KilledError:
                    killed = True
            if killed:
                _assert_never_gone_but_live(region, order.folder)
                purge(region, outbox, home, order)
            _assert_purged(region, order.folder)
            assert region.log_size() == size + len(INDICES), at
        if not killed:
            break
    assert killer.steps > 20


def _assert_never_gone_but_live(region: Region, batch: Path) -> None:
    """Content that the chain calls live must still be there."""
    final = region.chain.final_block().number
    with open_batch(batch) as folder:
        for index in INDICES:
            if region.record(SOURCE, folder.leaves[index].hash(), final).life == Life.LIVE:
                assert folder.document(index).content


def _assert_purged(region: Region, batch: Path) -> None:
    with open_batch(batch) as folder:
        lives = [region.record(SOURCE, leaf.hash()).life for leaf in folder.leaves]
    assert [index for index, life in enumerate(lives) if life == Life.ERASED] == list(INDICES)
    assert purging_folder.read_purges(batch).indices == frozenset(INDICES)


def _files(home: Home) -> dict[Path, bytes]:
    """Every file of the home but the journal's and the locks'."""
    found = home.regions.rglob("*")
    return {path: path.read_bytes() for path in found if path.is_file()}


def _transactions(outbox: Outbox) -> int:
    from sqlalchemy import func, select

    from creditchain.chain.outbox_journal import AttemptRow

    with outbox._journal.journal.read() as session:
        return session.scalars(select(func.count()).select_from(AttemptRow)).one()
