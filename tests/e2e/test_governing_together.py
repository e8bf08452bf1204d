"""Governors act together: 3 of 4 through a Safe, with a delay in which a canceller can stop what they decided."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from commands import Commands
from eth_account import Account
from region_world import Place, region_of
from worlds import Kept

from creditchain.acts.annulling import annul
from creditchain.acts.proving_faults import Publication
from creditchain.chain.proposing import ProposedError, ProposingOutbox
from creditchain.chain.signers import dev_key
from creditchain.home.journal import open_journal
from creditchain.home.keystores import TAG_KEY, write_keystore
from creditchain.home.layout import Home
from creditchain.messages.signatures import compact

GOVERNORS, CANCELLER, STRANGER = (1, 2, 3, 4), 5, 9
DELAY = 2


def address(number: int) -> str:
    return str(Account.from_key(dev_key(number)).address)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A region that four govern."""
    here = tmp_path_factory.mktemp("region")
    governors = [option for number in GOVERNORS for option in ("--governor", address(number))]
    Commands(here).done(
        *("deploy", "--signer", "dev:0", *governors, "--canceller", address(CANCELLER)),
        *("--admin-delay", str(DELAY)),
    )
    return Kept(Place("embedded", here))


@pytest.fixture
def folder(kept: Kept, tmp_path: Path) -> Path:
    return kept.fresh(tmp_path / "region").folder


@pytest.fixture
def creditchain(folder: Path) -> Commands:
    return Commands(folder)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "proposal.json")


def approve(creditchain: Commands, file: str, *numbers: int) -> None:
    for number in numbers:
        creditchain.done("govern", "approve", file, "--signer", f"dev:{number}")


def decide(creditchain: Commands, file: str, *command: str) -> dict[str, object]:
    """Propose a command, approve it thrice, and have a stranger execute it."""
    Path(file).unlink(missing_ok=True)
    creditchain.done("govern", "propose", file, *command)
    approve(creditchain, file, 1, 2, 3)
    found: dict[str, object] = creditchain.done("govern", "execute", file, "--signer", f"dev:{STRANGER}")
    return found


MEMBER = (
    *(
        "node",
        "admit",
        "--key",
        "suzhou-power",
        "--name-zh",
        "苏州电力",
        "--name-en",
        "Suzhou power",
        "--role",
        "source",
    ),
    *("--division", "320500", "--domains", "power", "--operator", address(20)),
)


def test_who_governs(creditchain: Commands) -> None:
    shown = creditchain.done("govern", "show", address(CANCELLER), address(0))
    assert shown["owners"] == [address(number) for number in GOVERNORS]
    assert (shown["threshold"], shown["next_nonce"], shown["admin_delay_seconds"]) == (3, 0, DELAY)
    roles = [(one["account"], one["role"], one["delay_seconds"]) for one in shown["roles"]]
    safe = shown["safe"]
    assert roles == [(safe, "admin", DELAY), (safe, "governor", 0), (address(CANCELLER), "canceller", 0)]


def test_three_of_four_admit_a_member(creditchain: Commands, file: str) -> None:
    assert creditchain(*MEMBER, "--signer", "dev:1").error["kind"] == "ContractRefusedError"
    made = creditchain.done("govern", "propose", file, *MEMBER)
    (words,) = made["calls"]
    assert words.startswith("NodeRegistry.admit(")
    assert address(20) in words
    assert creditchain.done("node", "list") == []
    approve(creditchain, file, 1, 2)
    early = creditchain("govern", "execute", file, "--signer", f"dev:{STRANGER}")
    assert (early.code, early.error["expected"], early.error["found"]) == (5, "3", "2")
    approve(creditchain, file, 4)
    done = creditchain.done("govern", "execute", file, "--signer", f"dev:{STRANGER}")
    assert done["approved_by"] == sorted(address(number) for number in (1, 2, 4))
    assert [node["operator"] for node in creditchain.done("node", "list")] == [address(20)]
    # The same file again is the same act, in this home and elsewhere.
    assert creditchain.done("govern", "execute", file, "--signer", f"dev:{STRANGER}")["digest"] == done["digest"]
    late = creditchain("govern", "approve", file, "--signer", "dev:3")
    assert (late.code, late.error["found"]) == (5, "nonce 0")


