"""Consents from the bank's request to the chain and back, by command line; every bad file and refusal on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from consent_world import ANYBODY, BANK, NUMBER, OTHER_BANK, PLATFORM, World, make_consent_world, world_at
from eth_account import Account
from region_world import Place
from worlds import Kept

from creditchain.hashing import keccak256
from creditchain.messages.enterprise_keys import KeyUse, derive_key
from creditchain.packages.consent_file import parse_consent


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = Place("embedded", tmp_path_factory.mktemp("consents"))
    make_consent_world(place)
    return Kept(place)


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    with world_at(kept.fresh(tmp_path / "world")) as made:
        yield made


def show(world: World, named: Path | str) -> dict[str, Any]:
    found: dict[str, Any] = world.commands.done("consent", "show", str(named))
    return found


def test_from_request_to_revocation_with_a_mnemonic(world: World) -> None:
    file = world.request()
    assert show(world, file)["status"].startswith("not granted")
    world.commands.done("consent", "grant", str(file), "--mnemonic", "env:ENTERPRISE")
    assert world.endorse(file).value["endorsed"] is True
    first = world.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}")
    assert first["status"].startswith("valid")
    assert world.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}") == first

    revocation = world.path("revocation.json")
    world.commands.done("consent", "revoke", str(file), "--mnemonic", "env:ENTERPRISE", "-o", str(revocation))
    assert show(world, first["id"])["status"].startswith("valid")
    after = world.commands.done("consent", "relay", str(revocation), "--signer", f"dev:{ANYBODY}")
    assert after["status"].startswith("revoked")
    assert after["revoked_at"] > 0
    words, before = ("consent", "revoke", str(file), "--mnemonic", "env:ENTERPRISE", "-o"), revocation.read_bytes()
    assert world.commands(*words, str(revocation)).error["kind"] == "OutputExistsError"
    again = world.commands(*words, str(revocation), "--force")
    assert (again.code, again.error["kind"]) == (5, "ConsentRevokedError")
    assert revocation.read_bytes() == before


def test_what_was_agreed_and_endorsed_is_not_replaced_by_accident(world: World) -> None:
    file = world.request()
    world.commands.done("consent", "grant", str(file), "--mnemonic", "env:ENTERPRISE")
    assert world.endorse(file).code == 0
    endorsed = file.read_bytes()
    again = ("consent", "grant", str(file), "--signer", f"dev:{ANYBODY}")
    answer = world.commands(*again)
    assert (answer.code, answer.error["found"]) == (4, "one that is endorsed too")
    other = world.path("other.json")
    other.write_text("somebody's")
    assert world.commands(*again, "-o", str(other)).error["kind"] == "OutputExistsError"
    assert (file.read_bytes(), other.read_text()) == (endorsed, "somebody's")
    assert world.commands(*again, "--force").value["endorsed"] is False


def test_another_key_for_each_bank(world: World) -> None:
    keys = {parse_consent(world.granted(institution=bank).read_bytes()).message.key for bank in (BANK, OTHER_BANK)}
    assert len(keys) == 2
    with world.region() as region:
        words = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        assert keys == {
            derive_key(words, region.deployment.log_id, KeyUse.CONSENT, bank).address for bank in (BANK, OTHER_BANK)
        }
    listed = world.commands.done("consent", "list", "--institution", str(OTHER_BANK))
    assert {one["institution"] for one in listed} == {OTHER_BANK}
    assert world.commands.done("consent", "list", "--key", listed[0]["key"])[0]["id"] == listed[0]["id"]


def test_on_paper_by_the_platform_alone(world: World) -> None:
    file, scan = world.request(), world.path("scan.pdf")
    scan.write_bytes(b"%PDF-1.7 a signed form")
    assert world.endorse(file).error["message"] == "nobody has agreed to this yet"
    assert world.endorse(file, "--paper", str(scan)).code == 0
    granted = world.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}")
    assert world.commands("consent", "show", str(file), "--paper", str(scan)).code == 0
    scan.write_bytes(b"another form")
    assert world.commands("consent", "show", str(file), "--paper", str(scan)).error["kind"] == "ContentError"
    refused = world.commands("consent", "revoke", granted["id"], "--signer", f"dev:{BANK}")
    assert (refused.code, "ConsentTokenNotRevoker" in refused.error["message"]) == (5, True)
    revoked = world.commands.done("consent", "revoke", granted["id"], "--signer", f"dev:{PLATFORM}")
    assert revoked["status"].startswith("revoked")


def test_a_wallet_signs_what_was_exported(world: World) -> None:
    wallet, stranger = Account.from_key(keccak256(b"wallet")), Account.from_key(keccak256(b"stranger"))
    file, exported = world.request(), world.path("typed.json")
    words = ("consent", "grant", str(file), "--key", wallet.address)
    world.commands.done(*words, "--export-typed-data", str(exported))
    assert not parse_consent(file.read_bytes()).key_signature
    typed = json.loads(exported.read_text())
    assert typed["message"]["key"] == wallet.address
    wrong = "0x" + stranger.sign_typed_data(full_message=typed).signature.hex()
    refused = world.commands(*words, "--signature", wrong)
    assert (refused.code, refused.error["found"]) == (1, f"one by {stranger.address}")
    signature = wallet.sign_typed_data(full_message=typed).signature
    world.commands.done(*words, "--signature", "0x" + signature[:64].hex() + f"{signature[64] - 27:02x}")
    assert world.endorse(file).code == 0
    assert world.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}")["status"].startswith(
        "valid"
    )


def test_a_qr_code_holds_the_file(world: World) -> None:
    file = world.request()
    for suffix in (".svg", ".png"):
        picture = world.path(f"consent{suffix}")
        world.commands.done("consent", "show", str(file), "--qr", str(picture))
        assert picture.stat().st_size > 1000
    long = world.path("long.txt")
    long.write_text("长" * 1500, encoding="utf-8")
    answer = world.ask(world.path("x.json"), notice=long, qr=world.path("x.svg"))
    assert (answer.code, answer.error["expected"]) == (4, "at most 2953 bytes")


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"days": "20250230-20250301"}, "TermsError", "dataFrom"),
        ({"institution": PLATFORM}, "TermsError", "institution"),
        ({"institution": 99}, "TermsError", "institution"),
        ({"platform": BANK}, "TermsError", "platform"),
        ({"days": "20250301-20250201"}, "UsageError", None),
        ({"sections": "basic,secret"}, "UsageError", None),
        ({"purpose": "curiosity"}, "UsageError", None),
        ({"number": "91440300192203821X"}, "IdentifierError", None),
        ({"number": "9144030071526726XG"}, "InputError", None),
        ({"tag_statement": False}, "UsageError", None),
    ],
)
def test_terms_that_can_not_be_meant(world: World, changes: dict[str, Any], kind: str, field: str | None) -> None:
    out = world.path("never.json")
    answer = world.ask(out, **changes)
    assert answer.error["kind"] == kind
    assert answer.error.get("place", {}).get("field") == field
    assert NUMBER not in json.dumps(answer.error)
    assert not out.exists()


def spoiled(file: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    value = json.loads(file.read_text())
    change(value)
    bad = file.with_suffix(".bad")
    bad.write_text(json.dumps(value))
    return bad


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        (lambda v: v.pop("notice"), "PackageError", "notice"),
        (lambda v: v.update(extra=1), "PackageError", None),
        (lambda v: v.update(format="creditchain/consent@2"), "PackageError", "format"),
        (lambda v: v["message"].update(uses="2"), "PackageError", "message.uses"),
        (lambda v: v["message"].update(uses=2**32), "PackageError", "message.uses"),
        (lambda v: v["message"].update(key="0x" + "11" * 20), "PackageError", "key_signature"),
        (lambda v: v["notice"].update(text="something else"), "ContentError", "notice"),
        (lambda v: v["subject"].update(number="1"), "PackageError", "subject.number"),
        (lambda v: v["message"].update(log="0x" + "11" * 32), "ForeignFileError", None),
        (lambda v: v["message"].update(sections=0), "TermsError", "sections"),
        (lambda v: v["message"].update(domains=1 << 30), "TermsError", "domains"),
        (lambda v: v["message"].update(purpose=200), "TermsError", "purpose"),
        (lambda v: v["message"].update(uses=0), "TermsError", "uses"),
        (lambda v: v["message"].update(notBefore=1, notAfter=2), "TermsError", "notAfter"),
        (lambda v: v["message"].update(dataTo=18000101), "TermsError", "dataTo"),
    ],
)
def test_a_file_that_was_spoiled(world: World, change: Any, kind: str, field: str | None) -> None:
    bad = spoiled(world.request(), change)
    before = bad.read_bytes()
    answer = world.commands("consent", "grant", str(bad), "--mnemonic", "env:ENTERPRISE")
    assert (answer.code, answer.error["kind"]) == (4, kind)
    if field is not None:
        assert answer.error["place"]["field"] == field
    assert bad.read_bytes() == before


def test_changed_after_it_was_signed(world: World) -> None:
    file = world.request()
    world.commands.done("consent", "grant", str(file), "--mnemonic", "env:ENTERPRISE")
    wider = spoiled(file, lambda v: v["message"].update(uses=1000))
    answer = world.endorse(wider)
    assert (answer.code, answer.error["kind"]) == (1, "SignatureError")
    other = spoiled(file, lambda v: v["subject"].update(number="9144030071526726XG"))
    answer = world.endorse(other)
    assert (answer.code, answer.error["kind"]) == (5, "SubjectError")
    answer = world.commands("consent", "endorse", str(file), "--tag-key", "env:REGION_KEY", "--signer", f"dev:{BANK}")
    assert (answer.code, answer.error["found"]) == (5, f"a key of node {BANK}")
    assert world.commands("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}").code == 4
    assert world.endorse(file).code == 0
    forged = spoiled(file, lambda v: v.update(endorsement=v["key_signature"]))
    answer = world.commands("consent", "relay", str(forged), "--signer", f"dev:{ANYBODY}")
    assert (answer.code, "ConsentTokenEndorsement" in answer.error["message"]) == (5, True)
