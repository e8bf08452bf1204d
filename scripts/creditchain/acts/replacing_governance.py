"""Another Governance takes its predecessor's place: contracts first, then the log, then the roles.

Whoever can carry out an operation that is due can choose the order of several, and what the log's authority no longer
governs stays ungoverned for ever. So the log is handed over only after all contracts were.
"""

from __future__ import annotations

from collections.abc import Iterator

from creditchain.acts.deciding import decide
from creditchain.acts.standing_governance import standing_roles
from creditchain.chain.abi import interface
from creditchain.chain.deploy import GOVERNOR, PARTS
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.safe import governors_safe
from creditchain.errors import InputError
from creditchain.log.access_cells import GOVERNANCE_KEY, admin_delay
from creditchain.log.views import ContractCall
from creditchain.vocabulary import AccessRole

NAME = "Governance"
_GOVERNED = tuple(part.name for part in PARTS if part.restricted)


def successor_arguments(region: Region, creator: str) -> tuple[str, int, str]:
    """The constructor's arguments. The first admin is the governors' Safe, or the creator where single keys govern."""
    delay = admin_delay(region.words([GOVERNANCE_KEY])[0])
    return governors_safe(region.deployment) or creator, delay, region.deployment.address("RegionLog")


def replace_governance(region: Region, outbox: Outbox, address: str) -> str:
    """Do the next step of putting the Governance at `address` (a checksum address) in place. Returns what it was.

    Run it again once the step took effect, until it says `done`. The step after the log's needs the new address in
    the deployment file (`upgrade adopt Governance`).

    Raises:
        InputError: it is not for this log, first admin and delay. TransactionError: the chain refuses.
    """
    before = region.deployment.address(NAME)
    if before == address:
        return _give_roles(region, outbox)
    _require_successor(region, outbox, address)
    moved = [name for name in _GOVERNED if _authority(region, name) != address]
    names, step = (moved, "contracts") if moved else (["RegionLog"], "log")
    if not moved and _authority(region, "RegionLog") == address:
        return "adopt"
    waiting = []
    for name in names:
        data = interface(NAME).encode("updateAuthority", region.deployment.address(name), address)
        call = ContractCall(before, data, f"put {name} under {address}")
        waiting.append(decide(region, outbox, f"authority of {name} is {address}", call))
    for intent, call in waiting:
        outbox.submit(intent, call)
    return step


def _give_roles(region: Region, outbox: Outbox) -> str:
    """Who had a role has it again, and governors call what they did. The Safe's own delay comes last."""
    calls = list(_role_calls(region))
    for call in calls:
        outbox.post(f"roles of {NAME}: {call.data.hex()}", call)
    for call in calls:
        outbox.submit(f"roles of {NAME}: {call.data.hex()}", call)
    return "roles" if calls else "done"


def _role_calls(region: Region) -> Iterator[ContractCall]:
    manager, deployment = interface(NAME), region.deployment
    here = deployment.address(NAME)
    for part in PARTS:
        target, functions = deployment.address(part.name), interface(part.name).functions
        selectors = [functions[name].selector for name in part.restricted]
        missing = [
            one for one in selectors if _asked(region, here, "getTargetFunctionRole", target, one) != (GOVERNOR,)
        ]
        if missing:
            data = manager.encode("setTargetFunctionRole", target, missing, GOVERNOR)
            yield ContractCall(here, data, f"let governors call {part.name}")
    least = admin_delay(region.words([GOVERNANCE_KEY])[0])
    # Cells name the members under the predecessor; admins come last, since from then on their acts wait.
    for one in sorted(standing_roles(region).members, key=lambda one: one.role is AccessRole.ADMIN):
        # That the first admin has no delay is a word of its cell by now; every admin waits as the region says.
        delay = max(one.delay, least) if one.role is AccessRole.ADMIN else one.delay
        if _asked(region, here, "hasRole", one.role, one.account) != (True, delay):
            data = manager.encode("grantRole", one.role, one.account, delay)
            yield ContractCall(here, data, f"{one.account} is {one.role.label}")


def _require_successor(region: Region, outbox: Outbox, address: str) -> None:
    """Anybody may create one, so its first admin and delay are compared. Until it begins, it has no other admin."""
    founder, delay, log = successor_arguments(region, outbox.signer.address)
    (code,) = region.chain.codes([address])
    expected = f"the code of this version, log {log}, first admin {founder}, delay {delay} s"
    hint = "Create it with `creditchain upgrade create Governance`."
    if not interface(NAME).is_code(code):
        found = f"{len(code)} bytes of other code at {address}"
        raise InputError("this is no Governance of this version", expected=expected, found=found, hint=hint)
    admin, (its_delay,), (its_log,) = (
        _asked(region, address, "hasRole", AccessRole.ADMIN, founder)[0],
        _asked(region, address, "adminDelay"),
        _asked(region, address, "log"),
    )
    if (admin, its_delay, its_log) != (True, delay, log):
        found = f"log {its_log}, {'this' if admin else 'another'} first admin, delay {its_delay} s"
        raise InputError("this Governance would not govern as now", expected=expected, found=found, hint=hint)


def _authority(region: Region, name: str) -> str:
    face = interface(name)
    data = region.chain.call(region.deployment.address(name), face.encode("authority"), doing="answer authority")
    return str(face.decode("authority", data)[0])


def _asked(region: Region, address: str, function: str, *arguments: object) -> tuple[object, ...]:
    face = interface(NAME)
    data = region.chain.call(address, face.encode(function, *arguments), doing=f"answer {function}")
    return face.decode(function, data)