def test_copies_that_were_approved_apart(creditchain: Commands, file: str, tmp_path: Path) -> None:
    creditchain.done("govern", "propose", file, *MEMBER)
    copies = [str(tmp_path / f"copy-{number}.json") for number in (1, 2, 3)]
    for number, copy in zip((1, 2, 3), copies, strict=True):
        creditchain.done("govern", "approve", file, "--output", copy, "--signer", f"dev:{number}")
    creditchain.done("govern", "execute", *copies, "--signer", f"dev:{STRANGER}")
    assert len(creditchain.done("node", "list")) == 1


def test_who_is_no_governor_approves(creditchain: Commands, file: str) -> None:
    creditchain.done("govern", "propose", file, *MEMBER)
    refused = creditchain("govern", "approve", file, "--signer", f"dev:{STRANGER}")
    assert (refused.code, refused.error["found"]) == (5, address(STRANGER))


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("words", "the words say something else than the bytes"),
        ("data", "the words say something else than the bytes"),
        ("digest", "the digest is that of other calls"),
        ("nonce", "the digest is that of other calls"),
        ("signatures", "a signature is not a governor's over this proposal"),
        ("a stranger's signature", "a signature is not a governor's over this proposal"),
        ("safe", "the proposal is for others"),
        ("log_id", "the proposal is for others"),
        ("chain_id", "the proposal is for others"),
    ],
)
def test_a_proposal_that_says_something_else_than_it_does(
    creditchain: Commands, file: str, field: str, told: str
) -> None:
    """A governor signs bytes; what is shown must be what the bytes do."""
    creditchain.done("govern", "propose", file, *MEMBER)
    approve(creditchain, file, 1)
    content = json.loads(Path(file).read_text())
    if field == "words":
        content["calls"][0]["words"] = "NodeRegistry.suspend(node=1)"
    elif field == "data":
        content["calls"][0]["data"] = content["calls"][0]["data"][:-2] + "11"
    elif field in ("digest", "log_id"):
        content[field] = "0x" + "11" * 32
    elif field == "signatures":
        content["signatures"][0]["owner"] = address(2).lower()
    elif field == "a stranger's signature":
        signed = Account.unsafe_sign_hash(content["digest"], dev_key(STRANGER))
        (approval,) = content["signatures"]
        approval["owner"], approval["signature"] = address(STRANGER).lower(), "0x" + compact(signed.signature).hex()
    elif field == "safe":
        content["safe"] = address(2).lower()
    else:
        content[field] += 1
    Path(file).write_text(json.dumps(content))
    answer = creditchain("govern", "approve", file, "--signer", "dev:2")
    assert told in answer.error["message"]


def test_many_members_in_one_proposal(creditchain: Commands, file: str) -> None:
    """All calls of a command are one transaction; what needs their result is a second proposal."""
    members = ("node", "admit", "--members", "yrd", "--dev-operators")
    decide(creditchain, file, *members)
    assert len(creditchain.done("node", "list")) == 20
    decide(creditchain, file, *members)
    assert len(creditchain.done("node", "list")) == 26
    size = creditchain.done("log", "root")["size"]
    creditchain.done("govern", "propose", file + ".none", *members)
    assert not Path(file + ".none").exists()
    assert creditchain.done("log", "root")["size"] == size


