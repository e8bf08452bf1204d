"""`checkpoint`: signers replay the log, sign what it adds up to, and never contradict themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from acting import publisher, set_profile
from commands import Commands
from eth_account import Account
from founded import founded_on

from creditchain.acts.checkpointing import set_signers, sign_checkpoint, signers_of
from creditchain.acts.replaying import replay_log
from creditchain.chain.connect import Chain
from creditchain.chain.errors import ChainUnavailableError
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_key, dev_signer
from creditchain.checkpoints.checking import check_checkpoint
from creditchain.checkpoints.file import parse_checkpoint
from creditchain.checkpoints.signers import CheckpointSigner
from creditchain.errors import InputError, RefusedError
from creditchain.home.journal import Journal
from creditchain.home.layout import Home
from creditchain.home.signed_checkpoints import ContradictionError, signed_checkpoints

SIGNERS = (31, 32, 33)


@pytest.fixture
def region(chain: Chain, journal: Journal) -> Region:
    """A region with one bureau, whose three keys sign checkpoints, two of them each."""
    made = founded_on(chain, journal)
    publisher(made, journal, 1)
    keys = [CheckpointSigner(dev_signer(number, chain).address, 1) for number in SIGNERS]
    set_signers(made, made.outbox(dev_signer(0, chain), journal), keys, 2)
    return made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.made(tmp_path / "home")


@pytest.fixture
def checkpoints(home: Home, region: Region) -> Path:
    return home.region(region.deployment.log_id).checkpoints


def grow(region: Region, journal: Journal, number: int) -> None:
    region.outbox(dev_signer(0, region.chain), journal).submit(f"profile {number}", set_profile(region, 1, number))


def test_a_checkpoint_says_what_the_log_adds_up_to(region: Region, home: Home) -> None:
    chain, state = region.chain, replay_log(region)
    first = sign_checkpoint(region, dev_signer(31, chain), home)
    message = first.message
    assert (message.size, message.root) == (state.head.size, state.head.root)
    assert (message.cells, message.state_root) == (len(state.cells), state.state_root)
    block = chain.final_block()
    assert (message.block_number, message.block_hash, message.block_time) == (block.number, block.hash, block.time)
    pinned = signers_of(region).pinned(region.deployment.log_id)
    assert not check_checkpoint(first, pinned).enough
    both = sign_checkpoint(region, dev_signer(32, chain), home, first)
    assert check_checkpoint(parse_checkpoint(both.to_json()), pinned).require_enough() == message
    journals = home.region(region.deployment.log_id).checkpoints
    before = {path: path.read_bytes() for path in journals.iterdir()}
    with pytest.raises(RefusedError, match="signed the checkpoint already"):
        sign_checkpoint(region, dev_signer(32, chain), home, both)
    assert {path: path.read_bytes() for path in journals.iterdir()} == before


def test_setting_the_same_signers_again_changes_nothing(region: Region, journal: Journal) -> None:
    size, found = region.log_size(), signers_of(region)
    outbox = region.outbox(dev_signer(0, region.chain), journal)
    again = [CheckpointSigner(one.address, one.node) for one in found.signers]
    assert set_signers(region, outbox, again, 2) == found
    assert region.log_size() == size
    assert set_signers(region, outbox, again[:1], 1).epoch == 2
    assert signers_of(region, 1) == found
    with pytest.raises(InputError, match="no epoch 3"):
        signers_of(region, 3)


def test_who_is_no_signer(region: Region, home: Home, checkpoints: Path) -> None:
    with pytest.raises(InputError, match="signs no checkpoints") as refused:
        sign_checkpoint(region, dev_signer(34, region.chain), home)
    assert refused.value.found == dev_signer(34, region.chain).address
    assert not checkpoints.exists()


def test_what_others_signed_is_not_believed(region: Region, home: Home, checkpoints: Path) -> None:
    """Each value of the checkpoint is compared with what the chain adds up to."""
    first = sign_checkpoint(region, dev_signer(31, region.chain), home)
    for name in ("size", "root", "cells", "state_root", "block_hash", "block_time", "signer_epoch"):
        value = getattr(first.message, name)
        other = value + 1 if isinstance(value, int) else bytes(31) + b"\x01"
        forged = replace(first, message=replace(first.message, **{name: other}), signatures=())
        with pytest.raises(InputError, match="says another"):
            sign_checkpoint(region, dev_signer(32, region.chain), home, forged)
        with signed_checkpoints(checkpoints, dev_signer(32, region.chain).address) as lines:
            assert lines.last is None, name


def test_a_block_that_is_not_there_yet(region: Region, home: Home) -> None:
    first = sign_checkpoint(region, dev_signer(31, region.chain), home)
    ahead = replace(first, message=replace(first.message, block_number=first.message.block_number + 1000))
    with pytest.raises(ChainUnavailableError, match="block"):
        sign_checkpoint(region, dev_signer(32, region.chain), home, ahead)


def test_a_key_goes_on_with_a_log_that_grows(region: Region, home: Home, journal: Journal) -> None:
    signer = dev_signer(31, region.chain)
    sizes = []
    for number in (1, 2):
        grow(region, journal, number)
        sizes.append(sign_checkpoint(region, signer, home).message.size)
        # The same again is the same.
        assert sign_checkpoint(region, signer, home).message.size == sizes[-1]
    assert sizes[0] < sizes[1]


def test_a_key_never_contradicts_itself(region: Region, home: Home, checkpoints: Path) -> None:
    """The chain was rewritten since this key signed: it signs nothing more, whatever the endpoint says."""
    signer = dev_signer(31, region.chain)
    sign_checkpoint(region, signer, home)
    (path,) = checkpoints.glob("*.json")
    signed = path.read_bytes()
    for change in ("state_root", "size", "block_number", "block_hash"):
        _refuses_after(change, path, region, home)
        path.write_bytes(signed)
    assert sign_checkpoint(region, signer, home).message.size == region.log_size()


def test_a_key_signs_nothing_of_a_log_with_another_beginning(
    region: Region, home: Home, checkpoints: Path, journal: Journal
) -> None:
    grow(region, journal, 1)
    sign_checkpoint(region, dev_signer(31, region.chain), home)
    (path,) = checkpoints.glob("*.json")
    grow(region, journal, 2)
    _refuses_after("root", path, region, home)


def _refuses_after(change: str, path: Path, region: Region, home: Home) -> None:
    """The key signs nothing after this value of what it signed last was another one; its journal stays as it is."""
    lines = json.loads(path.read_text())
    value = lines[-1][change]
    lines[-1][change] = value + 1 if isinstance(value, int) else "0x" + "11" * 32
    path.write_text(json.dumps(lines))
    before = path.read_bytes()
    with pytest.raises(ContradictionError):
        sign_checkpoint(region, dev_signer(31, region.chain), home)
    assert path.read_bytes() == before


def test_a_damaged_journal_signs_nothing(region: Region, home: Home, checkpoints: Path) -> None:
    signer = dev_signer(31, region.chain)
    sign_checkpoint(region, signer, home)
    (path,) = checkpoints.glob("*.json")
    path.write_text("[{")
    with pytest.raises(InputError, match="damaged"):
        sign_checkpoint(region, signer, home)


def test_commands(tmp_path: Path) -> None:
    creditchain = Commands(tmp_path)
    creditchain.done("deploy", "--signer", "dev:0")
    creditchain.done("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
    assert "nobody signs" in creditchain("checkpoint", "signers").error["message"]
    keys = {number: str(Account.from_key(dev_key(number)).address) for number in SIGNERS}
    named = [f"{node}:{keys[number]}" for node, number in enumerate(SIGNERS, 1)]
    wrong = creditchain("checkpoint", "set-signers", "1-0x12", "--threshold", "1", "--signer", "dev:0")
    assert wrong.code == 2
    few = creditchain("checkpoint", "set-signers", *named, "--threshold", "1", "--signer", "dev:0")
    assert "CheckpointSignersThreshold" in few.error["message"]
    assert "More than half of the signers" in few.error["hint"]
    made = creditchain.done("checkpoint", "set-signers", *named, "--threshold", "2", "--signer", "dev:0")
    assert (made["epoch"], made["threshold"], len(made["signers"])) == (1, 2, 3)
    pinned, file = str(tmp_path / "signers.json"), str(tmp_path / "checkpoint.json")
    creditchain.done("checkpoint", "signers", "--output", pinned)
    creditchain.done("checkpoint", "sign", "--output", file, "--signer", "dev:31")
    assert (
        creditchain("checkpoint", "sign", "--output", file, "--signer", "dev:32").error["kind"] == "OutputExistsError"
    )
    few = creditchain("checkpoint", "check", file, "--signers", pinned)
    assert (few.code, few.error["kind"], few.error["expected"]) == (3, "TooFewSignersError", "2 of 3 pinned signers")
    assert few.error["found"] == f"1: {keys[31]}"
    assert "checkpoint sign --add" in few.error["hint"]
    creditchain.done("checkpoint", "sign", "--add", file, "--output", file, "--signer", "dev:32")
    checked = creditchain.done("checkpoint", "check", file, "--signers", pinned)
    assert sorted(checked["signed_by"]) == sorted([keys[31], keys[32]])
    assert creditchain.done("checkpoint", "show", file)["size"] == checked["size"]
    assert creditchain.done("log", "replay")["state_root"] == checked["state_root"]
    altered = tmp_path / "altered.json"
    altered.write_text(Path(file).read_text().replace(f'"size": {checked["size"]}', f'"size": {checked["size"] + 1}'))
    refused = creditchain("checkpoint", "check", str(altered), "--signers", pinned)
    assert (refused.code, refused.error["message"]) == (1, "this is no pinned signer's signature of this checkpoint")
    assert refused.error["place"] == {"file": str(altered), "field": "signatures[0]"}
    weak = tmp_path / "weak.json"
    weak.write_text(Path(pinned).read_text().replace('"threshold": 2', '"threshold": 1'))
    assert "no majority" in creditchain("checkpoint", "check", file, "--signers", str(weak)).error["message"]
    other = tmp_path / "other.json"
    other.write_text(Path(pinned).read_text().replace('"epoch": 1', '"epoch": 2').replace('"epoch":1', '"epoch":2'))
    assert "another epoch" in creditchain("checkpoint", "check", file, "--signers", str(other)).error["message"]
