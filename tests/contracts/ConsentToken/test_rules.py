"""Rules that governors set: ledgers that count uses, and domains that need no consent."""

import pytest
from brownie import chain
from consent_world import World, entry_bodies, now, reverts

from creditchain.log.entries import OpenDomainsBody
from creditchain.messages import NO_DIGEST
from creditchain.vocabulary import EntryKind


def test_open_domains_are_logged_and_remembered_over_time(world: World) -> None:
    start, at = now(), []
    assert world.consents.openDomainsAt(start) == 0
    for domains in (0b1, 0b111, 0b10):
        tx = world.consents.setOpenDomains(domains, {"from": world.governor})
        assert entry_bodies(tx) == [(EntryKind.OPEN_DOMAINS, OpenDomainsBody(domains).body_hash())]
        assert dict(tx.events["OpenDomainsSet"]) == {"domains": domains, "entry": world.log.size() - 1}
        at.append(tx.timestamp)
        chain.sleep(100)
    assert world.consents.openDomainsAt(at[0] - 1) == 0
    assert world.consents.openDomainsAt(at[0]) == 0b1
    assert world.consents.openDomainsAt(at[1] - 1) == 0b1
    assert world.consents.openDomainsAt(at[1]) == 0b111
    assert world.consents.openDomainsAt(at[2]) == 0b10
    assert world.consents.openDomainsAt(2**40 - 1) == 0b10


def test_only_a_ledger_consumes(world: World) -> None:
    use = (world.granted().id, world.bank, 1, 2, 1, now())
    for caller in (world.governor, world.anyone):
        with reverts("ConsentTokenNotLedger", caller.address):
            world.consents.consume(use, {"from": caller})
    assert world.consents.isLedger(world.ledger)
    tx = world.consents.setLedger(world.ledger, False, {"from": world.governor})
    assert dict(tx.events["LedgerSet"]) == {"ledger": world.ledger.address, "authorised": False}
    assert not world.consents.isLedger(world.ledger)
    with reverts("ConsentTokenNotLedger", world.ledger.address):
        world.meter(world.answered(world.granted()))


def test_a_ledger_is_a_contract_and_set_once(world: World) -> None:
    with reverts("ConsentTokenLedger", world.ledger.address, True):
        world.consents.setLedger(world.ledger, True, {"from": world.governor})
    with reverts("ConsentTokenLedger", world.anyone.address, True):
        world.consents.setLedger(world.anyone, True, {"from": world.governor})
    with reverts("ConsentTokenLedger", world.log.address, False):
        world.consents.setLedger(world.log, False, {"from": world.governor})


@pytest.mark.parametrize("function", ["setOpenDomains", "setLedger", "revokeByGovernors"])
def test_only_governors(world: World, function: str) -> None:
    arguments = {"setOpenDomains": (1,), "setLedger": (world.log.address, True), "revokeByGovernors": (1,)}[function]
    for caller in (world.anyone, world.bank_account(), world.bank_account("platform")):
        with reverts("AccessManagedUnauthorized", caller.address):
            getattr(world.consents, function)(*arguments, {"from": caller})


def test_hardly_anything_is_read_as_zero(world: World) -> None:
    assert world.consents.openDomainsAt(0) == 0
    assert int(str(world.consents.consentOf(int.from_bytes(NO_DIGEST, "big"))["institution"])) == 0
