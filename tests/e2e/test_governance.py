"""Governing a region by hand: deploy, the 26 members, changes, key rotation, key epochs, the log and its proofs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commands import Commands
from region_world import Place
from worlds import Kept

from creditchain.chain.signers import dev_key
from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.home.keystores import TAG_KEY, write_keystore
from creditchain.merkle import verify_consistency, verify_inclusion


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """One region with its 26 members."""
    here = tmp_path_factory.mktemp("region")
    creditchain = Commands(here)
    creditchain.done("deploy", "--signer", "dev:0")
    creditchain.done("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
    return Kept(Place("embedded", here))


@pytest.fixture
def folder(kept: Kept, tmp_path: Path) -> Path:
    return kept.fresh(tmp_path / "region").folder


@pytest.fixture
def creditchain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setenv("CREDITCHAIN_SIGNER", "dev:0")
    return Commands(folder)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """A folder in which nothing happened yet."""
    monkeypatch.setenv("CREDITCHAIN_SIGNER", "dev:0")
    return Commands(tmp_path)


def moment(**after: float) -> str:
    return (datetime.now(UTC) + timedelta(**after)).isoformat()


def test_nothing_works_before_there_is_a_deployment(elsewhere: Commands) -> None:
    answer = elsewhere("node", "list")
    assert answer.code == 4
    assert "deploy" in answer.error["hint"]


def test_deploy_writes_its_file_and_does_not_overwrite_it(elsewhere: Commands, tmp_path: Path) -> None:
    made = elsewhere.done("deploy", "--region", "YRD")
    assert json.loads((tmp_path / "deployments" / "embedded.json").read_text()) == made
    refused = elsewhere("deploy", "--region", "YRD")
    assert (refused.code, refused.error["kind"]) == (5, "RefusedError")
    again = elsewhere.done("deploy", "--force")
    assert again["log_id"] != made["log_id"]
    assert again["generation"] == 2


def test_a_fourth_region_is_a_file(elsewhere: Commands, tmp_path: Path) -> None:
    assert elsewhere("deploy", "--region", "CYC").code == 4
    file = tmp_path / "regions.toml"
    file.write_text('[CYC]\nname_zh = "成渝征信链"\nname_en = "Chengdu–Chongqing"\n')
    assert elsewhere.done("deploy", "--region", "CYC", "--region-file", str(file))["region"] == "CYC"


def test_the_26_members_come_in_once(creditchain: Commands) -> None:
    again = creditchain.done("node", "admit", "--members", "yrd", "--dev-operators")
    assert [(row["node"], row["note"]) for row in again] == [(number, "was there") for number in range(1, 27)]
    listed = creditchain.done("node", "list")[:26]
    assert sum(node["host"] is not None for node in listed) == 6
    assert len({node["division"] for node in listed}) == 12
    assert all(node["name_zh"] and node["name"] for node in listed)


def test_members_without_keys_are_refused_before_anything_happens(creditchain: Commands, tmp_path: Path) -> None:
    answer = creditchain("node", "admit", "--members", "yrd")
    assert (answer.code, answer.error["kind"]) == (4, "InputError")
    operators = tmp_path / "operators.json"
    operators.write_text('{"shanghai-platform": "0x12"}')
    answer = creditchain("node", "admit", "--members", "yrd", "--operators", str(operators))
    assert answer.error["place"]["field"] == "shanghai-platform"


def test_one_member_by_its_options(creditchain: Commands) -> None:
    names = ["--name-zh", "苏州电力数据源", "--name-en", "Suzhou electric power data source"]
    who = ["--key", "suzhou-power", *names, "--role", "source", "--division", "320500"]
    refused = creditchain("node", "admit", *who, "--domains", "power,weather", "--host", "9")
    assert (refused.code, refused.error["found"]) == (2, "weather")
    made = creditchain.done("node", "admit", *who, "--domains", "power,utilities", "--host", "9")
    assert creditchain.done("node", "admit", *who, "--domains", "power", "--host", "9")["fresh"] is False
    shown = creditchain.done("node", "show", str(made["node"]))
    assert (shown["host"], shown["domains"], shown["operator"]) == (9, ["power", "utilities"], None)
    assert shown["name_zh"] == "苏州电力数据源"


def test_a_guest_has_an_end_date_that_can_be_moved(creditchain: Commands) -> None:
    names = ["--name-zh", "广州商业银行", "--name-en", "Guangzhou commercial bank"]
    who = ["--key", "guangzhou-bank", *names, "--role", "institution", "--division", "440100"]
    key = ["--operator", "0x90F79bf6EB2c4f870365E785982E1f101E93b999"]
    assert creditchain("node", "admit", *who, *key, "--until", "2027-01-01").code == 4
    number = str(creditchain.done("node", "admit", *who, *key, "--until", moment(days=30))["node"])
    before = creditchain.done("node", "show", number)["until"]
    after = creditchain.done("node", "extend", number, "--until", moment(days=60))["until"]
    assert before < after
    assert creditchain.done("node", "extend", number, "--resident")["until"] is None


def test_suspended_reinstated_and_retired(creditchain: Commands) -> None:
    assert creditchain.done("node", "suspend", "16")["status"] == "suspended"
    assert creditchain.done("node", "show", "16")["acts_now"] is False
    twice = creditchain("node", "suspend", "16")
    assert twice.code == 5
    assert "NodeRegistryStatus" in twice.error["message"]
    assert creditchain.done("node", "reinstate", "16")["status"] == "active"
    assert creditchain("node", "retire", "20").code == 2
    assert creditchain.done("node", "retire", "20", "--yes")["status"] == "retired"
    assert creditchain("node", "reinstate", "20").code == 5


def test_the_same_change_later_is_another_one(creditchain: Commands) -> None:
    """Back and forth between two states: each step takes effect, and none is mistaken for an earlier one."""
    size = creditchain.done("log", "root")["size"]
    for domains in ("registry", "registry,tax", "registry", "registry,tax"):
        changed = creditchain.done("node", "set-domains", "15", domains)
        assert changed["domains"] == domains.split(",")
    assert creditchain.done("log", "root")["size"] == size + 4


def test_only_governors_govern(creditchain: Commands) -> None:
    answer = creditchain("node", "suspend", "1", "--signer", "dev:1")
    assert (answer.code, answer.error["kind"]) == (5, "ContractRefusedError")
    assert "AccessManagedUnauthorized" in answer.error["message"]


def test_a_node_rotates_its_own_key(creditchain: Commands) -> None:
    changed = creditchain.done("node", "rotate", "17", "--new-signer", "dev:40", "--signer", "dev:17")
    assert changed["operator"] != creditchain.done("node", "show", "16")["operator"]
    again = creditchain("node", "rotate", "17", "--new-signer", "dev:41", "--signer", "dev:17")
    assert again.code == 5
    assert "NodeRegistryNotOperator" in again.error["message"]
    taken = creditchain("node", "rotate", "17", "--new-signer", "dev:17", "--signer", "dev:40")
    assert "NodeRegistryKeyTaken" in taken.error["message"]


def test_a_stolen_key_is_declared_replaced_and_the_node_comes_back(creditchain: Commands, tmp_path: Path) -> None:
    time.sleep(1.1)
    since = datetime.now(UTC).replace(microsecond=0).isoformat()
    time.sleep(1.1)
    hurt = creditchain.done("node", "compromise", "12", "--since", since)
    assert (hurt["status"], hurt["compromised_since"] is not None) == ("suspended", True)
    assert "NodeRegistryCompromised" in creditchain("node", "reinstate", "12").error["message"]
    # The new key is on another machine: it accepts into a file.
    file = tmp_path / "acceptance.json"
    creditchain.done("node", "accept", "12", "--output", str(file), "--signer", "dev:42")
    forged = json.loads(file.read_text()) | {"node": 13}
    other = tmp_path / "forged.json"
    other.write_text(json.dumps(forged))
    for number, wrong in (("13", file), ("13", other), ("12", other)):
        assert creditchain("node", "replace", number, "--acceptance", str(wrong)).code == 4
    replaced = creditchain.done("node", "replace", "12", "--acceptance", str(file))
    assert (replaced["status"], replaced["compromised_since"]) == ("suspended", None)
    assert creditchain.done("node", "reinstate", "12")["status"] == "active"
    (interval,) = creditchain.done("node", "show", "12")["compromises"]
    assert interval["since"] < interval["until"]


def test_what_was_declared_of_a_key_is_corrected(creditchain: Commands) -> None:
    def declared() -> list[tuple[str, str | None]]:
        return [(one["since"], one["until"]) for one in creditchain.done("node", "show", "13")["compromises"]]

    # The clock of the node's admission is the earliest that counts.
    admitted = datetime.fromisoformat(creditchain.done("node", "show", "13")["admitted"])
    time.sleep(4)
    at = [(admitted + timedelta(seconds=n)).isoformat() for n in range(4)]
    for wrong in (["--since", at[0], "--none"], [], ["--none", "--until", at[1]]):
        assert creditchain("node", "compromise", "13", *wrong).code == 2
    creditchain.done("node", "compromise", "13", "--since", at[0], "--until", at[0])
    creditchain.done("node", "compromise", "13", "--since", at[2], "--until", at[3])
    assert len(declared()) == 2
    creditchain.done("node", "compromise", "13", "--since", at[1], "--until", at[1])
    ((first, last),) = declared()
    assert (datetime.fromisoformat(first), datetime.fromisoformat(last or "")) == (
        admitted,
        admitted + timedelta(seconds=3),
    )
    creditchain.done("node", "compromise", "13", "--only", "--since", at[1], "--until", at[2])
    assert len(declared()) == 1
    assert creditchain.done("node", "compromise", "13", "--none")["status"] == "active"
    assert declared() == []
    early = creditchain("node", "compromise", "13", "--since", (admitted - timedelta(hours=1)).isoformat())
    assert "NodeRegistryInterval" in early.error["message"]
    other = creditchain("node", "compromise", "13", "--since", at[0], "--key", "0x" + "12" * 20)
    assert "NodeRegistryKeyUnknown" in other.error["message"]


def test_a_virtual_node_moves_to_another_host(creditchain: Commands) -> None:
    virtual = next(node for node in creditchain.done("node", "list")[:26] if node["host"] is not None)
    number, host = str(virtual["node"]), 3 if virtual["host"] != 3 else 4
    assert creditchain.done("node", "move", number, "--host", str(host))["host"] == host
    assert creditchain.done("node", "show", number)["acts_now"] is True
    assert "NodeRegistryHost" in creditchain("node", "move", number, "--host", number).error["message"]
    assert "NodeRegistryNotHosted" in creditchain("node", "move", "3", "--host", "4").error["message"]


def test_somebody_answers_for_a_retired_node(creditchain: Commands) -> None:
    assert "NodeRegistryAnswerer" in creditchain("node", "answer-for", "21", "--by", "3").error["message"]
    creditchain.done("node", "retire", "21", "--yes")
    creditchain.done("node", "answer-for", "21", "--by", "3")
    size = creditchain.done("log", "root")["size"]
    creditchain.done("node", "answer-for", "21", "--by", "3")
    assert creditchain.done("log", "root")["size"] == size
    assert creditchain.done("node", "show", "21")["answered_by"] == 3


def test_key_epochs(creditchain: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    file = write_keystore(tmp_path / "tag.json", b"\x42" * 32, TAG_KEY, "secret")
    opened = creditchain.done("epoch", "open", "--tag-key", f"keystore:{file}")
    assert opened == {"epoch": 1, "digest": "0x" + keccak256(b"\x02" + b"\x42" * 32).hex()}
    assert creditchain.done("epoch", "open", "--tag-key", f"keystore:{file}") == opened
    monkeypatch.setenv("NEXT", "43" * 32)
    assert creditchain.done("epoch", "open", "--tag-key", "env:NEXT")["epoch"] == 2
    reused = creditchain("epoch", "open", "--tag-key", f"keystore:{file}")
    assert (reused.code, reused.error["kind"]) == (5, "RefusedError")
    assert [row["epoch"] for row in creditchain.done("epoch", "list")] == [1, 2]


def test_keys_in_files(creditchain: Commands, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    monkeypatch.setenv("OLD", dev_key(5).hex())
    made = creditchain.done("keys", "new", "epoch-3", "--kind", "tag")
    assert set(made) == {"file", "kind", "epoch_digest"}
    brought = creditchain.done("keys", "import", "five", "--from", "env:OLD")
    assert brought["address"] == "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
    assert dev_key(5).hex() not in json.dumps(brought)
    assert creditchain("keys", "new", "five").code == 5
    assert creditchain("keys", "new", "../five").code == 2
    assert [row["name"] for row in creditchain.done("keys", "list")] == ["epoch-3", "five"]
    spec = f"keystore:{folder / 'home' / 'keys' / 'five.json'}"
    assert creditchain("node", "suspend", "5", "--signer", spec).error["kind"] == "ContractRefusedError"


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def test_the_log_proves_its_entries_and_that_it_only_grows(creditchain: Commands) -> None:
    head = creditchain.done("log", "root")
    entries = creditchain.done("log", "show", "--count", "1000")
    assert [entry["index"] for entry in entries] == list(range(head["size"]))
    included = creditchain.done("log", "inclusion", "11")
    assert verify_inclusion(
        unhex(entries[11]["entry"]), 11, head["size"], [unhex(node) for node in included["proof"]], unhex(head["root"])
    )
    grown = creditchain.done("log", "consistency", "17")
    assert verify_consistency(
        17, unhex(grown["old_root"]), head["size"], unhex(head["root"]), [unhex(node) for node in grown["proof"]]
    )
    assert creditchain("log", "inclusion", str(head["size"])).code == 4
    refused = creditchain("log", "root", "--block", "999999")
    assert (refused.code, refused.error["message"]) == (4, "this block is not final yet")
    earlier = creditchain.done("log", "root", "--block", str(head["block"] - 3))
    assert earlier["size"] < head["size"]


def test_a_profile_on_this_machine_is_checked_against_the_chain(creditchain: Commands, folder: Path) -> None:
    names = ["--name-zh", "宁波税务数据源", "--name-en", "Ningbo tax data source"]
    who = ["--key", "ningbo-tax", *names, "--role", "source", "--division", "330200", "--host", "10"]
    number = str(creditchain.done("node", "admit", *who)["node"])
    digest = creditchain.done("node", "show", number)["profile"]
    file = folder / "home" / "profiles" / f"{digest[2:]}.json"
    assert keccak256(file.read_bytes()) == unhex(digest)
    changed = json.loads(file.read_bytes()) | {"name": {"zh": "别人", "en": "Somebody else"}}
    file.write_bytes(canonical_bytes(changed))
    assert creditchain.done("node", "show", number)["name_zh"] == ""


def test_networks(creditchain: Commands) -> None:
    assert {row["name"] for row in creditchain.done("network", "list")} >= {"embedded", "anvil", "ganache"}
    shown = creditchain.done("network", "show")
    assert (shown["chain"], shown["region"], shown["fee"]["limit_wei"]) == (3133710, "YRD", 0)


def test_another_chain_under_the_same_name_is_refused(creditchain: Commands, folder: Path, tmp_path: Path) -> None:
    answer = creditchain("--home", str(tmp_path), "node", "list")
    assert (answer.code, answer.error["kind"]) == (5, "WrongChainError")
