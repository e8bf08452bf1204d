"""A record's life without the command line: if anything is wrong, no reason is kept and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from region_world import PLATFORM, SOURCE, Place, anchor_documents, region_of
from worlds import Kept, kept_region

from creditchain.acts.given_records import GivenRecord
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.recording import set_life
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import CreditchainError, InputError, RefusedError
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.reasons import ReasonError
from creditchain.log.views import RecordName
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life


@dataclass(frozen=True)
class Anchored:
    """A region with one batch, and its packages."""

    kept: Kept
    packages: list[RecordPackage]


@pytest.fixture(scope="module")
def anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as kept:
        packages = anchor_documents(kept.place, (2024,), 1)
        kept.keep()
        yield Anchored(kept, packages)


@pytest.fixture
def place(anchored: Anchored, tmp_path: Path) -> Place:
    return anchored.kept.fresh(tmp_path / "place")


@contextmanager
def acting(place: Place, key: int = SOURCE) -> Iterator[tuple[Region, Outbox, Home]]:
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        yield region, region.outbox(dev_signer(key, region.chain), journal), home


def given(package: RecordPackage) -> GivenRecord:
    return GivenRecord(RecordName(package.batch.node, leaf_of(package)), package)


def test_each_life_once_and_again_without_harm(anchored: Anchored, place: Place) -> None:
    record, later = given(anchored.packages[0]), given(anchored.packages[1])
    with acting(place) as (region, outbox, home):
        first = set_life(region, outbox, home, record, Life.SUPERSEDED, "newer", later)
        assert first.state.life == Life.SUPERSEDED
        size = region.log_size()
        assert set_life(region, outbox, home, record, Life.SUPERSEDED, "newer", later) == first
        assert region.log_size() == size
        erased = set_life(region, outbox, home, GivenRecord(record.name), Life.ERASED, "over")
        assert erased.state.life == Life.ERASED
        with pytest.raises(RefusedError, match="does not go back"):
            set_life(region, outbox, home, record, Life.REVOKED, "wrong")
        with pytest.raises(ReasonError):
            set_life(region, outbox, home, record, Life.ERASED, "another word")


@pytest.mark.parametrize(
    "fault",
    [
        "signer",
        "forged",
        "another log",
        "another name",
        "no reason",
        "no successor",
        "itself",
        "another node",
        "not wanted",
    ],
)
def test_a_fault_leaves_everything_as_it_was(anchored: Anchored, place: Place, fault: str) -> None:
    package, later = anchored.packages[0], given(anchored.packages[1])
    record, successor, life, reason = given(package), None, Life.REVOKED, "wrong"
    if fault == "forged":
        record = given(replace(package, record=replace(package.record, salt=bytes(32))))
    elif fault == "another log":
        record = given(replace(package, batch=replace(package.batch, log_id=bytes(32))))
    elif fault == "another name":
        record = GivenRecord(later.name, package)
    elif fault == "no reason":
        reason = ""
    elif fault == "no successor":
        life = Life.SUPERSEDED
    elif fault == "itself":
        life, successor = Life.SUPERSEDED, record
    elif fault == "another node":
        life, successor = Life.SUPERSEDED, GivenRecord(RecordName(PLATFORM, later.name.leaf))
    elif fault == "not wanted":
        successor = later
    kinds: dict[str, type[CreditchainError]] = {"no reason": ReasonError, "signer": NotEntitledError}
    with acting(place, key=PLATFORM if fault == "signer" else SOURCE) as (region, outbox, home):
        size, reasons = region.log_size(), home.region(region.deployment.log_id).reasons
        with pytest.raises(kinds.get(fault, InputError)):
            set_life(region, outbox, home, record, life, reason, successor)
        assert region.log_size() == size
        assert not reasons.exists() or list(reasons.iterdir()) == []