def test_every_governed_command_can_be_proposed(
    creditchain: Commands, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    tag_key = write_keystore(tmp_path / "tag.json", b"\x42" * 32, TAG_KEY, "secret")
    decide(creditchain, file, *MEMBER)
    time.sleep(1.1)
    since = creditchain.done("node", "show", "1")["admitted"]
    commands = (
        ("node", "set-domains", "1", "power,tax"),
        ("node", "compromise", "1", "--since", since, "--until", since),
        ("node", "suspend", "1"),
        ("node", "reinstate", "1"),
        ("epoch", "open", "--tag-key", f"keystore:{tag_key}"),
        ("product", "withdraw", "registry-basic/1"),
        ("checkpoint", "set-signers", f"1:{address(21)}", "--threshold", "1"),
        ("limit", "open-domains", "registry,tax"),
        ("limit", "delivery-age", "--days", "4"),
        ("limit", "accept", "0x" + "ab" * 32),
        ("limit", "refuse", "0x" + "ab" * 32),
        ("node", "close", "1", "--from-entry", "1", "--reason", "it serves no proofs"),
        ("node", "reopen", "1", "--reason", "it does again"),
        ("node", "retire", "1", "--yes"),
    )
    size = creditchain.done("log", "root")["size"]
    for command in commands:
        decide(creditchain, file, *command)
    assert creditchain.done("log", "root")["size"] == size + len(commands)
    assert creditchain.done("node", "show", "1")["status"] == "retired"


def _await_due(creditchain: Commands, operation: str) -> None:
    for _ in range(100):
        (found,) = [one for one in creditchain.done("govern", "list") if one["operation"] == operation]
        if found["state"] == "due":
            return
        assert found["state"] == "waiting"
        time.sleep(0.1)
    raise AssertionError


@pytest.fixture
def upgraded(creditchain: Commands) -> str:
    """The address of a second NodeRegistry, which anybody may create."""
    made: str = creditchain.done("upgrade", "create", "NodeRegistry", "--signer", f"dev:{STRANGER}")["address"]
    return made


def test_a_contract_is_upgraded_after_the_delay(creditchain: Commands, folder: Path, file: str, upgraded: str) -> None:
    decide(creditchain, file, *MEMBER)
    former = json.loads((folder / "deployments" / "embedded.json").read_text())
    early = creditchain("upgrade", "adopt", "NodeRegistry", upgraded)
    assert (early.code, early.error["found"]) == (5, upgraded)
    done = decide(creditchain, file, "upgrade", "swap", "NodeRegistry", upgraded)
    roles, writer = done["scheduled"]  # type: ignore[misc]
    listed = creditchain.done("govern", "list")
    assert [one["operation"] for one in listed] == [roles, writer]
    assert listed[0]["what"].startswith("Governance.setTargetFunctionRole(")
    assert listed[1]["what"].startswith("RegionLog.setWriter(")
    assert upgraded in listed[1]["what"]
    for operation in (roles, writer):
        _await_due(creditchain, operation)
        creditchain.done("govern", "execute", operation, "--signer", f"dev:{STRANGER}")
    assert [one["state"] for one in creditchain.done("govern", "list")] == ["done", "done"]
    creditchain.done("upgrade", "adopt", "NodeRegistry", upgraded)
    shown = json.loads((folder / "deployments" / "embedded.json").read_text())
    assert shown["contracts"]["NodeRegistry"]["address"] == upgraded
    decide(creditchain, file, "node", "suspend", "1")
    assert creditchain.done("node", "show", "1")["status"] == "suspended"
    # Who has not adopted it asks the former one, which the log refuses.
    (folder / "deployments" / "embedded.json").write_text(json.dumps(former))
    refused = creditchain("govern", "propose", file + "2", "node", "reinstate", "1")
    assert "RegionLogNotWriter" in refused.error["message"]


def test_a_canceller_stops_what_governors_decided(creditchain: Commands, file: str, upgraded: str) -> None:
    """One governor goes bad, or three: what takes a region down waits, and somebody else can stop it."""
    done = decide(creditchain, file, "upgrade", "swap", "NodeRegistry", upgraded)
    roles, writer = done["scheduled"]  # type: ignore[misc]
    refused = creditchain("govern", "cancel", writer, "--signer", f"dev:{STRANGER}")
    assert "AccessManagerUnauthorizedCancel" in refused.error["message"]
    early = creditchain("govern", "execute", writer, "--signer", f"dev:{STRANGER}")
    assert (early.code, early.error["found"]) == (5, "waiting")
    creditchain.done("govern", "cancel", writer, "--signer", f"dev:{CANCELLER}")
    states = {one["operation"]: one["state"] for one in creditchain.done("govern", "list")}
    assert states[writer] == "cancelled"
    _await_due(creditchain, roles)
    late = creditchain("govern", "execute", writer, "--signer", f"dev:{STRANGER}")
    assert (late.code, late.error["found"]) == (5, "cancelled")
    again = creditchain("govern", "cancel", writer, "--signer", f"dev:{CANCELLER}")
    assert again.code == 0, "the same act again"


def test_another_contract_is_swapped_in(creditchain: Commands, file: str) -> None:
    """The code has to be what this package ships; an address alone says nothing."""
    log = json.loads(Path(file).parent.joinpath("region", "deployments", "embedded.json").read_text())
    other = log["contracts"]["AnchorRegistry"]["address"]
    refused = creditchain("govern", "propose", file, "upgrade", "swap", "NodeRegistry", other)
    assert (refused.code, refused.error["kind"]) == (4, "InputError")
    unknown = creditchain("govern", "propose", file, "upgrade", "swap", "RegionLog", other)
    assert (unknown.code, unknown.error["found"]) == (4, "RegionLog")


def test_a_governors_key_is_replaced(creditchain: Commands, file: str) -> None:
    change = ("govern", "replace-owner", address(2), address(6))
    alone = creditchain(*change, "--signer", "dev:2")
    assert (alone.code, alone.error["kind"]) == (5, "ContractRefusedError")
    done = decide(creditchain, file, *change)
    (words,) = done["calls"]  # type: ignore[misc]
    assert words == f"Governors.swapOwner(prevOwner={address(1)}, oldOwner={address(2)}, newOwner={address(6)})"
    owners = [address(number) for number in (1, 6, 3, 4)]
    assert creditchain.done("govern", "show")["owners"] == owners
    creditchain.done("govern", "propose", file + "2", *MEMBER)
    assert creditchain("govern", "approve", file + "2", "--signer", "dev:2").error["expected"] == ", ".join(owners)
    unknown = creditchain("govern", "propose", file + "3", *change)
    assert (unknown.code, unknown.error["found"]) == (5, address(2))


def test_what_is_no_operation(creditchain: Commands) -> None:
    assert creditchain("govern", "cancel", "0x12", "--signer", f"dev:{CANCELLER}").code == 2
    unknown = creditchain("govern", "execute", "0x" + "12" * 32, "--signer", f"dev:{STRANGER}")
    assert (unknown.code, unknown.error["message"]) == (4, "no such operation")


def test_single_keys_have_no_proposals(tmp_path: Path) -> None:
    creditchain = Commands(tmp_path)
    creditchain.done("deploy", "--signer", "dev:0")
    refused = creditchain("govern", "propose", str(tmp_path / "proposal.json"), *MEMBER)
    assert (refused.code, refused.error["message"]) == (5, "this region is governed by single keys")
    assert creditchain.done("govern", "show")["threshold"] == 1
    # Whoever creates the successor of a single key's Governance is its first admin: a stranger's is refused.
    made = creditchain.done("upgrade", "create", "Governance", "--signer", f"dev:{STRANGER}")["address"]
    refused = creditchain("upgrade", "swap", "Governance", made, "--signer", "dev:0")
    assert (refused.code, refused.error["message"]) == (4, "this Governance would not govern as now")
    assert "another first admin" in refused.error["found"]
    own = creditchain.done("upgrade", "create", "Governance", "--signer", "dev:0")["address"]
    steps = [creditchain.done("upgrade", "swap", "Governance", own, "--signer", "dev:0")["step"] for _ in range(3)]
    assert steps == ["contracts", "log", "adopt"]
    creditchain.done("upgrade", "adopt", "Governance", own)
    steps = [creditchain.done("upgrade", "swap", "Governance", own, "--signer", "dev:0")["step"] for _ in range(2)]
    assert steps == ["roles", "done"]
    creditchain.done(*MEMBER, "--signer", "dev:0")


def test_approvers_read_what_each_member_of_a_struct_is(creditchain: Commands, file: str) -> None:
    proposed = creditchain.done("govern", "propose", file, *MEMBER)
    (words,) = proposed["calls"]
    members = f"operator={address(20)}, role=4, division=320500, host=0, domains=8, until=0, profileDigest=0x"
    assert words.startswith(f"NodeRegistry.admit(admission=({members}")


def test_a_copy_that_nobody_approved_says_so_although_another_copy_was_executed(
    creditchain: Commands, file: str
) -> None:
    copy = f"{file}.copy"
    creditchain.done("govern", "propose", copy, *MEMBER)
    decide(creditchain, file, *MEMBER)
    refused = creditchain("govern", "execute", copy, "--signer", f"dev:{STRANGER}")
    assert (refused.code, refused.error["message"]) == (5, "too few governors approved")


def test_any_call_can_be_proposed_and_is_shown_decoded(creditchain: Commands, file: str) -> None:
    call = ("govern", "call", "Governance", "grantRole", "canceller", address(7), "0")
    done = decide(creditchain, file, *call)
    (words,) = done["calls"]  # type: ignore[misc]
    inner = f"Governance.grantRole(roleId=2, account={address(7)}, executionDelay=0)"
    assert words == f"Governance.schedule(call={inner}, when=0)"
    (operation,) = done["scheduled"]  # type: ignore[misc]
    _await_due(creditchain, operation)
    creditchain.done("govern", "execute", operation, "--signer", f"dev:{STRANGER}")
    members = creditchain.done("govern", "roles")["members"]
    assert ("canceller", address(7)) in [(one["role"], one["account"]) for one in members]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("NoContract", "suspend", "1"), ("no such contract", "NodeRegistry")),
        (("NodeRegistry", "suspendAll"), ("NodeRegistry has no such function", "suspend")),
        (("NodeRegistry", "suspend"), ("suspend takes other arguments", "uint24 number")),
        (("NodeRegistry", "suspend", "one"), ("an argument does not fit", "uint24 for number")),
        (("Governance", "setTargetClosed", "NodeRegistry", "maybe"), ("an argument does not fit", "bool for closed")),
        (
            ("Governance", "setTargetFunctionRole", "NodeRegistry", "0x12345678", "1"),
            ("an argument does not fit", "bytes4[] for selectors; lists and structs as JSON"),
        ),
    ],
)
def test_calls_that_cannot_be(creditchain: Commands, file: str, call: tuple[str, ...], told: tuple[str, str]) -> None:
    refused = creditchain("govern", "propose", file, "govern", "call", *call)
    assert (refused.code, refused.error["message"]) == (4, told[0])
    assert told[1] in refused.error["expected"]


