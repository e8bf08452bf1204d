"""A five-part report with signed facts of ten million cells: whatever is changed in what is handed over, nothing that
is not valid becomes valid. Facts that are changed make nothing *not valid* either: what they do not show is not known.

The region is that of the benchmark, with small batches.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import pytest
from report_world import without

from altering import Path, altered
from creditchain.acts.reporting import assemble_from
from creditchain.acts.verifying import Judge, TrustedSigners, verify_signed
from creditchain.catalogue.products import catalogue
from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.facts import parse_region_facts
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.errors import InputError, NotValidError
from creditchain.hashing import keccak256
from creditchain.log.entries import StatusBody
from creditchain.log.record_cells import life_key
from creditchain.packages.report_package import ReportPackage, parse_report_package
from creditchain.reports import FolderLibrary
from creditchain.verification.verdict import Outcome, Status, Verdict
from creditchain.vocabulary import Life
from tools.bench import report, report_region
from tools.bench.report_region import LOG_ID, ORIGIN, TODAY, BenchRegion, Shape

PRODUCTS = {product.ref: product for product in catalogue(())}
JUDGE = Judge(PRODUCTS)
#: About so many of all alterations are tried in every run, and in slow runs, evenly over all.
SAMPLE, MANY = 24, 2500
Json = dict[str, Any]
#: What is altered, and what comes of it; None if the region's facts are refused.
Lie = tuple[Path, Callable[[], "Verdict | None"]]
#: What is told in every run, and what takes minutes.
SOME_OR_MANY = pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)])


@dataclass(frozen=True)
class Handed:
    """What is handed over: the package with its facts, and the region's facts."""

    package: Json
    shared: Json
    pinned: PinnedSigners

    @cached_property
    def kept(self) -> SignedFacts:
        """The region's facts as they are, read once for all lies about something else."""
        return self.read(self.shared)

    def read(self, shared: Json) -> SignedFacts:
        return SignedFacts(parse_region_facts(json.dumps(shared).encode()), self.pinned)

    def verdict(self, package: Json | None = None, shared: Json | None = None) -> Verdict | None:
        """The verdict as `verify --signers --region-facts` gives it; None if the region's facts are refused."""
        try:
            kept = self.kept if shared is None else self.read(shared)
        except (InputError, NotValidError):
            return None
        signing = TrustedSigners(ORIGIN, self.pinned, TODAY + 60, kept)
        (found,) = verify_signed([json.dumps(package or self.package).encode()], JUDGE, signing)
        return found

    def facts(self) -> Iterator[Lie]:
        """Every alteration of the facts of the package, and of the region's: what is altered, and what comes of it."""
        for path, facts in altered(self.package["facts"], pieces=10_000):
            yield ("package", *path), lambda facts=facts: self.verdict({**self.package, "facts": facts})  # type: ignore[misc]
        for path, shared in altered(self.shared, pieces=10_000):
            yield ("region", *path), lambda shared=shared: self.verdict(shared=shared)  # type: ignore[misc]

    def content(self) -> Iterator[Lie]:
        """Every alteration of the rest of the package."""
        rest = {name: value for name, value in self.package.items() if name != "facts"}
        for path, other in altered(rest, pieces=12):
            package = {**other, "facts": self.package["facts"]}
            yield path, lambda package=package: self.verdict(package)  # type: ignore[misc]


@dataclass(frozen=True)
class World:
    """A region, and a report that was assembled from it."""

    region: BenchRegion
    assembled: ReportPackage

    def handed(self, package: ReportPackage, bend: Callable[[BenchRegion], object] = lambda _: None) -> Handed:
        """The package, delivered and metered, with facts of the region after something happened there."""
        region = replace(self.region, facts=deepcopy(self.region.facts))
        delivered = report.delivered(region, package)
        bend(region)
        shown, raw, shared = report.with_facts(region, delivered)
        return Handed(json.loads(raw), json.loads(shared), shown.pinned)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder, product = tmp_path_factory.mktemp("region"), PRODUCTS[report.REPORT]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report_region, "BATCH", 40)
        patched.setattr(report_region, "ENTERPRISES", 10)
        batches = report_region.make_batches(folder, product)
        case = report.Case(batches, folder, PRODUCTS)
        region = report_region.make_region(folder, batches, Shape())
    with FolderLibrary(LOG_ID, [batches.today[0].path.parent], [region.books]) as library:
        made = assemble_from(report.fetcher(region.facts), case.wanted(), library, region.tags, keccak256(b"salt"))
    assert len(made.package.records) > 40
    return World(region, made.package)


