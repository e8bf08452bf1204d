"""Who governs a region: the governors' Safe, and the roles of accounts, by the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.chain.abi import interface
from creditchain.chain.region import Region
from creditchain.chain.safe import SafeState, governors_safe, safe_state
from creditchain.index.opening import region_log
from creditchain.log.access_cells import GOVERNANCE_KEY, admin_delay, member_key, member_of, target_key, target_value
from creditchain.log.entries import AccessBody
from creditchain.vocabulary import AccessChange, AccessRole, EntryKind


@dataclass(frozen=True, slots=True)
class RoleMember:
    """An account in a role: seconds that its acts wait, and since when (unix seconds) it is a member."""

    role: AccessRole
    account: str
    delay: int
    since: int


@dataclass(frozen=True, slots=True)
class StandingGovernance:
    """The governors' Safe with its owners, threshold and next nonce, and the roles of accounts that were asked about.

    `safe` and `state` are None where single keys govern. `admin_delay`: seconds that new admins' acts wait at least.
    """

    safe: str | None
    state: SafeState | None
    admin_delay: int
    members: tuple[RoleMember, ...]


@dataclass(frozen=True, slots=True)
class OpenedFunction:
    """A function that another role than the governors may call; 2^64 - 1 are all."""

    contract: str
    function: str
    role: int


@dataclass(frozen=True, slots=True)
class StandingRoles:
    """Everybody who has a role, contracts that are closed, and functions that another role than governors may call."""

    block: int
    members: tuple[RoleMember, ...]
    closed: tuple[str, ...]  #: names, or addresses of contracts that the deployment does not know
    functions: tuple[OpenedFunction, ...]


def standing_roles(region: Region) -> StandingRoles:
    """Who may do what as of the newest final block, by the cells. Entries of the log say which cells to read."""
    log = region_log(region)
    bodies = [one.body for one in log.of_kind(EntryKind.ACCESS) if isinstance(one.body, AccessBody)]
    changes = (AccessChange.GRANTED, AccessChange.REVOKED)
    pairs = dict.fromkeys((AccessRole(one.role), one.subject) for one in bodies if one.change in changes)
    closings = dict.fromkeys(one.subject for one in bodies if one.change == AccessChange.TARGET_CLOSED)
    opened = dict.fromkeys((one.subject, one.selector) for one in bodies if one.change == AccessChange.FUNCTION_ROLE)
    keys = [
        [member_key(*pair) for pair in pairs],
        [target_key(AccessChange.TARGET_CLOSED, contract) for contract in closings],
        [target_key(AccessChange.FUNCTION_ROLE, *one) for one in opened],
    ]
    members, closed, roles = (region.words(some, log.block.number) if some else [] for some in keys)
    names = {contract.address: name for name, contract in region.deployment.contracts.items()}
    return StandingRoles(
        log.block.number,
        tuple(
            RoleMember(role, account, delay, since)
            for (role, account), (since, delay) in zip(pairs, map(member_of, members), strict=True)
            if since
        ),
        tuple(names.get(one, one) for one, word in zip(closings, closed, strict=True) if target_value(word)),
        tuple(
            OpenedFunction(names.get(contract, contract), _function(names.get(contract), selector), target_value(word))
            for (contract, selector), word in zip(opened, roles, strict=True)
            if target_value(word) != AccessRole.GOVERNOR
        ),
    )


def _function(contract: str | None, selector: bytes) -> str:
    known = {} if contract is None else interface(contract).functions
    return next((one.name for one in known.values() if one.selector == selector), "0x" + selector.hex())


def standing_governance(region: Region, accounts: Sequence[str] = ()) -> StandingGovernance:
    """Who governs as of the newest final block, and what these accounts (checksum addresses) may do."""
    block = region.chain.final_block().number
    safe = governors_safe(region.deployment)
    asked = [*([] if safe is None else [safe]), *accounts]
    pairs = [(role, account) for account in asked for role in AccessRole]
    words = region.words([GOVERNANCE_KEY, *(member_key(role, account) for role, account in pairs)], block)
    members = []
    for (role, account), word in zip(pairs, words[1:], strict=True):
        since, delay = member_of(word)
        if since:
            members.append(RoleMember(role, account, delay, since))
    state = None if safe is None else safe_state(region.chain, safe, block)
    return StandingGovernance(safe, state, admin_delay(words[0]), tuple(members))
