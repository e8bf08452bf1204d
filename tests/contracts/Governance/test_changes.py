"""Every change of governance is an entry, with the cell that says how things stand."""

import pytest
from brownie import accounts
from governing import (
    ADMIN,
    CANCELLER,
    DELAY,
    GOVERNOR,
    PUBLIC,
    changes,
    governed,
    low,
    operations,
    selector,
)
from world import (
    ACCESS,
    DAY,
    NO_ADDRESS,
    WHOLE_SPACE,
    Kind,
    appended,
    bits,
    deploy,
    found_log,
    refused,
    time_of,
    value,
    wait,
    writer_id,
)

NONE = bytes(4)
MONTH = 30 * DAY


@pytest.fixture(scope="module")
def here(_module):
    """Governance with a founder that may do everything at once."""
    manager, log = found_log(DELAY)
    nodes = deploy("NodeRegistry", manager, log)
    return manager, log, nodes


class _Cells:
    """`world.value` wants something with a log."""

    def __init__(self, log):
        self.log = log


def member(log, role, account):
    return value(_Cells(log), ACCESS, 1 << 240 | role << 160 | int(account.address, 16))


def test_the_founder_is_the_first_entry():
    manager = deploy("Governance", accounts[3], DELAY, NO_ADDRESS)
    log = deploy("RegionLog", manager, b"PRD".ljust(32, b"\0"))
    with refused("GovernanceNotBegun"):
        manager.grantRole(GOVERNOR, accounts[4], 0, {"from": accounts[3]})
    with refused("GovernanceNotBegun"):
        manager.setRoleGuardian(GOVERNOR, CANCELLER, {"from": accounts[3]})
    shares = [(ACCESS, WHOLE_SPACE)]
    log.setWriter(0, manager, bits(Kind.ACCESS, Kind.OPERATION), shares, {"from": accounts[3]})
    with refused("AccessManagerUnauthorizedAccount", accounts[9], ADMIN):
        manager.begin(log, {"from": accounts[9]})
    other = deploy("RegionLog", deploy("Governance", accounts[3], 0, NO_ADDRESS), b"PRD".ljust(32, b"\0"))
    with refused("GovernanceNotAuthority", other):
        manager.begin(other, {"from": accounts[3]})
    tx = manager.begin(log, {"from": accounts[3]})
    (change,) = changes(tx)
    since = manager.getAccess(ADMIN, accounts[3])[0]
    assert change == (1, low(accounts[3]), ADMIN, low(accounts[3]), NONE, 0, since)
    assert member(log, ADMIN, accounts[3]) == since
    with refused("GovernanceBegun", log):
        manager.begin(log, {"from": accounts[3]})


def test_roles(here):
    manager, log, _ = here
    account, founder = accounts[5], accounts[0]
    tx = manager.grantRole(GOVERNOR, account, 60)
    assert changes(tx) == [(1, low(founder), GOVERNOR, low(account), NONE, 60, time_of(tx))]
    assert member(log, GOVERNOR, account) == time_of(tx) | 60 << 48
    # A shorter delay holds later.
    again = manager.grantRole(GOVERNOR, account, 0)
    assert changes(again) == [(1, low(founder), GOVERNOR, low(account), NONE, 0, time_of(tx))]
    assert member(log, GOVERNOR, account) == time_of(tx) | (time_of(again) + 60) << 80
    wait(60)
    assert list(manager.hasRole(GOVERNOR, account)) == [True, 0]
    tx = manager.revokeRole(GOVERNOR, account)
    assert changes(tx) == [(2, low(founder), GOVERNOR, low(account), NONE, 0, 0)]
    assert member(log, GOVERNOR, account) == 0
    assert appended(manager.revokeRole(GOVERNOR, account)) == []
    manager.grantRole(7, account, 0)
    assert changes(manager.renounceRole(7, account, {"from": account}))[0][:4] == (2, low(account), 7, low(account))


def test_what_a_role_is(here):
    manager, log, _ = here
    cell = 2 << 240 | 7
    tx = manager.setRoleAdmin(7, GOVERNOR)
    assert changes(tx) == [(3, low(accounts[0]), 7, NO_ADDRESS, NONE, GOVERNOR, 0)]
    tx = manager.setRoleGuardian(7, CANCELLER)
    assert changes(tx) == [(4, low(accounts[0]), 7, NO_ADDRESS, NONE, CANCELLER, 0)]
    tx = manager.setGrantDelay(7, DAY)
    assert changes(tx) == [(5, low(accounts[0]), 7, NO_ADDRESS, NONE, DAY, time_of(tx) + 5 * DAY)]
    assert value(_Cells(log), ACCESS, cell) == GOVERNOR | CANCELLER << 64 | DAY << 128
    wait(5 * DAY)
    manager.setGrantDelay(7, 20 * DAY)
    wait(5 * DAY)
    tx = manager.setGrantDelay(7, 0)
    assert changes(tx)[0][-1] == time_of(tx) + 20 * DAY, "a shorter delay waits for what it is shorter"
    assert manager.setGrantDelay(7, 1, {"from": accounts[0]}).status == 1


