"""What governors cannot do, whatever they agree on, and what they cannot do unseen or at once."""

import pytest
from brownie import accounts
from eth_utils import to_bytes
from governing import (
    ADMIN,
    CANCELLER,
    DELAY,
    GOVERNOR,
    PUBLIC,
    changes,
    governed,
    low,
    operation,
    operations,
    selector,
)
from world import (
    DAY,
    NO_ADDRESS,
    WHOLE_SPACE,
    Kind,
    Role,
    admission,
    append,
    appended,
    bits,
    cell_key,
    deploy,
    found_log,
    refused,
    refused_inside,
    wait,
    writer_id,
)


@pytest.fixture(scope="module")
def here(_module):
    """See `governed`."""
    return governed()


def raw(identity):
    """A bytes32 as Brownie prints it in an error."""
    return to_bytes(identity)


def test_governors_open_a_function_to_everybody_unseen(here):
    """Not at once, not without two entries: one when it is meant, one when it holds."""
    manager, nodes = here.manager, here.nodes
    data = manager.setTargetFunctionRole.encode_input(nodes, [selector(nodes.admit)], PUBLIC)
    with refused("AccessManagerNotScheduled", raw(operation(here.admin, manager, data))):
        manager.setTargetFunctionRole(nodes, [selector(nodes.admit)], PUBLIC, {"from": here.admin})
    assert operations(here.schedule(manager, data))[0][-1] == to_bytes(hexstr=data)
    wait(DELAY)
    tx = here.carry_out(manager, data)
    assert changes(tx) == [(6, low(manager), PUBLIC, low(nodes), to_bytes(hexstr=selector(nodes.admit)), PUBLIC, 0)]
    nodes.admit(admission(accounts[7], Role.SOURCE, domains=1), {"from": here.outsider})


def test_another_manager_governs_a_contract_unseen(here):
    """An ordinary AccessManager would leave no entries, and one of another log none here."""
    other = deploy("AccessManager", here.admin)
    elsewhere = deploy("Governance", here.admin, DELAY, deploy("RegionLog", here.manager, b"PRD".ljust(32, b"\0")))
    for target, authority in (
        (here.nodes, other),
        (here.log, other),
        (here.nodes, elsewhere),
        (here.nodes, here.admin),
    ):
        data = here.manager.updateAuthority.encode_input(target, authority)
        here.schedule(here.manager, data)
        wait(DELAY)
        with refused("GovernanceSuccessor", authority):
            here.carry_out(here.manager, data)
    bypass = here.nodes.setAuthority.encode_input(other)
    with refused(
        "AccessManagerUnauthorizedCall", here.admin, here.nodes, to_bytes(hexstr=selector(here.nodes.setAuthority))
    ):
        here.schedule(here.nodes, bypass)


@pytest.mark.parametrize("way", ["schedule", "execute"])
def test_execute_forges_an_entry(here, way):
    """The log takes governance for a writer; an admin must not write through it."""
    forged = here.log.append.encode_input(Kind.ACCESS, b"forged", [(cell_key(15, 1), 1)])
    arguments = (here.log, forged, 0) if way == "schedule" else (here.log, forged)
    with refused("AccessManagerUnauthorizedCall", here.admin, here.log, to_bytes(hexstr=selector(here.log.append))):
        getattr(here.manager, way)(*arguments, {"from": here.admin})


def test_execute_inside_execute_forges_an_entry(here):
    inner = here.manager.execute.encode_input(here.log, here.log.append.encode_input(Kind.ACCESS, b"forged", []))
    size = here.log.size()
    here.schedule(here.manager, inner)
    wait(DELAY)
    with refused("AccessManagerUnauthorizedCall", here.manager, here.log, to_bytes(hexstr=selector(here.log.append))):
        here.carry_out(here.manager, inner)
    assert here.log.size() == size + 1


def test_a_founder_forges_an_entry():
    manager, log = found_log()
    with refused("AccessManagerUnauthorizedCall", accounts[0], log, to_bytes(hexstr=selector(log.append))):
        manager.execute(log, log.append.encode_input(Kind.ACCESS, b"forged", []))


def test_governance_loses_its_mask(here):
    data = here.log.setWriter.encode_input(writer_id(here.log, here.manager), NO_ADDRESS, 0, [])
    here.schedule(here.log, data)
    wait(DELAY)
    with refused("RegionLogAuthority", here.manager):
        here.carry_out(here.log, data)
    assert here.log.writer(here.manager)[0] == bits(Kind.ACCESS, Kind.OPERATION)


