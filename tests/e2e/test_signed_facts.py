"""Packages that carry what their verification needs under a checkpoint: verified by pinned signers, and no endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from commands import Commands
from region_world import GOVERNOR, PLATFORM, SOURCE, Place, anchor_documents, enter_book, region_of, send
from worlds import kept_region

from altering import altered
from creditchain.acts.checkpointing import set_signers, sign_checkpoint, signers_of
from creditchain.acts.showing_facts import open_signed, region_facts, with_facts
from creditchain.chain.signers import dev_signer
from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import facts_digest, parse_region_facts, read_facts, region_facts_file
from creditchain.checkpoints.file import SignedCheckpoint
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.checkpoints.signers import CheckpointSigner, signers_file
from creditchain.errors import InputError
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.log.cells import NO_WORD, cell_key
from creditchain.log.facts import Basis, EntryPlace, MissingFactError
from creditchain.log.record_cells import life_key
from creditchain.packages.record_package import RecordPackage, parse_package
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life, Space

SIGNERS = (31, 32, 33)


@dataclass(frozen=True)
class World:
    """A region with an earlier and a later checkpoint; a record that was revoked before the first, one in between."""

    place: Place
    folder: Path
    good: RecordPackage
    revoked: RecordPackage
    revoked_later: RecordPackage
    late: RecordPackage  #: anchored after the first checkpoint
    early: SignedCheckpoint
    later: SignedCheckpoint
    pinned: PinnedSigners

    def carrying(self, package: RecordPackage, *, shared: bytes | None = None, late: bool = False) -> RecordPackage:
        """The package with its facts."""
        with region_of(self.place) as region:
            home = Home(self.place.folder / "home")
            return with_facts(region, open_signed(region, home, self.later if late else self.early, shared), package)

    def region_facts(self) -> bytes:
        """What the region's packages share under the first checkpoint."""
        with region_of(self.place) as region:
            return region_facts(open_signed(region, Home(self.place.folder / "home"), self.early))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("signed")
    with kept_region("embedded", folder / "place") as kept:
        place = kept.place
        batches = [anchor_documents(place, (2021, 2022), 1)]
        enter_book(place, *batches)
        good, revoked, later = batches[0][:3]
        with region_of(place) as region:
            keys = [CheckpointSigner(dev_signer(number, region.chain).address, PLATFORM) for number in SIGNERS]
            with open_journal(place.folder / "home" / "journal.sqlite") as journal:
                set_signers(region, region.outbox(dev_signer(GOVERNOR, region.chain), journal), keys, 2)

            def revoke(package: RecordPackage) -> None:
                leaf = leaf_of(package)
                call = region.calls.set_life(SOURCE, leaf, Life.REVOKED, reason_digest=b"\1" * 32)
                send(place, region, SOURCE, f"revoke {leaf.hex()}", call)

            def sign() -> SignedCheckpoint:
                signed = None
                for number in SIGNERS[:2]:
                    signed = sign_checkpoint(region, dev_signer(number, region.chain), home, signed)
                assert signed is not None
                return signed

            home = Home.made(folder / "signers")
            revoke(revoked)
            early = sign()
            revoke(later)
        late = anchor_documents(place, (2023,), 2)[0]
        with region_of(place) as region:
            last = sign()
            pinned = signers_of(region).pinned(region.deployment.log_id)
        (folder / "signers.json").write_bytes(signers_file(pinned))
        yield World(place, folder, good, revoked, later, late, early, last, pinned)


Verify = Callable[..., tuple[int, Any]]


@pytest.fixture
def verify(world: World, tmp_path: Path) -> Verify:
    """`verify` with a network whose endpoint is not there: whoever asks it gets no answer."""
    networks = tmp_path / "networks.toml"
    networks.write_text('[embedded]\nkind = "rpc"\nurl = "http://127.0.0.1:9"\n')
    place = replace(world.place, networks_file=networks)
    commands = At(place)

    def verify(package: RecordPackage, *words: str) -> tuple[int, Any]:
        file = tmp_path / "package.json"
        file.write_bytes(package.to_json())
        answer = commands("verify", "--signers", str(world.folder / "signers.json"), *words, str(file))
        return answer.code, answer.value

    return verify


class At(Commands):
    """Commands with the options of a place."""

    def __init__(self, place: Place) -> None:
        self._options = place.options