def test_what_is_called_in_a_contract(here):
    manager, log, nodes = here
    target, function = int(nodes.address, 16), selector(nodes.admit)
    tx = manager.setTargetFunctionRole(nodes, [function, selector(nodes.suspend)], GOVERNOR)
    first, second = changes(tx)
    assert first == (6, low(accounts[0]), GOVERNOR, low(nodes), bytes.fromhex(function[2:]), GOVERNOR, 0)
    assert second[4] == bytes.fromhex(selector(nodes.suspend)[2:])
    assert value(_Cells(log), ACCESS, 3 << 240 | 6 << 192 | int(function, 16) << 160 | target) == GOVERNOR
    tx = manager.setTargetAdminDelay(nodes, DAY)
    assert changes(tx) == [(7, low(accounts[0]), 0, low(nodes), NONE, DAY, time_of(tx) + 5 * DAY)]
    tx = manager.setTargetClosed(nodes, True)
    assert changes(tx) == [(8, low(accounts[0]), 0, low(nodes), NONE, 1, 0)]
    assert value(_Cells(log), ACCESS, 3 << 240 | 8 << 192 | target) == 1
    assert changes(manager.setTargetClosed(nodes, False))[0][5] == 0


def test_the_entries_are_found_from_their_count(here):
    manager, log, _ = here
    before = log.read([ACCESS << 248])[0][0]
    tx = manager.grantRole(7, accounts[5], 0)
    after = log.read([ACCESS << 248])[0][0]
    (event,) = appended(tx)
    assert after >> 56 == (before >> 56 & 2**32 - 1) + 1 | DELAY << 32
    assert after & 2**56 - 1 == event["index"]
    writes = event["writes"]
    assert int.from_bytes(writes[32:64], "big") == before


def test_delays_that_nobody_gets(here):
    manager, _, nodes = here
    for call, most in (
        (lambda delay: manager.grantRole(GOVERNOR, accounts[5], delay), MONTH),
        (lambda delay: manager.setGrantDelay(7, delay), MONTH),
        (lambda delay: manager.setTargetAdminDelay(nodes, delay), MONTH),
    ):
        with refused("GovernanceDelay", most + 1, 0, most):
            call(most + 1)
    with refused("GovernanceDelay", DELAY - 1, DELAY, MONTH):
        manager.grantRole(ADMIN, accounts[5], DELAY - 1)
    with refused("GovernanceDelay", MONTH + 1, 0, MONTH):
        deploy("Governance", accounts[0], MONTH + 1, NO_ADDRESS)


def test_an_admin_is_no_canceller(here):
    manager, _, _ = here
    manager.grantRole(CANCELLER, accounts[5], 0)
    with refused("GovernanceBothRoles", accounts[5]):
        manager.grantRole(ADMIN, accounts[5], DELAY)
    with refused("GovernanceBothRoles", accounts[0]):
        manager.grantRole(CANCELLER, accounts[0], 0)


def test_roles_that_nobody_changes(here):
    manager, log, _ = here
    with refused("AccessManagerLockedRole", CANCELLER):
        manager.setRoleAdmin(CANCELLER, PUBLIC)
    for call in (
        lambda: manager.setRoleAdmin(ADMIN, 7),
        lambda: manager.setRoleGuardian(ADMIN, 7),
    ):
        with refused("AccessManagerLockedRole", ADMIN):
            call()
    assert manager.getRoleGuardian(ADMIN) == CANCELLER
    for target, function in ((log, log.setWriter), (log, log.seal), (manager, manager.begin)):
        with refused("GovernanceLockedTarget", target):
            manager.setTargetFunctionRole(target, [selector(function)], PUBLIC)


def test_operations_are_entries():
    here = governed()
    data = here.log.setWriter.encode_input(writer_id(here.log, here.nodes), NO_ADDRESS, 0, [])
    tx = here.schedule(here.log, data)
    (scheduled,) = operations(tx)
    identity = bytes.fromhex(str(here.manager.hashOperation(here.admin, here.log, data))[2:])
    due = time_of(tx) + DELAY
    assert scheduled == (1, low(here.admin), identity, 1, due, low(here.log), bytes.fromhex(data[2:]))
    wait(DELAY)
    (done,) = operations(here.carry_out(here.log, data))
    assert done == (2, low(here.outsider), identity, 1, 0, NO_ADDRESS, b"")
    assert tuple(here.log.writer(here.nodes)) == (0, 0)
    seal = here.log.seal.encode_input()
    here.schedule(here.log, seal)
    (cancelled,) = operations(here.manager.cancel(here.admin, here.log, seal, {"from": here.canceller}))
    assert cancelled[:2] == (3, low(here.canceller))
