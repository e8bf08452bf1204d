"""An endpoint that lies about one field of a block's header, in every way, wherever a verification asks for a block.

It is alone, or beside an honest one; facts are told, agreed, or proven under a hash that both name or that is trusted.
What comes of a lie follows from who reads the field. Nothing else may come of it, and no lie makes anything valid or
not valid that is not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from itertools import zip_longest
from typing import Any

import pytest
from lying_wire import LyingWire, RememberingWire
from region_world import SOURCE, anchor_documents, chain_of, region_of, send
from worlds import kept_region

from creditchain.acts.verifying import Judge, verify_packages
from creditchain.catalogue.products import catalogue
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment, load_deployment
from creditchain.chain.errors import WrongChainError
from creditchain.chain.networks import Network
from creditchain.chain.region import Region
from creditchain.chain.rpc import Wire
from creditchain.evidence.sources import TrustedBlock
from creditchain.log.facts import Basis
from creditchain.verification.steps import leaf_of
from creditchain.verification.verdict import Status, Text, Verdict
from creditchain.vocabulary import Life
from header_lies import READ, Block, HeaderLie, header_lies

PRODUCTS = {one.ref: one for one in catalogue(())}
SLOW = pytest.mark.slow
#: What is told in every run about each answer: the fields that all read, altered, and of so many lies one.
EACH = 100


class Reading(Enum):
    """Who reads a block that is answered."""

    HASHED = "its header is hashed here, all fields of it"
    COMPARED = "number, hash and time are those that all endpoints name, or that the deployment names"
    NEWEST = "its number says how far the endpoint is; where it is alone, it is the block of the facts"


class Effect(Enum):
    """What has to come of a lie."""

    NONE = "the same verdict, to the letter"
    NAMED = "no verdict, and the reason names the endpoint and the call"
    WRONG_CHAIN = "by its own word it is a node of another chain"
    BELIEVED = "it is the word of one endpoint, and counts as no more than that"


@dataclass(frozen=True)
class How:
    """Whence facts come."""

    basis: Basis
    liar: str  #: "alone", "first" or "last"

    @property
    def alone(self) -> bool:
        return self.liar == "alone"

    def __str__(self) -> str:
        return f"{self.basis}-{self.liar}"


HOW = (
    *(How(Basis.TOLD, "alone"), How(Basis.AGREED, "first"), How(Basis.AGREED, "last")),
    *(How(Basis.PROVEN, "alone"), How(Basis.PROVEN, "first"), How(Basis.PROVEN, "last")),
)


def effect_of(lie: HeaderLie, reading: Reading, how: How) -> Effect:
    if reading is Reading.HASHED:
        return Effect.NAMED if lie.altered else Effect.NONE
    read = lie.altered & set(READ)
    if not read:
        return Effect.NONE
    if lie.misshapen:
        return Effect.NAMED
    if reading is Reading.NEWEST:
        if how.alone:
            return Effect.BELIEVED
        return Effect.NAMED if "number" in read else Effect.NONE
    if "number" in read or not how.alone:
        return Effect.NAMED
    return Effect.WRONG_CHAIN if "hash" in read else Effect.NONE


#: Given a block that the liar answers, and who reads it: the block that goes out.
Bend = Callable[[Reading, Block], Any]


@dataclass(frozen=True)
class World:
    """A region with a good record and one that was revoked, in a package each, and the way to its chain."""

    network: Network
    wire: Wire
    deployment: Deployment
    trusted: TrustedBlock
    packages: dict[Status, bytes]  #: by what is true of them

    def verdict(self, how: How, package: bytes, bend: Bend) -> Verdict:
        """What `verify` finds if an endpoint alters blocks. Raises WrongChainError."""
        liar, honest = LyingWire(self.wire), LyingWire(self.wire, name="honest")

        def alter(method: str, result: Any) -> Any:
            return bend(_reading(liar), result) if method.startswith("eth_getBlockBy") else result

        liar.alter = alter
        first, *others = {"alone": [liar], "first": [liar, honest], "last": [honest, liar]}[how.liar]
        witnesses = tuple(one.name for one in others)
        network = replace(self.network, witnesses=witnesses, catch_up_seconds=0.0)
        trusted = self.trusted if how.basis is Basis.PROVEN and how.alone else None

        @contextmanager
        def connected() -> Iterator[Region]:
            yield Region(Chain(network, first, others), self.deployment)

        (found,) = verify_packages([package], Judge(PRODUCTS, basis=how.basis, trusted=trusted), connected)
        return found

    def honestly(self, how: How, package: bytes) -> tuple[Verdict, list[tuple[Reading, Block]]]:
        """What is found without a lie, and the blocks that the liar answers meanwhile."""
        answered: list[tuple[Reading, Block]] = []

        def record(reading: Reading, block: Block) -> Block:
            answered.append((reading, block))
            return block

        return self.verdict(how, package, record), answered


def _reading(liar: LyingWire) -> Reading:
    """Who reads the block that is answered now."""
    if "eth_getProof" in liar.trips[-1]:
        return Reading.HASHED
    return Reading.NEWEST if liar.asked["params"][0] == "latest" else Reading.COMPARED


@pytest.fixture(scope="module", params=["embedded", *(pytest.param(one, marks=SLOW) for one in ("anvil", "ganache"))])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kept_region(request.param, tmp_path_factory.mktemp("place")) as kept:
        place = kept.place
        good, revoked = anchor_documents(place, (2023,), 1)[:2]
        with region_of(place) as region:
            call = region.calls.set_life(SOURCE, leaf_of(revoked), Life.REVOKED, reason_digest=b"\1" * 32)
            send(place, region, SOURCE, "revoke", call)
        packages = {Status.VALID: good.to_json(), Status.NOT_VALID: revoked.to_json()}
        deployment = load_deployment(place.network, place.folder / "deployments")
        with chain_of(place) as chain:
            trusted = TrustedBlock(chain.final_block(), Text("the test says so", "测试所述"))
            yield World(chain.network, RememberingWire(chain._endpoint._wire), deployment, trusted, packages)


def told(world: World, how: How, package: bytes, position: int, lie: Block) -> Verdict | None:
    """The verdict with the block answered at this position replaced; None: by its own word it is another chain."""
    seen = iter(range(10**6))
    try:
        return world.verdict(how, package, lambda _, block: lie if next(seen) == position else block)
    except WrongChainError:
        return None


def came_of(found: Verdict | None, honest: Verdict) -> Effect:
    if found is None:
        return Effect.WRONG_CHAIN
    if found == honest:
        return Effect.NONE
    assert found.status is Status.COULD_NOT_CHECK
    reasons = " ".join(step.reason.en for step in found.steps)
    assert "liar" in reasons, reasons
    assert "eth_getBlockBy" in reasons, reasons
    return Effect.NAMED


def chosen(block: Block, position: int, each: int) -> list[HeaderLie]:
    """One of so many lies about a block, others at each position, and those that alter what everybody reads."""
    lies = list(header_lies(block))
    first = position * 7 % each
    return [
        lie
        for at, lie in enumerate(lies)
        if at % each == first or (lie.field in READ and lie.way in ("altered", "raised"))
    ]


def at_once(block: Block, lies: Sequence[HeaderLie]) -> Iterator[Block]:
    """Blocks that tell all these lies, in each of them one about each field."""
    fields = [[lie for lie in lies if lie.field == field] for field in dict.fromkeys(lie.field for lie in lies)]
    for group in zip_longest(*fields):
        told_now = [lie for lie in group if lie is not None]
        given = {lie.field: lie.block[lie.field] for lie in told_now if lie.field in lie.block}
        yield {**{name: block[name] for name in block.keys() - {lie.field for lie in told_now}}, **given}


def tell(world: World, how: How, truth: Status, each: int) -> Counter[tuple[Reading, Effect]]:
    """Tell lies about each block that is answered; how often each effect was seen."""
    honest, answered = world.honestly(how, world.packages[truth])
    assert honest.status is truth
    seen: Counter[tuple[Reading, Effect]] = Counter()
    for position, (reading, block) in enumerate(answered):
        lies = chosen(block, position, each)
        seen.update((reading, effect_of(lie, reading, how)) for lie in lies)
        # What changes nothing is told together, since each takes a whole verification.
        harmless = [lie for lie in lies if effect_of(lie, reading, how) is Effect.NONE and not lie.rehashed]
        for together in at_once(block, harmless):
            found = told(world, how, world.packages[truth], position, together)
            assert came_of(found, honest) is Effect.NONE, (reading, together, found)
        for lie in (lie for lie in lies if lie not in harmless):
            found, expected = told(world, how, world.packages[truth], position, lie.block), effect_of(lie, reading, how)
            if expected is not Effect.BELIEVED:
                assert came_of(found, honest) is expected, (reading, str(lie), found)
            else:
                assert found is not None, (reading, str(lie))
                # Another block may be of another truth; by another time, a statement is not yet signed.
                late = {Status.COULD_NOT_CHECK} if "timestamp" in lie.altered else set()
                assert found.status in {truth, *late} or "number" in lie.altered, (reading, str(lie), found)
    return seen


@pytest.mark.parametrize("truth", [Status.VALID, Status.NOT_VALID])
@pytest.mark.parametrize("how", HOW, ids=str)
def test_some_lies(world: World, how: How, truth: Status) -> None:
    seen = tell(world, how, truth, EACH)
    assert {effect for _, effect in seen} >= {Effect.NONE, Effect.NAMED}


@SLOW
@pytest.mark.parametrize("truth", [Status.VALID, Status.NOT_VALID])
@pytest.mark.parametrize("how", HOW, ids=str)
def test_every_lie(world: World, how: How, truth: Status) -> None:
    seen = tell(world, how, truth, 1)
    print(sum(seen.values()), seen)  # shown by `pytest -rP`
    assert min(seen[reading, Effect.NONE] for reading, _ in seen) > 40
    named = Counter(reading for reading, effect in seen.elements() if effect is Effect.NAMED)
    assert min(named.values()) > 40
