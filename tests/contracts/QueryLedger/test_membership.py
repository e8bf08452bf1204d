"""A delivery is judged by what its nodes were when it was made, not by what they are when it is metered."""

import pytest
from brownie import accounts, chain
from consent_world import DAY, HOUR, World, key, next_block_at, now, rejections, sign, with_signature
from world import declare_stolen

from creditchain.messages import OperatorAcceptance
from creditchain.vocabulary import Finding, Role

PARTIES = {"bank": Finding.INSTITUTION, "bureau": Finding.PROVIDER}


def _later() -> None:
    chain.sleep(60)
    chain.mine()


@pytest.mark.parametrize("party", PARTIES)
@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_a_member_then_and_not_now(world: World, party: str, ending: str) -> None:
    consent = world.granted()
    before = world.answered(consent)
    _later()
    getattr(world.nodes, ending)(getattr(world, party), {"from": world.governor})
    _later()
    after = world.answered(consent)
    assert rejections(world.meter(before, after)) == [(1, PARTIES[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_suspended_and_reinstated(world: World, party: str) -> None:
    node = getattr(world, party)
    consent = world.granted(uses=9)
    deliveries = [world.answered(consent)]
    for change in ("suspend", "reinstate", "suspend", "reinstate"):
        _later()
        getattr(world.nodes, change)(node, {"from": world.governor})
        _later()
        deliveries.append(world.answered(consent))
    assert rejections(world.meter(*deliveries)) == [(1, PARTIES[party]), (3, PARTIES[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_the_second_of_a_suspension_counts_as_suspended(world: World, party: str) -> None:
    consent = world.granted()
    at = now() + 100
    last, first = world.answered(consent, at=at - 1), world.answered(consent, at=at)
    next_block_at(at)
    world.nodes.suspend(getattr(world, party), {"from": world.governor})
    assert rejections(world.meter(last, first)) == [(1, PARTIES[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_the_second_of_a_reinstatement_counts_as_reinstated(world: World, party: str) -> None:
    consent = world.granted()
    world.nodes.suspend(getattr(world, party), {"from": world.governor})
    at = now() + 100
    last, first = world.answered(consent, at=at - 1), world.answered(consent, at=at)
    next_block_at(at)
    world.nodes.reinstate(getattr(world, party), {"from": world.governor})
    assert rejections(world.meter(last, first)) == [(0, PARTIES[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_not_admitted_yet(world: World, party: str) -> None:
    role = {"bank": Role.INSTITUTION, "bureau": Role.BUREAU}[party]
    early = now()
    chain.sleep(100)
    node = world.admit("newcomer", role)
    place = {"bank": "institution", "bureau": "provider"}[party]
    chain.sleep(1)
    consent = world.granted(institution=node) if party == "bank" else world.granted()
    delivery = world.answered(consent, at=early, issued_at=early - 10, **{place: node})
    assert rejections(world.meter(delivery)) == [(0, PARTIES[party])]


SIGNED = {"bank": Finding.REQUEST_SIGNATURE, "bureau": Finding.RECEIPT_SIGNATURE}


@pytest.mark.parametrize("party", PARTIES)
def test_a_key_counts_while_it_was_the_nodes(world: World, party: str) -> None:
    node = getattr(world, party)
    consent = world.granted(uses=9)
    old_before = world.answered(consent)
    _later()
    old, new = world.operators[node], key(f"the next key of the {party}")
    world.rotate(node, new)
    _later()
    new_after = world.answered(consent)
    world.operators[node] = old
    old_after = world.answered(consent)
    world.operators[node] = new
    new_before = world.answered(consent, at=old_before.receipt.delivered_at, issued_at=old_before.request.issued_at)
    found = rejections(world.meter(old_before, new_after, old_after, new_before))
    assert found == [(2, SIGNED[party]), (3, SIGNED[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_a_node_rotates_its_own_key(world: World, party: str) -> None:
    node = getattr(world, party)
    consent = world.granted()
    before = world.answered(consent)
    _later()
    new, deadline = key(f"the next key of the {party}"), now() + DAY
    acceptance = sign(new, OperatorAcceptance(world.of_log, node, new.address, deadline))
    sender = accounts.add(world.operators[node].key)
    world.nodes.rotateOperator(node, new.address, deadline, acceptance, {"from": sender})
    world.operators[node] = new
    _later()
    assert rejections(world.meter(before, world.answered(consent))) == []


@pytest.mark.parametrize("party", PARTIES)
def test_compromised_since(world: World, party: str) -> None:
    node = getattr(world, party)
    consent = world.granted(uses=9)
    good = world.answered(consent)
    since = now() + 50
    chain.sleep(100)
    chain.mine()
    stolen = world.answered(consent)
    first = world.answered(consent, at=since, issued_at=since)
    declare_stolen(world, world.operators[node], (since, 0))
    assert rejections(world.meter(stolen, first, good)) == [(0, PARTIES[party]), (1, PARTIES[party])]


@pytest.mark.parametrize("party", PARTIES)
def test_compromised_and_replaced(world: World, party: str) -> None:
    node = getattr(world, party)
    consent = world.granted(uses=9)
    good, since = world.answered(consent), now() + 50
    chain.sleep(100)
    chain.mine()
    stolen = world.answered(consent)
    declare_stolen(world, world.operators[node], (since, 0))
    _later()
    world.rotate(node, key(f"the new key of the {party}"))
    _later()
    suspended = world.answered(consent)
    _later()
    world.nodes.reinstate(node, {"from": world.governor})
    _later()
    fresh = world.answered(consent)
    found = rejections(world.meter(good, stolen, suspended, fresh))
    assert found == [(1, PARTIES[party]), (2, PARTIES[party])]


def test_a_guest_until_its_end(world: World) -> None:
    end = now() + HOUR
    guest = world.admit("guest", Role.INSTITUTION, until=end)
    chain.sleep(1)
    consent = world.granted(institution=guest)
    changes = {"institution": guest, "deadline": end + HOUR}
    last, late = world.answered(consent, at=end - 1, **changes), world.answered(consent, at=end, **changes)
    chain.sleep(2 * HOUR)
    assert rejections(world.meter(last, late)) == [(1, Finding.INSTITUTION)]


def test_a_guest_prolonged_was_away_between(world: World) -> None:
    end = now() + 100
    guest = world.admit("guest", Role.INSTITUTION, until=end)
    chain.sleep(1)
    consent = world.granted(institution=guest)
    changes = {"institution": guest, "deadline": end + HOUR}
    away = world.answered(consent, at=end + 10, **changes)
    chain.sleep(200)
    world.nodes.setUntil(guest, now() + DAY, {"from": world.governor})
    _later()
    assert rejections(world.meter(away, world.answered(consent, **changes))) == [(0, Finding.INSTITUTION)]


def test_the_host_acts_for_a_virtual_node_and_must_act_itself(world: World) -> None:
    bank = world.admit("hosted bank", Role.INSTITUTION, host=world.platform)
    bureau = world.admit("hosted bureau", Role.BUREAU, host=world.platform, operator=key("hosted bureau"))
    chain.sleep(1)
    consent = world.granted(institution=bank, platform=world.other_platform, uses=9)
    own = world.answered(consent, institution=bank, provider=bureau)
    by_host = world.answered(consent, institution=bank, provider=bureau)
    signature = sign(world.operators[world.platform], by_host.receipt)
    by_host = with_signature(by_host, receipt_signature=signature)
    _later()
    world.nodes.suspend(world.platform, {"from": world.governor})
    _later()
    suspended = world.answered(consent, institution=bank, provider=bureau)
    assert rejections(world.meter(own, by_host, suspended)) == [(2, Finding.INSTITUTION)]
    plain = world.granted(platform=world.other_platform)
    assert rejections(world.meter(world.answered(plain, provider=bureau))) == [(0, Finding.PROVIDER)]


def test_the_hosts_key_as_it_was(world: World) -> None:
    bureau = world.admit("hosted bureau", Role.BUREAU, host=world.platform)
    chain.sleep(1)
    consent = world.granted(platform=world.other_platform)
    before = world.answered(consent, provider=bureau)
    _later()
    world.rotate(world.platform, key("the platform's next key"))
    _later()
    after = world.answered(consent, provider=bureau)
    assert rejections(world.meter(before, after)) == [(1, Finding.RECEIPT_SIGNATURE)]
    world.operators[bureau] = key("the platform's next key")
    assert rejections(world.meter(world.answered(consent, provider=bureau))) == []