def carry_out(creditchain: Commands, file: str, *command: str) -> None:
    """Decide something that waits, and carry it out."""
    for operation in decide(creditchain, file, *command)["scheduled"]:  # type: ignore[attr-defined]
        _await_due(creditchain, operation)
        creditchain.done("govern", "execute", operation, "--signer", f"dev:{STRANGER}")


def test_roles_and_a_closed_contract(creditchain: Commands, file: str) -> None:
    safe = creditchain.done("govern", "show")["safe"]
    before = creditchain.done("govern", "roles")
    members = [(one["role"], one["account"], one["delay_seconds"]) for one in before["members"]]
    assert members == [("canceller", address(CANCELLER), 0), ("governor", safe, 0), ("admin", safe, DELAY)]
    assert (before["closed"], before["functions"]) == ([], [])
    carry_out(creditchain, file, "govern", "close-contract", "NodeRegistry")
    assert creditchain.done("govern", "roles")["closed"] == ["NodeRegistry"]
    assert creditchain("govern", "propose", file + "2", *MEMBER).code == 5
    carry_out(creditchain, file, "govern", "open-contract", "NodeRegistry")
    carry_out(creditchain, file, "govern", "grant", "governor", address(6))
    carry_out(creditchain, file, "govern", "revoke", "canceller", address(CANCELLER))
    after = creditchain.done("govern", "roles")
    assert after["closed"] == []
    assert {(one["role"], one["account"]) for one in after["members"]} == {
        *(("governor", safe), ("admin", safe), ("governor", address(6)))
    }


