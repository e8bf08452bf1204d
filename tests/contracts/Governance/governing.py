"""Governance in these tests: two governors' accounts, a canceller, and operations that wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reference
from brownie import accounts
from eth_abi import decode, encode
from world import (
    DAY,
    Kind,
    admit_writer,
    appended,
    deploy,
    found_log,
    wait,
)

ADMIN, GOVERNOR, CANCELLER, PUBLIC = 0, 1, 2, 2**64 - 1
DELAY = 2 * DAY
ACCESS_TYPES = ("uint8", "address", "uint64", "address", "bytes4", "uint256", "uint48")
OPERATION_TYPES = ("uint8", "address", "bytes32", "uint32", "uint48", "address", "bytes")


@dataclass(frozen=True)
class Governed:
    """A log, a contract under governance, and accounts: the founder has renounced."""

    manager: Any
    log: Any
    nodes: Any

    founder: Any
    admin: Any
    canceller: Any
    outsider: Any

    def schedule(self, target: Any, data: str) -> Any:
        """The admin schedules a call; the transaction."""
        return self.manager.schedule(target, data, 0, {"from": self.admin})

    def carry_out(self, target: Any, data: str) -> Any:
        """Anybody carries out what the admin scheduled."""
        return self.manager.carryOut(self.admin, target, data, {"from": self.outsider})

    def do(self, target: Any, data: str) -> Any:
        """Schedule, wait, carry out; the last transaction."""
        self.schedule(target, data)
        wait(DELAY)
        return self.carry_out(target, data)


def governed() -> Governed:
    """Governance with a delay of two days, an admin who is a governor too, and a canceller."""
    founder, admin, canceller, outsider = (accounts[number] for number in (0, 1, 2, 9))
    manager, log = found_log(DELAY)
    nodes = deploy("NodeRegistry", manager, log)
    admit_writer(log, nodes, "NodeRegistry")
    manager.setTargetFunctionRole(nodes, [selector(nodes.suspend), selector(nodes.admit)], GOVERNOR)
    manager.grantRole(CANCELLER, canceller, 0)
    manager.grantRole(GOVERNOR, admin, 0)
    manager.grantRole(ADMIN, admin, DELAY)
    manager.renounceRole(ADMIN, founder)
    return Governed(manager, log, nodes, founder, admin, canceller, outsider)


def selector(function: Any) -> str:
    return str(function.signature)


def operation(caller: Any, target: Any, data: str) -> bytes:
    """The id of an operation, as OpenZeppelin makes it."""
    members = (caller.address, target.address, bytes.fromhex(data[2:]))
    return reference.keccak(encode(("address", "address", "bytes"), members))


def changes(tx: Any) -> list[tuple[Any, ...]]:
    """What the `ACCESS` entries of a transaction say."""
    return [decode(ACCESS_TYPES, event["body"]) for event in appended(tx) if event["kind"] == Kind.ACCESS]


def operations(tx: Any) -> list[tuple[Any, ...]]:
    """What the `OPERATION` entries of a transaction say."""
    return [decode(OPERATION_TYPES, event["body"]) for event in appended(tx) if event["kind"] == Kind.OPERATION]


def low(address: Any) -> str:
    return str(address).lower()