def test_a_record_is_verified_without_an_endpoint(world: World, verify: Verify) -> None:
    code, found = verify(world.carrying(world.good))
    assert code == 0
    facts, message = found[0]["facts"], world.early.message
    assert (facts["basis"], facts["block"]["number"]) == ("signed", message.block_number)
    assert facts["whose"]["en"] == "2 pinned signer(s) signed the checkpoint, 2 needed"
    assert [one["kind"] for one in found[0]["weaknesses"]] == ["unaudited"]
    fourth = found[0]["steps"][3]
    assert fourth["details"]["at_or_before"] == message.block_number > world.good.batch.block
    assert fourth["reason"]["en"].endswith(f"of the log, in block {message.block_number} or before")
    assert verify(world.carrying(world.good, late=True))[0] == 0
    assert parse_package(world.carrying(world.good).to_json()) == world.carrying(world.good)


def test_signers_sign_final_blocks_only(world: World, verify: Verify, tmp_path: Path) -> None:
    """So there are as many confirmations as a policy may want."""
    policy = tmp_path / "policy.toml"
    policy.write_text('format = "creditchain/policy@1"\nconfirmations = 1000000\n')
    assert verify(world.carrying(world.good), "--policy", str(policy))[0] == 0


def test_a_revoked_record_stays_revoked(world: World, verify: Verify) -> None:
    code, found = verify(world.carrying(world.revoked))
    assert code == 1
    assert found[0]["steps"][5]["outcome"] == "failed"


def test_facts_say_how_it_was_at_the_checkpoint(world: World, verify: Verify, tmp_path: Path) -> None:
    """What happened since is not seen: the verdict says as of when, and a policy limits the age."""
    assert verify(world.carrying(world.revoked_later))[0] == 0
    assert verify(world.carrying(world.revoked_later, late=True))[0] == 1
    policy = tmp_path / "policy.toml"
    policy.write_text('format = "creditchain/policy@1"\n[facts]\naccepted = ["agreed", "proven"]\n')
    code, found = verify(world.carrying(world.good), "--policy", str(policy))
    assert code == 3
    assert "does not accept facts that are signed" in found[0]["steps"][3]["reason"]["en"]


def test_packages_without_facts_and_with_others(world: World, verify: Verify, tmp_path: Path) -> None:
    code, found = verify(world.good)
    assert code == 3
    assert "carries no facts" in found[0]["steps"][3]["reason"]["en"]
    facts = world.carrying(world.good).facts
    assert facts is not None
    # Cells that are left out are missing, which is no absence.
    code, found = verify(replace(world.good, facts={**facts, "cells": [], "cells_proof": ""}))
    assert code == 3
    assert "do not show" in found[0]["steps"][3]["reason"]["en"]
    # Facts that end before the record was anchored say nothing about it.
    code, found = verify(replace(world.late, facts=facts))
    assert code == 3
    assert "the facts end before entry" in found[0]["steps"][3]["reason"]["en"]
    others = replace(world.pinned, addresses=frozenset({"0x" + "11" * 19 + "12"}), threshold=1)
    (tmp_path / "others.json").write_bytes(signers_file(others))
    code, found = verify(world.carrying(world.good), "--signers", str(tmp_path / "others.json"))
    assert code == 3
    assert "the facts of the package do not hold" in found[0]["steps"][3]["reason"]["en"]


def test_too_few_signers(world: World, verify: Verify) -> None:
    facts = json.loads(json.dumps(world.carrying(world.good).facts))
    facts["checkpoint"]["signatures"].pop()
    code, found = verify(replace(world.good, facts=facts))
    assert code == 3
    assert "too few signers signed" in found[0]["steps"][3]["reason"]["en"]


