"""Audits without the command line: a wrong auditor, signer or list leaves home and chain as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from region_world import PLATFORM, REGULATOR, SOURCE, Place, anchor_documents, enter_book, region_of, write_list
from worlds import Kept, kept_region

from creditchain.acts.auditing import AuditOrder, attest, check_list
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.proving_faults import Publication, prove_disorder
from creditchain.batch.folder.leaf_list import read_leaves
from creditchain.chain.anchors import find_anchor
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import CreditchainError, InputError, NotValidError
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.audit import DisorderError


@dataclass(frozen=True)
class Audited:
    """A region with a batch in order and one out of order."""

    kept: Kept
    good: list[RecordPackage]
    bad: list[RecordPackage]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as kept:
        good = anchor_documents(kept.place, (2023, 2024), 1)
        enter_book(kept.place, good)
        bad = anchor_documents(kept.place, (2030, 2031), 2, unsorted=True)
        kept.keep()
        yield Audited(kept, good, bad)


@pytest.fixture
def place(world: Audited, tmp_path: Path) -> Place:
    return world.kept.fresh(tmp_path / "place")


@contextmanager
def acting(place: Place, key: int = REGULATOR) -> Iterator[tuple[Region, Outbox, Home]]:
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        yield region, region.outbox(dev_signer(key, region.chain), journal), home


OF = Publication(SOURCE, 1)


def order(auditor: int = REGULATOR, node: int = SOURCE) -> AuditOrder:
    return AuditOrder(auditor, Publication(node, 1))


def test_an_audit_is_kept_and_attested_once(world: Audited, place: Place, tmp_path: Path) -> None:
    listed = write_list(tmp_path / "list.leaves", world.good)
    with acting(place) as (region, outbox, home):
        audit = check_list(region, read_leaves(listed), OF)
        assert (audit.size, audit.subjects) == (6, 3)
        first = attest(region, outbox, home, [listed], order())
        size = region.log_size()
        assert attest(region, outbox, home, [listed], order()) == first
        assert attest(region, outbox, home, [], order()) == first
        assert region.log_size() == size
        anchor = find_anchor(region, SOURCE, 1, audit.root)
        assert anchor is not None
        assert anchor.audited
        kept = home.region(region.deployment.log_id).audited
        assert (kept / audit.root.hex()).is_dir()
        assert first.report.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "fault", ["signer", "platform", "nobody", "node", "short", "turned", "disorder", "no list", "missing"]
)
def test_a_fault_leaves_everything_as_it_was(world: Audited, place: Place, tmp_path: Path, fault: str) -> None:
    listed = write_list(tmp_path / "list.leaves", world.bad if fault == "disorder" else world.good)
    if fault == "short":
        write_list(listed, world.good[1:])
    elif fault == "turned":
        write_list(listed, world.good[::-1])  # out of order too, but nobody anchored that
    elif fault == "no list":
        listed.write_bytes(listed.read_bytes()[:-1])
    node = PLATFORM if fault == "node" else SOURCE
    auditor = {"platform": PLATFORM, "nobody": 99}.get(fault, REGULATOR)
    kinds: dict[str, type[CreditchainError]] = {
        "disorder": DisorderError,
        "signer": NotEntitledError,
        "node": NotValidError,
        "short": NotValidError,
        "turned": NotValidError,
    }
    with acting(place, key=PLATFORM if fault in ("signer", "platform") else REGULATOR) as (region, outbox, home):
        size, audited = region.log_size(), home.region(region.deployment.log_id).audited
        with pytest.raises(kinds.get(fault, InputError)) as refused:
            attest(region, outbox, home, [] if fault == "missing" else [listed], order(auditor, node))
        assert isinstance(refused.value, DisorderError) is (fault == "disorder")
        assert region.log_size() == size
        assert not audited.exists() or list(audited.iterdir()) == []


def test_disorder_is_found_and_proven(world: Audited, place: Place, tmp_path: Path) -> None:
    bad = read_leaves(write_list(tmp_path / "bad.leaves", world.bad))
    good = read_leaves(write_list(tmp_path / "good.leaves", world.good))
    with acting(place, key=9) as (region, outbox, _):
        with pytest.raises(DisorderError):
            check_list(region, bad, OF)
        size = region.log_size()
        with pytest.raises(InputError, match="in order"):
            prove_disorder(region, outbox, good, OF)
        with pytest.raises(InputError, match="anchored no batch"):
            prove_disorder(region, outbox, bad, Publication(PLATFORM, 1))
        assert region.log_size() == size
        assert prove_disorder(region, outbox, bad, OF).broken
        size = region.log_size()
        assert prove_disorder(region, outbox, bad, OF).broken
        assert region.log_size() == size


def test_what_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "text.leaves").write_text("x")
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "text.leaves", tmp_path / "empty"):
        with pytest.raises(InputError):
            read_leaves(source)