def test_a_seal_leaves_nothing_repairable(here):
    """A sealed log still takes changes of governance and of writers: a stolen key is replaced, revocations go on."""
    here.do(here.log, here.log.seal.encode_input())
    assert here.log.sealedAt() > 0
    manager = here.manager
    tx = here.do(manager, manager.grantRole.encode_input(ADMIN, accounts[4], DELAY))
    assert changes(tx)[0][:4] == (1, low(manager), ADMIN, low(accounts[4]))
    here.do(manager, manager.revokeRole.encode_input(GOVERNOR, here.admin))
    assert manager.hasRole(GOVERNOR, here.admin)[0] is False
    wallet = deploy("Wallet", accounts[1])
    swapped = here.log.setWriter.encode_input(
        writer_id(here.log, here.nodes), wallet, bits(Kind.REVOCATION), [(1, WHOLE_SPACE)]
    )
    here.do(here.log, swapped)
    append(here.log, wallet, Kind.REVOCATION, b"", [])


def test_the_last_admin_goes(here):
    with refused("GovernanceLastAdmin", here.admin):
        here.manager.renounceRole(ADMIN, here.admin, {"from": here.admin})
    data = here.manager.revokeRole.encode_input(ADMIN, here.admin)
    here.schedule(here.manager, data)
    wait(DELAY)
    with refused("GovernanceLastAdmin", here.admin):
        here.carry_out(here.manager, data)
    here.do(here.manager, here.manager.grantRole.encode_input(ADMIN, accounts[4], DELAY))
    tx = here.manager.renounceRole(ADMIN, here.admin, {"from": here.admin})
    assert changes(tx)[0][:4] == (2, low(here.admin), ADMIN, low(here.admin))


def test_the_last_admin_goes_because_somebody_counted_wrong(here):
    """An admin who is granted the role again is one all the same, and whoever loses what it never had is none less."""
    manager = here.manager
    here.do(manager, manager.grantRole.encode_input(ADMIN, here.admin, DELAY))
    with refused("GovernanceLastAdmin", here.admin):
        manager.renounceRole(ADMIN, here.admin, {"from": here.admin})
    here.do(manager, manager.grantRole.encode_input(ADMIN, accounts[4], DELAY))
    here.do(manager, manager.revokeRole.encode_input(ADMIN, here.outsider))
    manager.renounceRole(ADMIN, here.admin, {"from": here.admin})
    with refused("GovernanceLastAdmin", accounts[4]):
        manager.renounceRole(ADMIN, accounts[4], {"from": accounts[4]})


DANGEROUS = {
    "writers": lambda here: (
        here.log,
        here.log.setWriter.encode_input(writer_id(here.log, here.nodes), NO_ADDRESS, 0, []),
    ),
    "seal": lambda here: (here.log, here.log.seal.encode_input()),
    "authority": lambda here: (here.manager, here.manager.updateAuthority.encode_input(here.log, here.nodes)),
    "another admin": lambda here: (here.manager, here.manager.grantRole.encode_input(ADMIN, accounts[4], DELAY)),
    "function": lambda here: (
        here.manager,
        here.manager.setTargetFunctionRole.encode_input(here.nodes, [selector(here.nodes.retire)], GOVERNOR),
    ),
    "closing": lambda here: (here.manager, here.manager.setTargetClosed.encode_input(here.nodes, True)),
}


@pytest.mark.parametrize("what", DANGEROUS)
def test_what_could_take_a_region_down_waits_and_is_stopped(here, what):
    target, data = DANGEROUS[what](here)
    manager, identity = here.manager, operation(here.admin, target, data)
    with refused("AccessManagerNotScheduled", raw(identity)):
        manager.execute(target, data, {"from": here.admin})
    with refused("AccessManagerNotScheduled", raw(identity)):
        here.carry_out(target, data)
    here.schedule(target, data)
    wait(DELAY - 60)
    with refused("AccessManagerNotReady", raw(identity)):
        here.carry_out(target, data)
    with refused("AccessManagerUnauthorizedCancel", here.outsider, here.admin, target, to_bytes(hexstr=data[:10])):
        manager.cancel(here.admin, target, data, {"from": here.outsider})
    manager.cancel(here.admin, target, data, {"from": here.canceller})
    wait(60)
    with refused("AccessManagerNotScheduled", raw(identity)):
        here.carry_out(target, data)


def test_what_nobody_carries_out_for_a_week_is_over(here):
    data = here.log.seal.encode_input()
    here.schedule(here.log, data)
    wait(DELAY + 7 * DAY)
    with refused("AccessManagerNotScheduled", raw(operation(here.admin, here.log, data))):
        here.carry_out(here.log, data)


def test_a_canceller_does_not_keep_its_place_for_ever(here):
    manager = here.manager
    here.do(manager, manager.grantRole.encode_input(CANCELLER, accounts[3], 0))
    data = manager.revokeRole.encode_input(CANCELLER, here.canceller)
    here.schedule(manager, data)
    with refused("GovernanceOwnRemoval", here.canceller):
        manager.cancel(here.admin, manager, data, {"from": here.canceller})
    # The other one can stop it, so that governors do not get rid of all who could.
    manager.cancel(here.admin, manager, data, {"from": accounts[3]})
    here.do(manager, data)
    assert manager.hasRole(CANCELLER, here.canceller)[0] is False