@pytest.fixture(scope="module")
def honest(world: World) -> Handed:
    found = world.handed(world.assembled)
    assert found.verdict() is not None
    return found


@pytest.fixture(scope="module")
def revoked(world: World) -> Handed:
    """One record was revoked after the delivery."""
    record = world.assembled.records[5]
    shown = world.assembled.ranges[record.range]
    wanted = (record.record.section, record.record.product, record.record.commitment)
    leaf = next(one for one in shown.proof.leaves if (one.section, one.product, one.commitment) == wanted)

    def revoke(region: BenchRegion) -> None:
        body = StatusBody(shown.node, leaf.hash(), Life.REVOKED, bytes(32), keccak256(b"reason"))
        region.facts.append(body, {life_key(shown.node, leaf.hash()): Life.REVOKED | region.facts.time << 2})

    return world.handed(world.assembled, revoke)


@pytest.fixture(scope="module")
def left_out(world: World) -> Handed:
    """One record is neither shown nor named."""
    bad = world.assembled.records[7].record.salt
    return world.handed(without(world.assembled, lambda one: one.record.salt == bad))


def failing(verdict: Verdict | None) -> list[int]:
    assert verdict is not None
    return [step.number for step in verdict.steps if step.outcome is Outcome.FAILED]


def test_what_they_are_before_anything_is_altered(honest: Handed, revoked: Handed, left_out: Handed) -> None:
    found = honest.verdict()
    assert found is not None
    assert found.status is Status.VALID, [(one.number, one.reason.en) for one in found.steps]
    assert (failing(revoked.verdict()), failing(left_out.verdict())) == ([6], [9])
    assert parse_report_package(json.dumps(honest.package).encode()).facts is not None


def tell(lies: Callable[[], Iterator[Lie]], many: bool) -> Counter[tuple[str, str]]:
    """Tell many lies, or some; how often each member led to each status. Exceptions are not caught."""
    found: Counter[tuple[str, str]] = Counter()
    step = max(1, sum(1 for _ in lies()) // (MANY if many else SAMPLE))
    for path, verdict in islice(lies(), 0, None, step):
        told = verdict()
        refused = told is None or told.step(1).outcome is Outcome.FAILED
        status = "refused" if told is None or refused else str(told.status)
        found[" ".join(one for one in path if isinstance(one, str)), status] += 1
    assert sum(found.values()) >= (MANY if many else SAMPLE)
    return found


def statuses(found: Counter[tuple[str, str]]) -> set[str]:
    return {status for _, status in found}


def valid(found: Counter[tuple[str, str]]) -> set[str]:
    return {member for member, status in found if status == "valid"}


@SOME_OR_MANY
class TestAlteredFacts:
    def test_of_an_honest_report(self, honest: Handed, many: bool) -> None:
        found = tell(honest.facts, many)
        assert statuses(found) <= {"refused", "valid", "could not be checked"}
        # What decides nothing: the name of the file with the region's facts. Two of three signers are enough.
        harmless = {"package region_facts", "package checkpoint signatures", "region checkpoint signatures"}
        assert valid(found) <= harmless

    def test_of_a_report_with_a_revoked_record(self, revoked: Handed, many: bool) -> None:
        assert statuses(tell(revoked.facts, many)) <= {"refused", "not valid", "could not be checked"}

    def test_of_a_report_that_leaves_one_out(self, left_out: Handed, many: bool) -> None:
        assert statuses(tell(left_out.facts, many)) <= {"refused", "not valid", "could not be checked"}


@SOME_OR_MANY
class TestAlteredPackage:
    def test_of_an_honest_report(self, honest: Handed, many: bool) -> None:
        # Blocks and reads tell a verifier where to look, and these facts need no looking.
        assert valid(tell(honest.content, many)) <= {"ranges block", "origins block", "reads cells", "reads entries"}

    def test_of_a_report_with_a_revoked_record(self, revoked: Handed, many: bool) -> None:
        assert not valid(tell(revoked.content, many))

    def test_of_a_report_that_leaves_one_out(self, left_out: Handed, many: bool) -> None:
        assert not valid(tell(left_out.content, many))
