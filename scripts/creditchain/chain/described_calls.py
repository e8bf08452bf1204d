"""A call in words, from its bytes alone: contract, function and arguments, as the region's interfaces have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_utils.address import to_checksum_address

from creditchain.chain.abi import decode_arguments, interface
from creditchain.chain.deployments import Deployment
from creditchain.chain.safe import GOVERNORS

#: Arguments that are calls themselves, by function of Governance: target and data.
_CALLS_INSIDE = dict.fromkeys(("schedule", "cancel", "execute", "carryOut"), ("target", "data"))


def described_call(deployment: Deployment, target: str, data: bytes) -> str:
    """For instance `NodeRegistry.suspend(node=5)`; the bytes in hex where contract or function are not known."""
    names = {one.address: name for name, one in deployment.contracts.items()}
    name = names.get(to_checksum_address(target))
    functions = () if name is None else interface("Safe" if name == GOVERNORS else name).functions.values()
    item = next((function for function in functions if function.selector == data[:4]), None)
    if name is None or item is None:
        return f"{name or to_checksum_address(target)}: 0x{data.hex()}"
    arguments = dict(zip(item.names, decode_arguments(item, data), strict=True))
    shown = dict(_shown(deployment, names, item.name if name == "Governance" else "", arguments))
    return f"{name}.{item.name}({', '.join(f'{key}={value}' for key, value in shown.items())})"


def _shown(deployment: Deployment, names: Mapping[str, str], function: str, arguments: Mapping[str, Any]) -> Any:
    target, data = _CALLS_INSIDE.get(function, ("", ""))
    for key, value in arguments.items():
        if key == data:
            yield "call", described_call(deployment, arguments[target], value)
        elif key != target:
            yield key, _text(names, value)


def _text(names: Mapping[str, str], value: Any) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return "(" + ", ".join(_text(names, one) for one in value) + ")"
    return names.get(value, str(value)) if isinstance(value, str) else str(value)
