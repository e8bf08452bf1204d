"""A call in words, from its bytes alone: contract, function and arguments, as the region's interfaces have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from eth_utils.address import to_checksum_address

from creditchain.chain.abi import Item, Shape, decode_arguments, interface, members_of
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
    inside = _CALLS_INSIDE.get(item.name, ("", "")) if name == "Governance" else ("", "")
    shown = dict(_shown(deployment, names, item, decode_arguments(item, data), inside))
    return f"{name}.{item.name}({_listed(shown.items())})"


def _shown(
    deployment: Deployment, names: Mapping[str, str], item: Item, values: Sequence[Any], inside: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    target, data = inside
    arguments = dict(zip(item.names, values, strict=True))
    for key, kind, shape in zip(item.names, item.inputs, item.shapes, strict=True):
        if key == data:
            yield "call", described_call(deployment, arguments[target], arguments[key])
        elif key != target:
            yield key, _text(names, arguments[key], kind, shape)


def _text(names: Mapping[str, str], value: Any, kind: str, shape: Shape) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return f"({', '.join(_text(names, one, inner, shape) for one in value)})"
    if kind.startswith("("):
        members = zip(shape, members_of(kind), value, strict=True)
        return f"({_listed((name, _text(names, one, of, parts)) for (name, parts), of, one in members)})"
    return names.get(value, str(value)) if isinstance(value, str) else str(value)


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in pairs)