def test_region_facts_make_packages_small(world: World, verify: Verify, tmp_path: Path) -> None:
    shared = world.region_facts()
    file = tmp_path / "region.json"
    file.write_bytes(shared)
    alone, small = world.carrying(world.good), world.carrying(world.good, shared=shared)
    assert len(small.to_json()) < len(alone.to_json()) < 20_000
    assert small.facts is not None
    assert small.facts["region_facts"] == "0x" + facts_digest(shared).hex()
    assert verify(small, "--region-facts", str(file))[0] == 0
    assert verify(world.carrying(world.revoked, shared=shared), "--region-facts", str(file))[0] == 1
    code, found = verify(small)
    assert code == 3
    assert "do not show" in found[0]["steps"][3]["reason"]["en"]
    assert region_facts_file(parse_region_facts(shared)) == shared
    # Region facts of one checkpoint say nothing of a package under another.
    code, found = verify(world.carrying(world.good, shared=None, late=True), "--region-facts", str(file))
    assert code == 0
    with pytest.raises(CheckpointError, match="under another checkpoint"):
        world.carrying(world.good, shared=shared, late=True)


def test_what_was_anchored_after_the_checkpoint(world: World) -> None:
    with pytest.raises(InputError, match="was anchored after the checkpoint"):
        world.carrying(world.late)
    assert world.carrying(world.late, late=True).facts is not None


def test_a_checkpoint_that_the_log_does_not_bear_out(world: World) -> None:
    forged = replace(world.early, message=replace(world.early.message, state_root=b"\1" * 32))
    with region_of(world.place) as region, pytest.raises(CheckpointError, match="something else than the log"):
        open_signed(region, Home(world.place.folder / "home"), forged)
    with region_of(world.place) as region, pytest.raises(CheckpointError, match="nobody signed"):
        open_signed(region, Home(world.place.folder / "home"), replace(world.early, signatures=()))


def test_signed_facts_answer_what_they_show_and_nothing_else(world: World) -> None:
    carried = world.carrying(world.good)
    assert carried.facts is not None
    facts = SignedFacts(read_facts(carried.facts), world.pinned)
    assert facts.basis is Basis.SIGNED
    assert facts.words([life_key(SOURCE, leaf_of(world.good))]) == [NO_WORD]
    with pytest.raises(MissingFactError, match="do not show cell"):
        facts.words([cell_key(Space.SIGNER, 1 << 8 | 1)])
    (entry,) = facts.entries([EntryPlace(world.good.batch.entry)])
    assert (entry.index, entry.block) == (world.good.batch.entry, world.early.message.block_number)
    with pytest.raises(MissingFactError, match="do not show entry 1 "):
        facts.entries([EntryPlace(1)])


@pytest.mark.parametrize(("kind", "never"), [("revoked", 0), ("good", 1)])
def test_facts_altered_in_every_way(world: World, kind: str, never: int) -> None:
    """Nothing that whoever hands over the package changes makes a revoked record valid, or fails a good one."""
    from creditchain.acts.verifying import Judge, TrustedSigners, verify_signed, worst
    from creditchain.catalogue.products import catalogue
    from creditchain.evidence.record import origin_of

    with region_of(world.place) as region:
        origin = origin_of(region.deployment)
    judge = Judge({product.ref: product for product in catalogue()})
    signing = TrustedSigners(origin, world.pinned, world.early.message.block_time)
    package, ways, seen = world.carrying(getattr(world, kind)), 0, set[int]()
    for _, facts in altered(package.facts):
        content = replace(package, facts=facts).to_json()
        (verdict,) = verify_signed([content], judge, signing)
        code = int(worst([verdict]).exit_code)
        # A file that breaks the format is not valid, whatever it is about.
        if verdict.step(1).outcome.value == "passed":
            assert code != never, facts
            seen.add(code)
        ways += 1
    assert ways > 200
    assert 3 in seen


def test_a_policy_that_names_a_node_of_later_concerns_that_package_alone(world: World) -> None:
    """A checkpoint from before a node was admitted takes the verdict from no other package."""
    from creditchain.acts.verifying import Judge, TrustedSigners, verify_signed
    from creditchain.catalogue.products import catalogue
    from creditchain.evidence.record import origin_of
    from creditchain.verification.policy import Policy
    from creditchain.verification.verdict import Status

    with region_of(world.place) as region:
        origin = origin_of(region.deployment)
    judge = Judge({product.ref: product for product in catalogue()}, Policy(nodes=frozenset({SOURCE, 999})))
    signing = TrustedSigners(origin, world.pinned, world.early.message.block_time)
    content = world.carrying(world.good).to_json()
    first, broken = verify_signed([content, b"{"], judge, signing)
    assert first.status is Status.COULD_NOT_CHECK
    assert "999" in first.step(2).reason.en
    assert broken.status is Status.NOT_VALID
