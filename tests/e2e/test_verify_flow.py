"""Verification and the life of records through the command line, on an embedded chain and on Anvil."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from region_world import (
    GOVERNOR,
    PLATFORM,
    REGULATOR,
    SOURCE,
    TAG_KEY,
    Place,
    anchor_documents,
    enter_book,
    pass_time,
    region_of,
    send,
    write_list,
)
from region_world import leaf_of as content_of
from servers import anvil
from worlds import Kept, kept_region

from creditchain.chain.anchors import find_anchor
from creditchain.chain.networks import load_network
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of


@dataclass(frozen=True)
class Anchored:
    """A region with one batch of nine records, and their packages."""

    kept: Kept
    packages: list[RecordPackage]


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def anchored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    yield from anchored_on(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def anchored_on_anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anchored]:
    yield from anchored_on("anvil", tmp_path_factory)


def anchored_on(kind: str, folders: pytest.TempPathFactory) -> Iterator[Anchored]:
    with kept_region(kind, folders.mktemp(kind)) as kept:
        packages = anchor_documents(kept.place, (2022, 2023, 2024), 1)
        kept.keep()
        yield Anchored(kept, packages)


@pytest.fixture
def packages(anchored: Anchored) -> list[RecordPackage]:
    return anchored.packages


class Shell:
    """Runs commands in a place; each answer is the exit code and the JSON on stdout, or the error on stderr."""

    def __init__(self, place: Place, capfd: pytest.CaptureFixture[str], folder: Path) -> None:
        self.place, self._capfd, self.folder = place, capfd, folder

    def __call__(self, *words: str) -> tuple[int, Any]:
        self._capfd.readouterr()
        code = run(["--json", *self.place.options, *words])
        captured = self._capfd.readouterr()
        return code, json.loads(captured.out or captured.err)

    def write(self, package: RecordPackage, name: str = "package.json") -> str:
        path = self.folder / name
        path.write_bytes(package.to_json())
        return str(path)

    def verify(self, package: RecordPackage, *words: str) -> tuple[int, dict[str, Any]]:
        code, found = self("verify", self.write(package), *words)
        return code, found[0]


@pytest.fixture
def shell(anchored: Anchored, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    return Shell(anchored.kept.fresh(tmp_path / "place"), capfd, tmp_path)


def outcomes(found: dict[str, Any]) -> list[str]:
    return [step["outcome"] for step in found["steps"]]


def failed(found: dict[str, Any]) -> list[int]:
    return [step["number"] for step in found["steps"] if step["outcome"] == "failed"]


def test_every_record_verifies(shell: Shell, packages: list[RecordPackage]) -> None:
    files = [shell.write(package, f"{index}.json") for index, package in enumerate(packages)]
    code, found = shell("verify", *files)
    assert code == 0
    assert [one["verdict"] for one in found] == ["valid"] * 9
    assert outcomes(found[0]) == ["passed"] * 6 + ["not applicable"] * 5


def test_endpoints_that_agree(anchored_on_anvil: Anchored, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shell = Shell(anchored_on_anvil.kept.fresh(tmp_path / "place"), capfd, tmp_path)
    url = load_network(shell.place.network, shell.place.networks_file).url
    assert shell("verify", "--rpc", url, "--rpc", url, shell.write(anchored_on_anvil.packages[0]))[0] == 0


def test_people_see_both_languages(
    shell: Shell, packages: list[RecordPackage], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*shell.place.options, "verify", shell.write(packages[0])]) == 0
    shown = capfd.readouterr().out
    assert "VALID" in shown
    assert "有效" in shown
    assert "one endpoint's word 单一节点所述" in shown


def test_tampered_copies_are_refused_with_the_step(shell: Shell, packages: list[RecordPackage]) -> None:
    package = packages[4]
    bent = {
        3: replace(package, record=replace(package.record, salt=bytes(32))),
        4: replace(package, batch=replace(package.batch, chain_id=1)),
    }
    for step, tampered in bent.items():
        code, found = shell.verify(tampered)
        assert (code, failed(found)) == (1, [step])
    elsewhere = replace(package, batch=replace(package.batch, root=bytes(31) + b"\1"))
    code, found = shell.verify(elsewhere)
    assert (code, failed(found)) == (1, [4])


def test_the_worst_of_many_files_decides(shell: Shell, packages: list[RecordPackage]) -> None:
    good = shell.write(packages[0], "good.json")
    bare = shell.write(replace(packages[0], tag=replace(packages[0].tag, statement=None)), "bare.json")
    broken = shell.folder / "broken.json"
    broken.write_bytes(b"{" * 1000)
    assert shell("verify", good, bare)[0] == 3
    assert shell("verify", good, bare, str(broken))[0] == 1
    code, found = shell("verify", good, str(shell.folder / "none.json"), str(broken))
    assert (code, [one["verdict"] for one in found]) == (1, ["valid", "could not be checked", "not valid"])
    code, found = shell("verify", good, str(shell.folder / "none.json"))
    assert (code, [one["verdict"] for one in found]) == (3, ["valid", "could not be checked"])


def test_a_holder_of_the_key_needs_no_statement(
    shell: Shell, packages: list[RecordPackage], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(packages[0], tag=replace(packages[0].tag, statement=None))
    monkeypatch.setenv("KEY_OF_THE_TEST", TAG_KEY.hex())
    assert shell.verify(bare, "--tag-key", "env:KEY_OF_THE_TEST")[0] == 0


def test_a_policy_file(shell: Shell, packages: list[RecordPackage]) -> None:
    policy = shell.folder / "policy.toml"
    policy.write_text(f'format = "creditchain/policy@1"\nnodes = [{PLATFORM}]\n')
    code, found = shell.verify(packages[0], "--policy", str(policy))
    assert (code, failed(found)) == (1, [5])
    policy.write_text('format = "creditchain/policy@1"\nnodes = [99]\n')
    code, error = shell("verify", shell.write(packages[0]), "--policy", str(policy))
    assert (code, error["error"]["place"]["field"]) == (4, "nodes")
    policy.write_text('format = "creditchain/policy@1"\nrequire = [1]\n')
    code, error = shell("verify", shell.write(packages[0]), "--policy", str(policy))
    assert code == 4
    assert error["error"]["place"]["field"] == "require"


def test_the_tag_is_stated_into_a_package(
    shell: Shell, packages: list[RecordPackage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_THE_TEST", TAG_KEY.hex())
    bare = shell.write(replace(packages[1], tag=replace(packages[1].tag, statement=None)))
    key = ("--tag-key", "env:KEY_OF_THE_TEST")
    code, _ = shell("tag", "state", "--platform", str(PLATFORM), "--package", bare, *key, "--signer", f"dev:{PLATFORM}")
    assert code == 0
    assert shell("verify", bare)[0] == 0
    statement = shell.folder / "statement.json"
    statement.write_text(json.dumps(json.loads(Path(bare).read_text())["tag"]["statement"]))
    assert shell("tag", "check", str(statement), *key)[0] == 0
    changed = statement.read_text().replace('"platform": 2', '"platform": 1')
    statement.write_text(changed)
    assert shell("tag", "check", str(statement))[0] == 1
    code, _ = shell("tag", "state", "--platform", str(PLATFORM), "--package", bare, *key, "--signer", f"dev:{SOURCE}")
    assert code == 4


def test_revoked(shell: Shell, packages: list[RecordPackage]) -> None:
    file = shell.write(packages[2])
    words = ("record", "revoke", file, "--reason", "登记有误", "--signer", f"dev:{SOURCE}")
    code, found = shell(*words)
    assert (code, found["life"]) == (0, "revoked")
    assert shell(*words) == (code, found)
    assert "登记有误" in Path(found["reason_file"]).read_text()
    assert Path(found["reason_file"]).stat().st_mode & 0o077 == 0
    code, found = shell("verify", file)
    assert (code, failed(found[0])) == (1, [6])
    code, error = shell("record", "revoke", file, "--reason", "other", "--signer", f"dev:{SOURCE}")
    assert (code, error["error"]["kind"]) == (4, "ReasonError")
    code, error = shell("record", "erase", file, "--reason", "over", "--signer", f"dev:{PLATFORM}")
    assert code == 5
    assert "does not act" in error["error"]["message"]


def test_superseded_and_erased(shell: Shell, packages: list[RecordPackage]) -> None:
    file, later = shell.write(packages[3]), shell.write(packages[5], "later.json")
    signer = ("--signer", f"dev:{SOURCE}")
    assert shell("record", "supersede", file, "--by", later, "--reason", "newer", *signer)[0] == 0
    assert shell("record", "show", file)[1]["life"] == "superseded"
    assert shell("record", "erase", f"{SOURCE}:0x{leaf_of(packages[3]).hex()}", "--reason", "over", *signer)[0] == 0
    assert shell("record", "show", file)[1]["life_zh"] == "已删除"
    forged = replace(packages[3], record=replace(packages[3].record, salt=bytes(32)))
    code, _ = shell("record", "revoke", shell.write(forged), "--reason", "x", *signer)
    assert code == 4


def test_a_dispute_from_filing_to_correction(shell: Shell, packages: list[RecordPackage]) -> None:
    disputed = shell.write(packages[6])
    platform, source = ("--signer", f"dev:{PLATFORM}"), ("--signer", f"dev:{SOURCE}")
    filing = ("dispute", "file", disputed, "--platform", str(PLATFORM), "--reason", "不属实", *platform)
    code, found = shell(*filing)
    assert (code, found["dispute"], found["filing"]) == (0, "open", 1)
    code, error = shell(*filing)
    assert (code, error["error"]["expected"]) == (4, "no open filing")
    code, found = shell("verify", disputed)
    assert code == 0
    assert "open" in found[0]["notices"][-1]["en"]
    assert shell("dispute", "list", "--overdue")[1] == []
    assert [one["overdue"] for one in shell("dispute", "list")[1]] == [False]

    pass_time(shell.place, 20 * 86400 + 60)
    late = shell("dispute", "list", "--overdue")[1]
    assert [(one["node"], one["leaf"]) for one in late] == [(SOURCE, "0x" + leaf_of(packages[6]).hex())]
    assert "overdue" in shell("verify", disputed)[1][0]["steps"][5]["reason"]["en"]

    answer = ("dispute", "answer", disputed, "--reason", "更正", *source)
    assert shell(*answer, "--outcome", "corrected")[0] == 2
    later = next(
        one for one in anchor_documents(shell.place, (2021,), 2) if one.record.subject == packages[6].record.subject
    )
    correcting = shell.write(later, "correcting.json")
    corrected = (*answer, "--outcome", "corrected", "--correction", correcting)
    code, error = shell(*corrected)
    assert (code, error["error"]["expected"]) == (4, "superseded")
    assert shell("record", "supersede", disputed, "--by", correcting, "--reason", "更正", *source)[0] == 0
    code, found = shell(*corrected)
    assert (code, found["dispute"], found["life"], found["filing"]) == (0, "corrected", "superseded", 1)
    assert failed(shell("verify", disputed)[1][0]) == [6]
    assert shell("verify", correcting)[0] == 0
    assert shell("dispute", "list", "--open")[1] == []
    code, checked = shell("dispute", "check", disputed, "--correction", correcting)
    assert (code, checked["outcome"], checked["filing"]) == (0, "passed", 1)
    code, checked = shell("dispute", "check", disputed, "--correction", shell.write(packages[7], "other.json"))
    assert (code, checked["reason"]) == (1, "the answer names another record")
    code, error = shell("dispute", "check", disputed, "--correction", correcting, "--filing", "2")
    assert (code, error["error"]["found"]) == (4, "2")


def test_audit(shell: Shell, packages: list[RecordPackage]) -> None:
    listed = str(write_list(shell.folder / "list.leaves", packages))
    words = ("--node", str(SOURCE))
    code, found = shell("audit", "check", listed, *words)
    assert (code, found["size"], found["subjects"]) == (0, 9, 3)
    attest = ("audit", "attest", listed, *words, "--auditor", str(REGULATOR), "--signer", f"dev:{REGULATOR}")
    assert shell(*attest)[0] == 4  # there is no book yet
    book = enter_book(shell.place, packages)
    code, found = shell(*attest)
    assert (code, found["root"], found["batches"]) == (0, "0x" + book.root.hex(), 1)
    assert shell(*attest)[0] == 0
    assert shell("audit", "attest", *attest[3:])[0] == 0  # the list was kept
    found = shell.verify(packages[0])[1]
    assert found["steps"][4]["details"]["audited"] is True
    later = anchor_documents(shell.place, (2019,), 2)
    assert shell.verify(later[0])[1]["steps"][4]["details"]["audited"] is False
    short = str(write_list(shell.folder / "short.leaves", packages[1:]))
    assert shell("audit", "check", short, *words)[0] == 1
    code, _ = shell("audit", "prove", "disorder", listed, *words, "--signer", f"dev:{PLATFORM}")
    assert code == 4


def test_disorder_is_proven_by_anyone(shell: Shell) -> None:
    packages = anchor_documents(shell.place, (2020, 2021), 2, unsorted=True)
    assert shell.verify(packages[1])[0] == 0
    listed = str(write_list(shell.folder / "list.leaves", packages))
    assert shell("audit", "check", listed, "--node", str(SOURCE))[0] == 1
    code, found = shell("audit", "prove", "disorder", listed, "--node", str(SOURCE), "--signer", "dev:9")
    assert (code, found["broken"]) == (0, True)
    code, found = shell.verify(packages[1])
    assert (code, failed(found)) == (1, [5])


def test_omission_and_repeat_are_proven_by_anyone(shell: Shell, packages: list[RecordPackage]) -> None:
    again = anchor_documents(shell.place, (2024, 2026), 2)  # the records of 2024 once more
    words = ("--node", str(SOURCE), "--signer", "dev:9")
    first = str(write_list(shell.folder / "first.leaves", packages))
    second = str(write_list(shell.folder / "second.leaves", again))
    made_up = [replace(one, record=replace(one.record, salt=bytes(31) + bytes([n]))) for n, one in enumerate(again)]
    enter_book(shell.place, packages, made_up)
    listed = str(write_list(shell.folder / "book.leaves", sorted([*packages, *made_up], key=content_of)))
    assert shell("audit", "prove", "omission", first, listed, *words)[0] == 4  # the book has all of these
    code, found = shell("audit", "prove", "omission", second, listed, *words)
    assert (code, found["fault"], found["broken"]) == (0, "omission", True)
    assert shell("audit", "prove", "repeat", second, first, *words)[0] == 5  # the contract: it came first
    code, found = shell("audit", "prove", "repeat", first, second, *words)
    assert (code, found["fault"], found["broken"]) == (0, "repeat", True)
    assert failed(shell.verify(again[0])[1]) == [5]
    assert shell.verify(packages[0])[0] == 0


def test_members_that_fell(shell: Shell) -> None:
    packages = anchor_documents(shell.place, (2019,), 2)
    pass_time(shell.place, 2)  # what was stated in the very second of a suspension was stated by a suspended node
    with region_of(shell.place) as region:
        anchor = find_anchor(region, SOURCE, 1, packages[0].batch.root)
        assert anchor is not None
        send(shell.place, region, GOVERNOR, "suspend", region.calls.suspend(PLATFORM))
    assert failed(shell.verify(packages[0])[1]) == [2]
    with region_of(shell.place) as region:
        send(shell.place, region, GOVERNOR, "reinstate", region.calls.reinstate(PLATFORM))
        key = dev_signer(SOURCE, region.chain).address
        send(shell.place, region, GOVERNOR, "stolen", region.calls.set_compromises(key, [(anchor.time, 0)]))
    code, found = shell.verify(packages[0])
    assert (code, outcomes(found)[4]) == (3, "not verified")


def test_a_chain_that_does_not_answer(shell: Shell, packages: list[RecordPackage]) -> None:
    code, found = shell("verify", "--rpc", "http://127.0.0.1:9", shell.write(packages[0]))
    assert (code, found[0]["verdict"]) == (3, "could not be checked")
    broken = shell.folder / "broken.json"
    broken.write_bytes(b"{" * 1000)
    code, found = shell("verify", "--rpc", "http://127.0.0.1:9", shell.write(packages[0]), str(broken))
    assert (code, [one["verdict"] for one in found]) == (1, ["could not be checked", "not valid"])


def test_endpoints_that_disagree(
    anchored_on_anvil: Anchored, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Another Anvil looks like a fork, so verification decides nothing, in either direction."""
    shell = Shell(anchored_on_anvil.kept.fresh(tmp_path / "place"), capfd, tmp_path)
    mine = str(load_network("spot", shell.place.networks_file).url)
    with anvil() as other:
        file = shell.write(anchored_on_anvil.packages[0])
        code, found = shell("verify", "--rpc", mine, "--rpc", other.url, file)
    assert code == 3
    assert found[0]["verdict"] == "could not be checked"
    assert "disagree" in found[0]["steps"][3]["reason"]["en"]