def test_governance_itself_is_replaced(creditchain: Commands, file: str) -> None:
    """Contracts first, then the log, then the roles; whoever carries operations out cannot change that order."""
    before = creditchain.done("govern", "roles")
    made = creditchain.done("upgrade", "create", "Governance", "--signer", f"dev:{STRANGER}")["address"]
    swap = ("upgrade", "swap", "Governance", made)
    first = decide(creditchain, file, *swap)
    assert len(first["scheduled"]) == 5  # type: ignore[arg-type]
    assert not [words for words in first["calls"] if "RegionLog" in words]  # type: ignore[attr-defined]
    early = creditchain("upgrade", "adopt", "Governance", made)
    assert (early.code, early.error["found"]) == (5, made)
    for operation in first["scheduled"]:  # type: ignore[attr-defined]
        _await_due(creditchain, operation)
        creditchain.done("govern", "execute", operation, "--signer", f"dev:{STRANGER}")
    carry_out(creditchain, file, *swap)
    creditchain.done("upgrade", "adopt", "Governance", made)
    roles = decide(creditchain, file, *swap)
    assert all("Governance." in words for words in roles["calls"])  # type: ignore[attr-defined]
    after = creditchain.done("govern", "roles")
    assert [(one["role"], one["account"], one["delay_seconds"]) for one in after["members"]] == [
        (one["role"], one["account"], one["delay_seconds"]) for one in before["members"]
    ]
    # It governs: members at once, what could take the region down after the delay, stopped by the same canceller.
    decide(creditchain, file, *MEMBER)
    done = decide(creditchain, file, "govern", "close-contract", "NodeRegistry")
    (operation,) = done["scheduled"]  # type: ignore[misc]
    creditchain.done("govern", "cancel", operation, "--signer", f"dev:{CANCELLER}")
    creditchain.done("govern", "propose", file + ".none", *swap)
    assert not Path(file + ".none").exists()
    assert creditchain.done("log", "replay", "--compare")["compared"] > 0


