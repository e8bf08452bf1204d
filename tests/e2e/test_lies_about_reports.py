"""An endpoint that lies about everything that verifying a report needs: alone, under a hash that signers signed, or
beside an honest one. Nothing that is not valid becomes valid, and nothing that is valid becomes *not valid*.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import Answer
from lies import OneLie, every_lie, some_lies
from region_world import SOURCE, region_of, send
from report_market import Market, delivered, failed, opened, prepare, signed_now, without
from tampering import Tampering, tampering
from worlds import kept_region

from creditchain.chain.networks import load_network
from creditchain.documents import leaf_hash
from creditchain.errors import ExitCode
from creditchain.home.layout import Home
from creditchain.packages.report_package import RangedRecord, ReportPackage
from creditchain.vocabulary import Life


@dataclass(frozen=True)
class World:
    """Reports of a region on Anvil, a checkpoint of its signers, and a liar in front of the node."""

    market: Market
    honest: ReportPackage
    left_out: ReportPackage  #: a record is neither shown nor named
    revoked: ReportPackage  #: one of its records was revoked after the delivery
    checkpoint: Path
    url: str
    liar: Tampering

    def words(self, how: str) -> list[str]:
        """How `verify` gets its facts."""
        if how == "proven":
            signers = str(self.checkpoint.with_name("signers.json"))
            return ["--facts", how, "--checkpoint", str(self.checkpoint), "--signers", signers, "--rpc", self.liar.url]
        both = [self.liar.url, self.url] if how == "liar first" else [self.url, self.liar.url]
        return [word for url in both for word in ("--rpc", url)]

    def forget(self) -> None:
        """Remove the index of the log, so that its entries are asked for again."""
        with region_of(self.market.place) as region:
            index = Home(self.market.place.folder / "home").region(region.deployment.log_id).index
        shutil.rmtree(index, ignore_errors=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("market")
    with kept_region("anvil", folder, prepare) as kept, ExitStack() as stack:
        market = opened(kept.place)
        before = market.assembled(folder)
        gone = before.records[0]
        revoke(market, before, gone)
        assembled = market.assembled(folder)
        assert len(assembled.records) == len(before.records) - 1
        last = assembled.records[-1]
        reports = assembled, without(assembled, lambda one: one is last), before
        honest, left_out, revoked = (delivered(market, one) for one in reports)
        checkpoint = signed_now(market, folder / "checkpoint.json")
        url = str(load_network(kept.place.network, kept.place.networks_file).url)
        yield World(market, honest, left_out, revoked, checkpoint, url, stack.enter_context(tampering(url)))


def revoke(market: Market, package: ReportPackage, one: RangedRecord) -> None:
    tag, record = package.tags[0].tag.subject_tag, one.record
    leaf = leaf_hash(tag, record.section, record.product, record.commitment)
    with region_of(market.place) as region:
        call = region.calls.set_life(SOURCE, leaf, Life.REVOKED, reason_digest=b"\1" * 32)
        send(market.place, region, SOURCE, "revoke", call)


HOW = ("proven", "liar first", "liar last")
#: Each report, the step that fails without a lie, and the exit code that no lie may lead to.
KINDS = (("honest", [], 1), ("left_out", [9], 0), ("revoked", [6], 0))


def judged(world: World, folder: Path, kind: str, how: str) -> Answer:
    world.forget()
    return world.market.verifying(getattr(world, kind), folder, *world.words(how))


@pytest.fixture
def honestly(world: World) -> Iterator[None]:
    """Whatever was told, nothing is told afterwards."""
    yield
    world.liar.alter = lambda _, answer: answer


@pytest.mark.parametrize("how", HOW)
def test_without_a_lie(world: World, tmp_path: Path, how: str) -> None:
    for kind, wrong, never in KINDS:
        answer = judged(world, tmp_path, kind, how)
        (found,) = answer.value
        assert (answer.code, failed(found)) == (1 - never, wrong), (kind, found["steps"])
        assert found["facts"]["basis"] == ("proven" if how == "proven" else "agreed")


def tell(world: World, folder: Path, kind: str, how: str, never: int) -> Callable[[OneLie], None]:
    def tried(lie: OneLie) -> None:
        answer = judged(world, folder, kind, how)
        if answer.value is not None:
            assert answer.code in {0, 1, 3} - {never}, (lie.told, answer.value)
        else:  # by its own word it is a node of another chain: no verdict
            assert answer.code == ExitCode.REFUSED, (lie.told, answer.error)
            assert answer.error["kind"] == "WrongChainError", (lie.told, answer.error)

    return tried


@pytest.mark.usefixtures("honestly")
@pytest.mark.parametrize("how", HOW)
def test_some_answers_altered(world: World, tmp_path: Path, how: str) -> None:
    for kind, _, never in KINDS[1:]:
        assert some_lies(world.liar, tell(world, tmp_path, kind, how, never), 8) > 1


@pytest.mark.slow
@pytest.mark.usefixtures("honestly")
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("kind", "never"), [(kind, never) for kind, _, never in KINDS])
def test_every_answer_altered_in_every_way(world: World, tmp_path: Path, kind: str, never: int, how: str) -> None:
    assert every_lie(world.liar, tell(world, tmp_path, kind, how, never)) > 60
