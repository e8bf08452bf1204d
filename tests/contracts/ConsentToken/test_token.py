"""What an ERC-721, ERC-5192 or ERC-5267 reader sees."""

import pytest
from brownie import accounts
from consent_world import World, key, reverts, token

from creditchain.messages import NO_KEY
from creditchain.vocabulary import Role

INTERFACES = {
    "ERC-165": "0x01ffc9a7",
    "ERC-721": "0x80ac58cd",
    "ERC-721 metadata": "0x5b5e139f",
    "ERC-5192": "0xb45a3c0e",
    "ERC-5267": "0x84b0196e",
}


@pytest.mark.parametrize("name", INTERFACES)
def test_supports_interface(world: World, name: str) -> None:
    assert world.consents.supportsInterface(INTERFACES[name])


@pytest.mark.parametrize("interface", ["0xffffffff", "0x00000000", "0x780e9d63"])
def test_does_not_claim_others(world: World, interface: str) -> None:
    assert not world.consents.supportsInterface(interface)


def test_name_symbol_uri(world: World) -> None:
    consent = world.granted()
    assert world.consents.name() == "creditchain consent"
    assert world.consents.symbol() == "CONSENT"
    assert world.consents.tokenURI(token(consent)) == ""


def test_the_domain_says_itself(world: World) -> None:
    """It names the log and no contract, so that a contract which replaces this one takes what was signed before."""
    for contract in (world.consents, world.ledger):
        fields, name, version, chain_id, address, salt, extensions = contract.eip712Domain()
        assert (str(fields), name, version) == ("0x13", "creditchain", "1")
        assert (chain_id, address) == (0, "0x" + "00" * 20)
        assert bytes(salt) == bytes(world.log.logId())
        assert list(extensions) == []


def test_it_belongs_to_the_institution(world: World) -> None:
    consent = world.granted()
    bank = world.operators[world.bank].address
    assert world.consents.ownerOf(token(consent)) == bank
    assert world.consents.balanceOf(bank) == 1
    world.granted()
    assert world.consents.balanceOf(bank) == 2
    assert world.consents.balanceOf(world.operators[world.platform].address) == 0
    assert world.consents.balanceOf(world.anyone) == 0


def test_it_follows_the_institution_to_its_new_key(world: World) -> None:
    consent = world.granted()
    old, new = world.operators[world.bank].address, key("the bank's next key")
    world.rotate(world.bank, new)
    assert world.consents.ownerOf(token(consent)) == new.address
    assert world.consents.balanceOf(new.address) == 1
    assert world.consents.balanceOf(old) == 0


def test_a_virtual_institution_is_owned_by_its_hosts_key_until_it_has_its_own(world: World) -> None:
    hosted = world.admit("hosted bank", Role.INSTITUTION, host=world.platform)
    consent = world.granted(institution=hosted)
    assert world.consents.ownerOf(token(consent)) == world.operators[world.platform].address
    world.rotate(hosted, key("the hosted bank's own key"))
    assert world.consents.ownerOf(token(consent)) == key("the hosted bank's own key").address
    assert world.consents.balanceOf(key("the hosted bank's own key").address) == 1


def test_the_owner_stays_when_the_institution_does_not_act(world: World) -> None:
    consent = world.granted()
    world.nodes.retire(world.bank, {"from": world.governor})
    assert world.consents.ownerOf(token(consent)) == world.operators[world.bank].address


def test_it_is_locked(world: World) -> None:
    assert world.consents.locked(token(world.granted()))


def test_it_cannot_move_or_be_approved(world: World) -> None:
    consent = world.granted()
    bank = accounts.add(key("bank").key)
    number, other = token(consent), world.anyone.address
    for call in (
        lambda: world.consents.transferFrom(bank, other, number, {"from": bank}),
        lambda: world.consents.safeTransferFrom(bank, other, number, {"from": bank}),
        lambda: world.consents.safeTransferFrom(bank, other, number, b"x", {"from": bank}),
        lambda: world.consents.approve(other, number, {"from": bank}),
    ):
        with reverts("ConsentTokenLocked", number):
            call()
    with reverts("ConsentTokenLocked", 0):
        world.consents.setApprovalForAll(other, True, {"from": bank})
    assert world.consents.getApproved(number) == NO_KEY
    assert not world.consents.isApprovedForAll(bank, other)


def test_questions_about_no_token(world: World) -> None:
    absent = token(world.consent())
    for question in ("ownerOf", "locked", "getApproved", "tokenURI"):
        with reverts("ConsentTokenUnknown", absent):
            getattr(world.consents, question)(absent)


def test_nobody_is_no_owner(world: World) -> None:
    with reverts("ConsentTokenNoOwner"):
        world.consents.balanceOf(NO_KEY)


def test_no_consent_reads_as_zeros(world: World) -> None:
    assert {int(str(value), 0) for value in world.state(world.consent()).values()} == {0}
