"""Acts of governors and admins: sent at once, or scheduled where they have to wait; any call, named by the user."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from creditchain.chain.abi import Item, interface, members_of
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.proposing import scheduled
from creditchain.chain.region import Region
from creditchain.chain.safe import GOVERNORS
from creditchain.errors import InputError
from creditchain.log.views import ContractCall
from creditchain.vocabulary import AccessRole


def decide(region: Region, outbox: Outbox, intent: str, call: ContractCall) -> tuple[str, ContractCall]:
    """Send an act of admins, or schedule it if it has to wait. Returns what to wait for."""
    try:
        outbox.post(intent, call)
    except ContractRefusedError as error:
        if error.name != "AccessManagerNotScheduled":
            raise
        intent, call = f"schedule {intent}", scheduled(region, call)
        outbox.post(intent, call)
    return intent, call


def call_contract(region: Region, outbox: Outbox, contract: str, function: str, texts: Sequence[str]) -> Receipt:
    """Call any function of a contract of the region. The same call again is another act.

    Raises:
        InputError: no such contract or function, or an argument does not fit. TransactionError: the chain refuses.
    """
    call = named_call(region.deployment, contract, function, texts)
    intent, times = f"call {call.to} {call.data.hex()}", 0
    while any(outbox.state(f"{start}{intent} #{times}") == "final" for start in ("", "schedule ")):
        times += 1
    return outbox.submit(*decide(region, outbox, f"{intent} #{times}", call))


def named_call(deployment: Deployment, contract: str, function: str, texts: Sequence[str]) -> ContractCall:
    """A call by the names of contract and function, with arguments as text. Raises InputError."""
    if contract not in deployment.contracts:
        raise InputError("no such contract", expected=", ".join(deployment.contracts), found=contract)
    functions = interface("Safe" if contract == GOVERNORS else contract).functions
    if function not in functions:
        raise InputError(f"{contract} has no such function", expected=", ".join(sorted(functions)), found=function)
    item = functions[function]
    if len(texts) != len(item.inputs):
        wanted = ", ".join(f"{kind} {name}" for kind, name in zip(item.inputs, item.names, strict=True))
        raise InputError(
            f"{function} takes other arguments", expected=wanted or "none", found=f"{len(texts)} arguments"
        )
    values = [_argument(deployment, item, place, text) for place, text in enumerate(texts)]
    data = interface("Safe" if contract == GOVERNORS else contract).encode(function, *values)
    return ContractCall(deployment.address(contract), data, f"call {contract}.{function}")


def _argument(deployment: Deployment, item: Item, place: int, text: str) -> Any:
    kind, name = item.inputs[place], item.names[place]
    roles = {role.label: int(role) for role in AccessRole}
    if name == "roleId" and text in roles:
        return roles[text]
    try:
        return _value(deployment, kind, json.loads(text) if kind.endswith(("]", ")")) else text)
    except (ValueError, TypeError) as error:
        wanted = f"{', '.join(roles)} or {kind}" if name == "roleId" else kind
        expected = f"{wanted} for {name}{'; lists and structs as JSON' if kind.endswith((']', ')')) else ''}"
        raise InputError("an argument does not fit", expected=expected, found=text) from error


def _value(deployment: Deployment, kind: str, given: Any) -> Any:
    """One argument by its ABI type. Raises ValueError, TypeError."""
    from eth_utils.address import to_checksum_address

    if kind.endswith("]"):
        return [_value(deployment, kind[: kind.rindex("[")], one) for one in given]
    if kind.startswith("("):
        return tuple(_value(deployment, inner, one) for inner, one in zip(members_of(kind), given, strict=True))
    if kind == "address":
        known = deployment.contracts.get(given)
        return to_checksum_address(given) if known is None else known.address
    if kind == "bool":
        return ["false", "true"].index(str(given).lower()) == 1
    if kind.startswith("bytes"):
        return _bytes(kind, given)
    return int(str(given), 0) if kind.startswith(("uint", "int")) else str(given)


def _bytes(kind: str, given: str) -> bytes:
    found = bytes.fromhex(given.removeprefix("0x"))
    if kind != "bytes" and len(found) != int(kind.removeprefix("bytes")):
        raise ValueError(f"{len(found)} bytes")
    return found
