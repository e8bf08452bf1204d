"""Roles of governance: admins give and take them, close a contract and open it again."""

from __future__ import annotations

from creditchain.acts.deciding import call_contract
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.log.access_cells import GOVERNANCE_KEY, admin_delay
from creditchain.vocabulary import AccessRole


def grant(region: Region, outbox: Outbox, role: AccessRole, account: str, delay: int | None = None) -> Receipt:
    """Give an account (checksum address) a role, or change its delay. Admins wait as long as the region says.

    Args:
        delay: seconds that acts of the account wait; None: the region's least for the role.
    Raises:
        TransactionError: the chain refuses, as for an admin who would be a canceller too.
    """
    if delay is None:
        delay = admin_delay(region.words([GOVERNANCE_KEY])[0]) if role is AccessRole.ADMIN else 0
    return call_contract(region, outbox, "Governance", "grantRole", [str(int(role)), account, str(delay)])


def revoke(region: Region, outbox: Outbox, role: AccessRole, account: str) -> Receipt:
    """Take a role from an account. Raises TransactionError: the chain refuses, as for the last admin."""
    return call_contract(region, outbox, "Governance", "revokeRole", [str(int(role)), account])


def set_closed(region: Region, outbox: Outbox, contract: str, *, closed: bool) -> Receipt:
    """Close a contract: nobody calls its governed functions until it is opened again. What is free to all stays so.

    Raises:
        InputError: there is no such contract. TransactionError: the chain refuses.
    """
    if contract not in region.deployment.contracts:
        raise InputError("no such contract", expected=", ".join(region.deployment.contracts), found=contract)
    return call_contract(region, outbox, "Governance", "setTargetClosed", [contract, str(closed).lower()])
