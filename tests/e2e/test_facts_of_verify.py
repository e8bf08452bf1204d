"""`verify` says on whose word facts are, and takes those that the verifier accepts: told, agreed, proven."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from lies import OneLie, every_lie
from region_world import GOVERNOR, PLATFORM, SOURCE, Place, anchor_documents, region_of, send
from tampering import Tampering, tampering
from worlds import kept_region

from creditchain.acts.checkpointing import set_signers, sign_checkpoint, signers_of
from creditchain.chain.networks import load_network
from creditchain.chain.signers import dev_signer
from creditchain.checkpoints.signers import CheckpointSigner, signers_file
from creditchain.cli.app import run
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life

Answer = dict[str, Any]
Verify = Callable[..., tuple[int, Any]]
SIGNERS = (31, 32)


@dataclass(frozen=True)
class World:
    """A region on Anvil whose signers signed a checkpoint, a good record and one that was revoked before that."""

    place: Place
    good: RecordPackage
    revoked: RecordPackage
    before: int  #: a block in which the second record was still live
    checkpoint: Path
    signers: Path
    url: str
    liar: Tampering


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("anvil")
    with kept_region("anvil", folder) as kept:
        place = kept.place
        good, revoked = anchor_documents(place, (2023,), 1)[:2]
        with region_of(place) as region:
            before = region.chain.head().number
            life = region.calls.set_life(SOURCE, leaf_of(revoked), Life.REVOKED, reason_digest=b"\1" * 32)
            send(place, region, SOURCE, "revoke", life)
            keys = [CheckpointSigner(dev_signer(number, region.chain).address, PLATFORM) for number in SIGNERS]
            with open_journal(place.folder / "home" / "journal.sqlite") as journal:
                set_signers(region, region.outbox(dev_signer(GOVERNOR, region.chain), journal), keys, 2)
            home, signed = Home.made(folder / "signers"), None
            for number in SIGNERS:
                signed = sign_checkpoint(region, dev_signer(number, region.chain), home, signed)
            assert signed is not None
            checkpoint, signers = folder / "checkpoint.json", folder / "signers.json"
            checkpoint.write_bytes(signed.to_json())
            signers.write_bytes(signers_file(signers_of(region).pinned(region.deployment.log_id)))
        url = str(load_network(place.network, place.networks_file).url)
        with tampering(url) as liar:
            yield World(place, good, revoked, before, checkpoint, signers, url, liar)


@pytest.fixture
def verify(world: World, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Verify]:
    def verify(package: RecordPackage, *words: str) -> tuple[int, Any]:
        file = tmp_path / "package.json"
        file.write_bytes(package.to_json())
        capfd.readouterr()
        code = run(["--json", *world.place.options, "verify", *words, str(file)])
        shown = capfd.readouterr()
        return code, json.loads(shown.out or shown.err)

    yield verify
    world.liar.divert, world.liar.alter = lambda request: request, lambda _, answer: answer


def signed_hash(world: World) -> list[str]:
    """Facts proven by the liar alone, under the hash that the signers signed."""
    words = ["--checkpoint", str(world.checkpoint), "--signers", str(world.signers)]
    return ["--facts", "proven", *words, "--rpc", world.liar.url]


def test_each_kind_is_named_in_the_verdict(world: World, verify: Verify) -> None:
    both = ["--rpc", world.url, "--rpc", world.liar.url]
    for words, basis, whose in (
        ((), "told", "one endpoint says so"),
        (("--facts", "told"), "told", "one endpoint says so"),
        (both, "agreed", "2 endpoints say the same"),
        (["--facts", "agreed", *both], "agreed", "2 endpoints say the same"),
        (["--facts", "proven", *both], "proven", "of which 2 endpoints say the same"),
        (signed_hash(world), "proven", "of which 2 signer(s) of a checkpoint say so"),
    ):
        code, found = verify(world.good, *words)
        assert code == 0, (words, found)
        facts = found[0]["facts"]
        assert facts["basis"] == basis
        assert whose in facts["whose"]["en"]
        kinds = [one["kind"] for one in found[0]["weaknesses"]]
        assert ("one endpoint's word" in kinds) is (basis == "told")
        assert verify(world.revoked, *words)[0] == 1


def test_confirmations_are_what_each_kind_can_tell(world: World, verify: Verify, tmp_path: Path) -> None:
    """Blocks of entries are neither signed nor proven: what is shown is the block of the facts."""
    policy = tmp_path / "policy.toml"
    both = ["--policy", str(policy), "--rpc", world.url, "--rpc", world.liar.url]
    signed_block = json.loads(world.checkpoint.read_bytes())["message"]["blockNumber"]

    def fourth(number: int, *words: str) -> tuple[int, str, Any]:
        policy.write_text(f'format = "creditchain/policy@1"\nconfirmations = {number}\n')
        code, found = verify(world.good, "--policy", str(policy), *words)
        step = found[0]["steps"][3]
        return code, step["reason"]["en"], step["details"]

    code, reason, details = fourth(1, *both)
    assert (code, details["block"]) == (0, world.good.batch.block)
    assert reason.endswith(f"of the log, in block {world.good.batch.block}")
    depth = details["read_at"] - details["block"]
    code, reason, _ = fourth(depth + 1, *both)
    assert (code, reason) == (3, f"{depth} of {depth + 1} confirmations")
    code, reason, details = fourth(1_000_000, *signed_hash(world))
    assert (code, details["at_or_before"]) == (0, signed_block)
    assert reason.endswith(f"of the log, in block {signed_block} or before")
    assert "block" not in details
    assert fourth(0, "--facts", "proven", *both)[0] == 0
    code, reason, _ = fourth(1, "--facts", "proven", *both)
    assert code == 3
    assert "1 confirmations cannot be counted, since no proof tells an entry's block" in reason


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--facts", "proven"], "one endpoint's word for that hash proves nothing"),
        (["--facts", "agreed"], "these facts would be told"),
        (["--facts", "signed"], "signed facts are worth what their signers are"),
        (["--facts", "believed"], "no such name"),
        (["--facts", "proven", "--checkpoint", "checkpoint.json"], "worth what its signers are"),
    ],
)
def test_facts_that_cannot_be_had_so(verify: Verify, world: World, words: list[str], message: str) -> None:
    code, found = verify(world.good, *words)
    assert code == 2
    assert message in json.dumps(found)


def test_told_facts_where_the_network_does_not_say_so(world: World, verify: Verify, tmp_path: Path) -> None:
    """One endpoint of a chain that is not on this machine: nothing is valid by its word alone."""
    assert world.place.networks_file is not None
    text = world.place.networks_file.read_text()
    world.place.networks_file.write_text(text.replace("told = true\n", ""))
    try:
        code, found = verify(world.good)
        assert code == 3
        assert "does not accept facts that are told" in found[0]["steps"][3]["reason"]["en"]
        assert verify(world.revoked)[0] == 3
        assert verify(world.good, *signed_hash(world))[0] == 0
        policy = tmp_path / "policy.toml"
        policy.write_text('format = "creditchain/policy@1"\n[facts]\naccepted = ["told"]\n')
        assert verify(world.good, "--policy", str(policy))[0] == 0
        assert verify(world.good, "--policy", str(policy), *signed_hash(world))[0] == 3
    finally:
        world.place.networks_file.write_text(text)


def test_a_lone_liar_under_a_hash_that_signers_signed(world: World, verify: Verify) -> None:
    """What it was told alone, it believed: an older state, an invented anchor. Proven facts believe neither."""
    invented = replace(world.good, batch=replace(world.good.batch, root=b"\2" * 32, proof=(b"\3" * 32,)))
    real, wrong = world.good.batch.root.hex(), invented.batch.root.hex()
    told = ["--rpc", world.liar.url]

    def older(request: Answer) -> Answer:
        if request["method"] in ("eth_call", "eth_getProof"):
            return {**request, "params": [*request["params"][:-1], hex(world.before)]}
        return request

    world.liar.divert = older
    assert verify(world.revoked, *told)[0] == 0
    code, found = verify(world.revoked, *signed_hash(world))
    assert code == 3
    assert "does not prove what it answers to eth_getProof" in found[0]["steps"][3]["reason"]["en"]

    world.liar.divert = lambda request: request
    # What was read and checked before is not asked again, and would give the truth.
    with region_of(world.place) as region:
        shutil.rmtree(Home(world.place.folder / "home").region(region.deployment.log_id).index, ignore_errors=True)
    world.liar.alter = lambda _, answer: json.loads(json.dumps(answer).replace(real, wrong))
    assert "failed" not in {step["outcome"] for step in verify(invented, *told)[1][0]["steps"][3:5]}
    code, found = verify(invented, *signed_hash(world))
    assert code == 3
    assert "do not give its root" in found[0]["steps"][3]["reason"]["en"]


def test_an_endpoint_without_proofs_is_not_asked_in_another_way(world: World, verify: Verify) -> None:
    def alter(request: Answer, answer: Answer) -> Answer:
        if request["method"] != "eth_getProof":
            return answer
        error = {"code": -32601, "message": "the method eth_getProof does not exist/is not available"}
        return {"jsonrpc": "2.0", "id": answer["id"], "error": error}

    world.liar.alter = alter
    code, found = verify(world.good, *signed_hash(world))
    assert code == 3
    assert "eth_getProof" in found[0]["steps"][3]["reason"]["en"]
    assert found[0]["facts"] is None


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "never"), [("revoked", 0), ("good", 1)])
def test_every_answer_altered_in_every_way_by_a_lone_liar(world: World, verify: Verify, kind: str, never: int) -> None:
    """Under a hash that signers signed, one endpoint that lies about everything makes nothing valid that is not."""
    package, words = getattr(world, kind), signed_hash(world)

    def tried(lie: OneLie) -> None:
        code, found = verify(package, *words)
        assert code != never, (lie.told, found)

    assert every_lie(world.liar, tried) > 30