def test_what_is_no_successor(creditchain: Commands, file: str) -> None:
    refused = creditchain("govern", "propose", file, "upgrade", "swap", "Governance", address(8))
    assert (refused.code, refused.error["message"]) == (4, "this is no Governance of this version")


def test_a_proposal_whose_number_was_taken_is_renewed(creditchain: Commands, file: str) -> None:
    second, renewed = file + ".second", file + ".renewed"
    creditchain.done("govern", "propose", second, "limit", "open-domains", "tax")
    decide(creditchain, file, "limit", "delivery-age", "--days", "4")
    approved = creditchain("govern", "approve", second, "--signer", "dev:1")
    assert approved.code == 5
    assert "govern renew" in approved.error["hint"]
    made = creditchain.done("govern", "renew", second, "--output", renewed)
    assert made["nonce"] == 1
    approve(creditchain, renewed, 1, 2, 3)
    creditchain.done("govern", "execute", renewed, "--signer", f"dev:{STRANGER}")
    assert creditchain.done("limit", "list")["open_domains"] == ["tax"]
    same = creditchain("govern", "renew", second, "--output", second)
    assert same.code == 2


def test_an_annulment_that_the_growing_log_outdated(
    creditchain: Commands, folder: Path, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    tag_key = f"keystore:{write_keystore(tmp_path / 'tag.json', bytes([66]) * 32, TAG_KEY, 'secret')}"
    decide(creditchain, file, *MEMBER[:-1], address(40))
    decide(creditchain, file, "epoch", "open", "--tag-key", tag_key)
    upload, product = str(tmp_path / "upload.jsonl"), ("--product", "power-usage/1")
    creditchain.done("sample", *product, "--records", "1", "-o", upload)
    batch = creditchain.done("anchor", upload, *product, "--node", "1", "--tag-key", tag_key, "--signer", "dev:40")
    decide(creditchain, file, "node", "compromise", "1", "--since", creditchain.done("node", "show", "1")["admitted"])
    # One that is proposed after the next, as by a governor who counts on it.
    late, renewed = Path(file + ".late"), file + ".renewed"
    with region_of(Place("embedded", folder)) as region, open_journal(folder / "journal.sqlite") as journal:
        nonce = creditchain.done("govern", "show")["next_nonce"]
        root, reason = bytes.fromhex(batch["root"][2:]), "stolen"
        outbox = ProposingOutbox(region, journal, nonce + 1)
        with pytest.raises(ProposedError) as made:
            annul(region, outbox, Home.made(folder / "home"), Publication(1, 1), root, address(40), reason)
    late.write_bytes(made.value.proposal.to_json())
    decide(creditchain, file, "node", "admit", "--members", "yrd", "--dev-operators")
    approve(creditchain, str(late), 1, 2, 3)
    outdated = creditchain("govern", "execute", str(late), "--signer", f"dev:{STRANGER}")
    assert (outdated.code, "OpeningWrong" in outdated.error["message"]) == (5, True)
    assert "govern renew" in outdated.error["hint"]
    creditchain.done("govern", "renew", str(late), "--output", renewed)
    approve(creditchain, renewed, 1, 2, 3)
    creditchain.done("govern", "execute", renewed, "--signer", f"dev:{STRANGER}")
    again = creditchain("govern", "renew", str(late), "--output", renewed + ".again")
    assert again.error["kind"] == "ContractRefusedError"
