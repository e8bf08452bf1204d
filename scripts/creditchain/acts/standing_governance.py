"""Who governs a region: the governors' Safe, and the roles of accounts, by the cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.chain.region import Region
from creditchain.chain.safe import SafeState, governors_safe, safe_state
from creditchain.log.access_cells import GOVERNANCE_KEY, admin_delay, member_key, member_of
from creditchain.vocabulary import AccessRole


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
