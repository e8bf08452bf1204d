"""Clients that are not ours: ethers, Anvil's eth_signTypedData_v4, a wallet contract, a reader of ERC-721."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Answer
from consent_world import ANYBODY, BANK, MNEMONIC, PLATFORM, World, make_consent_world, world_at
from region_world import send
from servers import ROOT
from worlds import Kept, on_anvil

from creditchain.chain.abi import interface
from creditchain.chain.consent_calls import ConsentCalls, Delivery
from creditchain.chain.consents import ConsentReads, nonce_of
from creditchain.chain.region import Region
from creditchain.chain.signers import RemoteSigner, dev_key, dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.index.opening import region_log
from creditchain.index.queries import granted, metered_for
from creditchain.log.views import ContractCall
from creditchain.messages import DeliveryReceipt, QueryRequest, TypedMessage, compact
from creditchain.messages.enterprise_keys import KeyUse, derive_key, key_path
from creditchain.packages.consent_file import parse_consent
from tools import compiling

CLIENT = Path(__file__).parent / "clients" / "ethers_client.mjs"
OWNER = 7  # development key that owns the wallet contract
ENTERPRISE = 9  # development key of an enterprise whose wallet is Anvil
INTERFACES = {
    "0x01ffc9a7": True,  # ERC-165
    "0x80ac58cd": True,  # ERC-721
    "0x5b5e139f": True,  # ERC-721 metadata
    "0xb45a3c0e": True,  # ERC-5192
    "0x84b0196e": True,  # ERC-5267
    "0x780e9d63": False,  # ERC-721 enumerable
    "0xffffffff": False,  # never supported (ERC-165)
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with on_anvil(tmp_path_factory.mktemp("outside")) as (place, server):
        make_consent_world(place)
        yield Kept(place, server)


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    with world_at(kept.fresh(tmp_path / "world")) as made:
        yield made


def ethers(do: str, **values: Any) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "ethers").is_dir():
        pytest.skip("ethers is not installed: npm ci")
    asked = json.dumps({"do": do, **values})
    done = subprocess.run([node, str(CLIENT)], input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def exported(world: World, file: Path, key: str) -> dict[str, Any]:
    """What a wallet gets to sign."""
    typed = world.path("typed.json")
    world.commands.done("consent", "grant", str(file), "--key", key, "--export-typed-data", str(typed))
    value: dict[str, Any] = json.loads(typed.read_text(encoding="utf-8"))
    return value


def on_chain(world: World, file: Path) -> str:
    """Endorse and relay a signed consent file; its id."""
    assert world.endorse(file).code == 0
    found = world.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}")
    assert found["status"].startswith("valid")
    return str(found["id"])


def meter(world: World, region: Region, delivery: Delivery) -> None:
    send(
        world.place,
        region,
        ANYBODY,
        f"meter {delivery.request.id.hex()}",
        ConsentCalls(region.deployment).meter([delivery]),
    )
    metered = metered_for(region, [delivery.request]).get(nonce_of(delivery.request))
    assert metered is not None
    assert metered.item.flags == 0


def asked(region: Region, consent: str, name: str) -> tuple[QueryRequest, DeliveryReceipt]:
    """A request under a consent, and the receipt of its delivery."""
    time = region.chain.head().time
    request = QueryRequest(
        domain=ConsentReads(region).domain,
        institution=BANK,
        provider=PLATFORM,
        consent=bytes.fromhex(consent[2:]),
        subject=keccak256(name.encode()),
        product=keccak256(b"product"),
        sections=0b10,
        domains=0b1,
        purpose=1,
        staff=keccak256(b"staff"),
        issued_at=time,
        deadline=time + 600,
        nonce=ConsentReads(region).next_nonce(BANK, PLATFORM),
    )
    return request, DeliveryReceipt(request.domain, request.id, keccak256(b"report"), time, time + 600)


def test_ethers_signs_a_consent_with_the_key_for_this_bank(world: World) -> None:
    file = world.request()
    with world.region() as region:
        log = region.deployment.log_id
    ours = derive_key(MNEMONIC, log, KeyUse.CONSENT, BANK)
    typed = exported(world, file, ours.address)
    signed = ethers("sign", typed=typed, mnemonic=MNEMONIC, path=key_path(log, KeyUse.CONSENT, BANK))
    assert signed["address"] == ours.address
    world.commands.done("consent", "grant", str(file), "--key", ours.address, "--signature", signed["signature"])
    assert signed["digest"] == "0x" + parse_consent(file.read_bytes()).message.digest().hex()
    on_chain(world, file)


def test_ethers_signs_a_request_and_a_receipt(world: World) -> None:
    consent = show_id(world, world.granted())
    with world.region() as region:
        request, receipt = asked(region, consent, "ethers")

        def sign(message: TypedMessage, key: int) -> bytes:
            signed = ethers("sign", typed=json.loads(json.dumps(message.typed_data())), key="0x" + dev_key(key).hex())
            assert signed["digest"] == "0x" + message.digest().hex()
            return compact(bytes.fromhex(signed["signature"][2:]))

        meter(world, region, Delivery(request, receipt, sign(request, BANK), sign(receipt, PLATFORM)))


def test_anvil_signs_a_consent_a_request_and_a_receipt(world: World) -> None:
    file = world.request()
    with world.region() as region:
        wallet = dev_signer(ENTERPRISE, region.chain).address
    world.commands.done("consent", "grant", str(file), "--signer", f"unlocked:{wallet}")
    consent = on_chain(world, file)
    with world.region() as region:
        request, receipt = asked(region, consent, "anvil")
        bank, platform = (
            RemoteSigner(dev_signer(key, region.chain).address, region.chain.request) for key in (BANK, PLATFORM)
        )
        signatures = bank.sign_typed(request.typed_data()), platform.sign_typed(receipt.typed_data())
        meter(world, region, Delivery(request, receipt, *signatures))


def test_a_wallet_contract_grants_and_revokes(world: World) -> None:
    with world.region() as region:
        wallet, owner = deployed_wallet(world, region), dev_signer(OWNER, region.chain)
    file = world.request()
    typed = exported(world, file, wallet)
    words = ("consent", "grant", str(file), "--key", wallet, "--signature")
    stranger = ethers("sign", typed=typed, key="0x" + dev_key(ENTERPRISE).hex())["signature"]
    refused = world.commands(*words, stranger)
    assert (refused.code, refused.error["kind"]) == (1, "SignatureError")
    world.commands.done(*words, "0x" + owner.sign_typed(typed).hex())
    consent = on_chain(world, file)

    out, again = world.path("revocation.json"), world.path("typed.json")
    words = ("consent", "revoke", consent, "--key", wallet)
    world.commands.done(*words, "--export-typed-data", str(again))
    signature = ethers("sign", typed=json.loads(again.read_text()), key="0x" + dev_key(OWNER).hex())["signature"]
    world.commands.done(*words, "--signature", signature, "-o", str(out))
    relayed: Answer = world.commands("consent", "relay", str(out), "--signer", f"dev:{ANYBODY}")
    assert relayed.code == 0, relayed.error
    assert relayed.value["status"].startswith("revoked")


def test_a_reader_of_erc_721_reads_the_token(world: World) -> None:
    consent = show_id(world, world.granted())
    with world.region() as region:
        url, token = region.chain.network.url, region.deployment.address("ConsentToken")
        bank = dev_signer(BANK, region.chain).address
        held = sum(one.consent.institution == BANK for one in granted(region_log(region)))
        stranger = dev_signer(ANYBODY, region.chain).address
        log_id = "0x" + region.deployment.log_id.hex()
    seen = ethers("read", url=url, address=token, id=consent, interfaces=list(INTERFACES), stranger=stranger)
    nobody = "0x" + "00" * 20
    assert (seen["owner"], seen["balance"], seen["ofStranger"]) == (bank, held, 0)
    assert (seen["approved"], seen["operator"], seen["locked"]) == (nobody, False, True)
    assert (seen["name"], seen["symbol"], seen["uri"]) == ("creditchain consent", "CONSENT", "")
    assert seen["transfers"] == [[nobody, bank]]
    assert dict(zip(INTERFACES, seen["supports"], strict=True)) == INTERFACES
    # Name, version and salt: the log's id, and neither a chain nor a contract.
    assert seen["domain"] == ["0x13", "creditchain", "1", "0", nobody, log_id]
    errors = {item.name: "0x" + selector.hex() for selector, item in interface("ConsentToken").errors.items()}
    for attempt in ("transfer", "safeTransfer", "approval"):
        assert seen[attempt].startswith(errors["ConsentTokenLocked"]), attempt
    assert seen["unknown"].startswith(errors["ConsentTokenUnknown"])


def show_id(world: World, file: Path) -> str:
    return str(world.commands.done("consent", "show", str(file))["id"])


def deployed_wallet(world: World, region: Region) -> str:
    """The tests' own ERC-1271 wallet, owned by a development key."""
    sources = {"Wallet": "contracts/mocks/Wallet.sol"}
    artifact = compiling.compile_contracts(sources, compiling.compiler(), compiling.SETTINGS)["Wallet"]
    owner = bytes.fromhex(dev_signer(OWNER, region.chain).address[2:])
    code = bytes.fromhex(artifact["bytecode"].removeprefix("0x")) + owner.rjust(32, b"\0")
    with open_journal(world.folder / "home" / "journal.sqlite") as journal:
        outbox = region.outbox(dev_signer(OWNER, region.chain), journal)
        found = outbox.submit("wallet", ContractCall(None, code, "deploy a wallet")).contract_address
    assert found is not None
    return found