def test_a_canceller_begins_nothing(here):
    function = to_bytes(hexstr=selector(here.log.seal))
    for call in (
        lambda: here.manager.schedule(here.log, here.log.seal.encode_input(), 0, {"from": here.canceller}),
        lambda: here.manager.execute(here.log, here.log.seal.encode_input(), {"from": here.canceller}),
    ):
        with refused("AccessManagerUnauthorizedCall", here.canceller, here.log, function):
            call()


def test_an_admin_who_is_none_any_more_has_nothing_carried_out(here):
    manager, seal = here.manager, here.log.seal.encode_input()
    here.do(manager, manager.grantRole.encode_input(ADMIN, accounts[4], DELAY))
    here.schedule(here.log, seal)
    manager.renounceRole(ADMIN, here.admin, {"from": here.admin})
    wait(DELAY)
    with refused("AccessManagerUnauthorizedCall", here.admin, here.log, to_bytes(hexstr=selector(here.log.seal))):
        here.carry_out(here.log, seal)


def test_nobody_acts_for_a_governor_who_scheduled_nothing(here):
    """What governors do at once would be anybody's, if `carryOut` acted for them without their having scheduled it."""
    here.nodes.admit(admission(accounts[7], Role.SOURCE, domains=1), {"from": here.admin})
    data = here.nodes.suspend.encode_input(1)
    with refused("AccessManagerNotScheduled", raw(operation(here.admin, here.nodes, data))):
        here.carry_out(here.nodes, data)


def test_whoever_is_called_acts_for_nobody(here):
    """While an operation is carried out, the contract that it calls cannot act as the admin who scheduled it."""
    wallet = deploy("Wallet", here.manager)
    grant = here.manager.grantRole.encode_input(ADMIN, here.outsider, DELAY)
    data = wallet.execute.encode_input(here.manager, grant)
    here.schedule(wallet, data)
    # It is scheduled for the admin, not for the wallet.
    here.schedule(here.manager, grant)
    wait(DELAY)
    with refused_inside(here.log, "AccessManagerUnauthorizedAccount(address,uint64)", int(wallet.address, 16), ADMIN):
        here.carry_out(wallet, data)
    assert here.manager.hasRole(ADMIN, here.outsider)[0] is False


def test_a_successor_takes_log_and_mask_along(here):
    manager, log = here.manager, here.log
    successor = deploy("Governance", accounts[4], DAY, log)
    with refused("GovernanceNotBegun"):
        successor.grantRole(GOVERNOR, accounts[5], 0, {"from": accounts[4]})
    # Neither before it governs, nor with another log, which would leave it unable to take this one over.
    for wrong in (log, deploy("RegionLog", successor, b"PRD".ljust(32, b"\0"))):
        with refused("GovernanceNotAuthority", wrong):
            successor.begin(wrong, {"from": accounts[9]})
    here.do(manager, manager.updateAuthority.encode_input(here.nodes, successor))
    tx = here.do(manager, manager.updateAuthority.encode_input(log, successor))
    done, moved, begun = appended(tx)
    assert [event["kind"] for event in (done, moved, begun)] == [Kind.OPERATION, Kind.AUTHORITY, Kind.ACCESS]
    assert (log.authority(), here.nodes.authority()) == (successor, successor)
    assert tuple(log.writer(manager)) == (0, 0)
    assert tuple(log.writer(successor)) == (bits(Kind.ACCESS, Kind.OPERATION), 1 << 15)
    # The one before changes nothing any more, and the count goes on.
    data = manager.grantRole.encode_input(GOVERNOR, accounts[6], 0)
    with refused("RegionLogNotWriter", manager):
        here.schedule(manager, data)
    count = log.read([cell_key(15, 0)])[0][0] >> 56 & 2**32 - 1
    assert len(changes(successor.grantRole(GOVERNOR, accounts[5], 0, {"from": accounts[4]}))) == 1
    assert log.read([cell_key(15, 0)])[0][0] >> 56 == count + 1 | DAY << 32
    swapped = writer_id(log, here.nodes)
    again = deploy("NodeRegistry", successor, log)
    log.setWriter(swapped, again, bits(Kind.NODE), [(1, WHOLE_SPACE)], {"from": accounts[4]})


def test_an_authority_that_writes_already(here):
    """Its rights would be two writers' in one."""
    manager, log = found_log()
    successor = deploy("Governance", accounts[0], 0, log)
    log.setWriter(0, successor, bits(Kind.NODE), [(1, WHOLE_SPACE)])
    with refused("RegionLogWriterKnown", successor):
        manager.updateAuthority(log, successor)
    assert value_of(log, manager) == bits(Kind.ACCESS, Kind.OPERATION)


def value_of(log, contract):
    return log.writer(contract)[0]


def test_governors_govern_at_once_what_is_theirs(here):
    here.nodes.admit(admission(accounts[7], Role.SOURCE, domains=1), {"from": here.admin})
    here.nodes.suspend(1, {"from": here.admin})
    with refused("AccessManagedUnauthorized", here.canceller):
        here.nodes.suspend(1, {"from": here.canceller})
