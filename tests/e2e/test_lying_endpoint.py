"""An endpoint that lies, named before or after an honest one: what is not valid never becomes valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from lies import OneLie, every_lie
from region_world import SOURCE, anchor_documents, region_of, send
from tampering import Tampering, tampering
from worlds import Kept, kept_region

from creditchain.chain.networks import load_network
from creditchain.cli.app import run
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life

Answer = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A region on Anvil with a good record and one that was revoked later, and a liar in front of the node."""

    kept: Kept
    good: RecordPackage
    revoked: RecordPackage
    before: int  #: a block in which the second record was still live
    url: str
    liar: Tampering


@pytest.fixture(scope="module")
def anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with kept_region("anvil", tmp_path_factory.mktemp("anvil")) as kept, ExitStack() as stack:
        good, revoked = anchor_documents(kept.place, (2023,), 1)[:2]
        with region_of(kept.place) as region:
            before = region.chain.head().number
            call = region.calls.set_life(SOURCE, leaf_of(revoked), Life.REVOKED, reason_digest=b"\1" * 32)
            send(kept.place, region, SOURCE, "revoke", call)
        url = str(load_network(kept.place.network, kept.place.networks_file).url)
        liar = stack.enter_context(tampering(url))
        kept.keep()
        yield World(kept, good, revoked, before, url, liar)


@pytest.fixture
def verify(
    anchored: World, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., tuple[int, Any]]]:
    place = anchored.kept.fresh(tmp_path / "place")

    def verify(package: RecordPackage, *urls: str, words: Sequence[str] = ()) -> tuple[int, Any]:
        file = tmp_path / "package.json"
        file.write_bytes(package.to_json())
        capfd.readouterr()
        named = (word for url in urls for word in ("--rpc", url))
        code = run(["--json", *place.options, "verify", *named, *words, str(file)])
        shown = capfd.readouterr()
        return code, json.loads(shown.out or shown.err)

    yield verify
    anchored.liar.divert, anchored.liar.alter = lambda request: request, lambda _, answer: answer


def either_way(world: World) -> list[tuple[str, str]]:
    return [(world.liar.url, world.url), (world.url, world.liar.url)]


def test_a_revoked_record_shown_as_it_was_before(anchored: World, verify: Callable[..., tuple[int, Any]]) -> None:
    def divert(request: Answer) -> Answer:
        if request["method"] != "eth_call":
            return request
        return {**request, "params": [request["params"][0], hex(anchored.before)]}

    assert verify(anchored.revoked, anchored.url)[0] == 1
    anchored.liar.divert = divert
    assert verify(anchored.revoked, anchored.liar.url)[0] == 0, "told by it alone, the lie is believed"
    for urls in either_way(anchored):
        code, found = verify(anchored.revoked, *urls)
        assert code == 3
        reason = found[0]["steps"][3]["reason"]["en"]
        assert "the endpoints disagree about eth_call" in reason


def test_a_newest_block_from_before_the_revocation(anchored: World, verify: Callable[..., tuple[int, Any]]) -> None:
    """The liar alters nothing as of a block: it only hides the newest ones, so that the record is still live."""

    def divert(request: Answer) -> Answer:
        newest = request["method"] == "eth_getBlockByNumber" and request["params"][0] == "latest"
        return {**request, "params": [hex(anchored.before), False]} if newest else request

    anchored.liar.divert = divert
    assert verify(anchored.revoked, anchored.liar.url)[0] == 0, "told by it alone, the lie is believed"
    for facts in ([], ["--facts", "proven"]):
        for urls in either_way(anchored):
            code, found = verify(anchored.revoked, *urls, words=facts)
            assert code == 3, found
            reason = found[0]["steps"][3]["reason"]["en"]
            assert "the endpoints disagree about the newest final block (eth_getBlockByNumber)" in reason
            assert f"block {anchored.before} by {anchored.liar.url}" in reason


@pytest.mark.slow
@pytest.mark.parametrize("liar_first", [True, False])
@pytest.mark.parametrize(("kind", "never"), [("revoked", 0), ("good", 1)])
def test_every_answer_altered_in_every_way(
    anchored: World, verify: Callable[..., tuple[int, Any]], kind: str, never: int, liar_first: bool
) -> None:
    """Nothing makes the revoked record valid, and nothing makes the good one *not valid*."""
    package, urls = getattr(anchored, kind), either_way(anchored)[0 if liar_first else 1]

    def tried(lie: OneLie) -> None:
        code, found = verify(package, *urls)
        assert code != never, (lie.told, found)

    assert every_lie(anchored.liar, tried) > 30


def test_a_view_that_reverts(anchored: World, verify: Callable[..., tuple[int, Any]]) -> None:
    """No view that a verification needs does: the endpoint that says so is named."""

    def alter(request: Answer, answer: Answer) -> Answer:
        reverted = {"code": 3, "message": "execution reverted", "data": "0x"}
        return answer if request["method"] != "eth_call" else {"jsonrpc": "2.0", "id": answer["id"], "error": reverted}

    anchored.liar.alter = alter
    for urls in either_way(anchored):
        code, found = verify(anchored.good, *urls)
        assert code == 3
        assert f"the endpoint {anchored.liar.url} refused eth_call" in found[0]["steps"][3]["reason"]["en"]


def test_an_invented_record(anchored: World, verify: Callable[..., tuple[int, Any]]) -> None:
    """The liar gives the anchor of another root for a root that nobody anchored."""
    invented = replace(anchored.good, batch=replace(anchored.good.batch, root=b"\2" * 32))
    real, wrong = anchored.good.batch.root.hex(), invented.batch.root.hex()

    def divert(request: Answer) -> Answer:
        return json.loads(json.dumps(request).replace(wrong, real))  # type: ignore[no-any-return]

    anchored.liar.divert = divert
    for urls in either_way(anchored):
        code, _ = verify(invented, *urls)
        assert code in (1, 3)
