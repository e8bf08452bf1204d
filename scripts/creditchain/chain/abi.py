"""Interfaces of the contracts that ship in the package: encode calls; decode results, events and errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode, encode, is_encodable
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.address import to_checksum_address

from creditchain.chain.answers import Log
from creditchain.chain.errors import ChainUnavailableError, ContractRefusedError
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.times import moment

#: What to do about the errors that users meet. The names and values of the other errors say enough.
HINTS = {
    "AccessManagedUnauthorized": "Only governors may do this; choose a governor's key with --signer.",
    "AnchorRegistryProduct": "Governors launch products (`creditchain product launch`), each number once.",
    "AnchorRegistryKeyEpoch": "Build the batch again under the current key epoch (`creditchain epoch list`).",
    "AnchorRegistryNumber": "Another batch of this node was anchored in between; run the same command again.",
    "AnchorRegistryBook": "Make the book again from all batches that are sound; another one was anchored meanwhile.",
    "AnchorRegistrySuccessorLife": "Name the record that took the successor's place (`creditchain record show`).",
    "AuditRegistrySpoiled": "It is broken or annulled for ever.",
    "AuditRegistryAudited": "A later book was audited; nothing rests on this one.",
    "AuditRegistryKeySound": "Only what was done with a stolen key is annulled (`creditchain node compromise`).",
    "AuditRegistryUnrelated": "Name the list of the earlier batch first; both are of one node and key epoch.",
    "AuditRegistryGone": "What is broken or annulled proves nothing against what came later.",
    "AuditRegistryClosed": "Name an entry of the log that the node has not closed yet (`creditchain log show`).",
    "OpeningWrong": "The log has grown since: run the same command again; renew a proposal with `govern renew`.",
    "AccessManagerUnauthorizedAccount": "Only admins may do this: where a Safe governs, propose it (`govern propose`).",
    "AccessManagerUnauthorizedCancel": "Only cancellers and whoever scheduled it may (`creditchain govern roles`).",
    "GovernanceBothRoles": "Who stops what admins began is no admin; choose another account.",
    "GovernanceDelay": "Admins wait at least the region's delay (`creditchain govern show`), and 30 days at most.",
    "GovernanceLastAdmin": "Make another account admin first (`creditchain govern grant`).",
    "GovernanceLockedTarget": "The log and Governance obey admins alone; no role can be let in.",
    "GovernanceOwnRemoval": "Another canceller has to stop this.",
    "GovernanceSuccessor": "Create the successor with `creditchain upgrade create Governance`.",
    "RegionLogNotWriter": "The contract was replaced: adopt the next version (`creditchain upgrade adopt`).",
    "NodeRegistryNotOperator": "Sign with the node's operator key, or its host's (`creditchain node show`).",
    "NodeRegistryInactive": "It, or its host, is suspended, retired or past its end date (`creditchain node show`).",
    "NodeRegistryDomains": "Governors set what a node may publish with `creditchain node set-domains`.",
    "NodeRegistryStatus": "See how it stands: 1 active, 2 suspended, 3 retired (`creditchain node show`).",
    "NodeRegistryUntil": "Only an institution can be a guest, whose membership ends, and that in the future (--until).",
    "NodeRegistryInterval": "Say when between these times the key was in other hands; the node has it since the first.",
    "NodeRegistryNotHosted": "Only a virtual node has a host (`creditchain node list`).",
    "NodeRegistryAnswerer": "An active node answers for a retired one (`creditchain node show`).",
    "NodeRegistryKeyTaken": "One key belongs to one node for ever; choose a key that no node ever had.",
    "CheckpointSignersCount": "Name 1 to 64 signers.",
    "CheckpointSignersThreshold": "More than half of the signers must sign, and not more than there are (--threshold).",
    "CheckpointSignersOrder": "Name each key once.",
    "CheckpointSignersInactive": "Only active members sign; see `creditchain node show`.",
    "ConsentTokenIncomplete": "Ask for it again with `creditchain consent request`, which checks the terms.",
    "ConsentTokenKeyOrPaper": "A consent is either signed by a key or carries the digest of a paper, never both.",
    "ConsentTokenPeriod": "The consent has expired, or its dates are in the wrong order; ask for it again.",
    "ConsentTokenRole": "A consent names an institution that asks and a platform that endorses.",
    "ConsentTokenInactive": "It, or its host, is suspended, retired or past its end date (`creditchain node show`).",
    "ConsentTokenSignature": "Sign with the consent's own key; anything changed after signing voids the signature.",
    "ConsentTokenEndorsement": "The platform's operator, or its host's, must endorse the signed file unchanged.",
    "ConsentTokenGranted": "The consent is already on chain; there is nothing to do.",
    "ConsentTokenUnknown": "The consent was never relayed here (`creditchain consent relay`).",
    "ConsentTokenRevoked": "A revocation is final. The enterprise can grant a new consent.",
    "ConsentTokenNotRevoker": "Only the consent's key and the platform that endorsed it can revoke it.",
    "ConsentTokenLocked": "A consent cannot be transferred: it stays with its institution.",
    "QueryLedgerMonth": "Give a month as YYYYMM, once it is over in UTC+8.",
    "QueryLedgerRevision": "Another report of the month came in between; run the same command again.",
    "QueryLedgerAmount": "Count and amount must both be zero or both be positive.",
    "DisputesNotOperator": "Sign with the platform's operator key, or its host's (`creditchain node show`).",
    "DisputesPlatform": "It is no platform, or it or its host is suspended or retired (`creditchain node show`).",
    "DisputesOwnRecord": "Another platform files: this one is the publisher, or shares a host with it.",
    "DisputesFilingExpired": "Draft the dispute again (`creditchain dispute draft`).",
    "DisputesFilingUsed": "The record was disputed in between; draft the dispute again.",
    "DisputesFilingSignature": "Anything changed after signing voids the signature; sign again.",
    "DisputesFilingEndorsement": "The platform's operator, or its host's, must endorse the filing unchanged.",
    "DisputesNoFiling": "See how the record stands with `creditchain record show`.",
    "DisputesAnswered": "See how the record stands with `creditchain record show`.",
    "DisputesLife": "Supersede the record first (`creditchain record supersede`), by a record that is live.",
    "RegionLogSealed": "This region's log is closed; it takes only revocations of consents.",
}
#: What to do about the reasons that a Safe gives instead of errors of its own.
_REASONS = {
    "GS031": "Only the governors together can do this: propose it (`creditchain govern propose`).",
}
#: Values that are times in unix seconds, beside all of type uint40.
_TIMES = frozenset({("time", "uint64"), ("deadline", "uint64"), ("notBefore", "uint32"), ("notAfter", "uint32")})
_PANICS = {
    0x01: "assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "not a value of the enumeration",
    0x32: "index out of bounds",
}


#: Names of a struct's members, each with its own shape.
Shape = tuple[tuple[str, "Shape"], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A function or error: its selector, and the names and ABI types of its inputs and outputs.

    `shapes`: for each input the names of a struct's members, each with its own shape; nothing for other types.
    """

    name: str
    selector: bytes
    names: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event: its topic, the indexed parameters in order, and the others."""

    name: str
    topic: bytes
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]

    def decode(self, log: Log) -> dict[str, Any]:
        """Named values of a log. Structs are tuples, addresses checksummed."""
        if len(log.topics) != 1 + len(self.indexed) or log.topics[0] != self.topic:
            raise ChainUnavailableError(f"the endpoint returned a log that is not a {self.name} event")
        values = {
            name: _decode((kind,), topic)[0] for (name, kind), topic in zip(self.indexed, log.topics[1:], strict=True)
        }
        plain = _decode(tuple(kind for _, kind in self.plain), log.data)
        return values | dict(zip((name for name, _ in self.plain), plain, strict=True))


def _encode(kinds: Sequence[str], values: Sequence[Any]) -> bytes:
    try:
        return encode(kinds, values)
    except EncodingError as error:
        unfit = [kind for kind, value in zip(kinds, values, strict=True) if not is_encodable(kind, value)]
        bits = unfit[0].removeprefix("uint") if unfit else ""
        expected = (
            f"a number from 0 to {2 ** int(bits) - 1}" if bits.isdigit() else f"a value of type {', '.join(unfit)}"
        )
        raise InputError("a value that no contract can take", expected=expected) from error


class Interface:
    """One contract: its ABI and its creation code."""

    def __init__(self, name: str) -> None:
        artifact = json.loads(files("creditchain").joinpath(f"artifacts/{name}.json").read_text(encoding="utf-8"))
        abi = artifact["abi"]
        self.name = name
        self.bytecode = bytes.fromhex(artifact["bytecode"].removeprefix("0x"))
        self._deployed = bytes.fromhex(artifact["deployedBytecode"].removeprefix("0x"))
        self._immutables = [(place["start"], place["length"]) for place in artifact["immutables"]]
        #: By name; overloaded functions by signature (`name(type,type)`).
        self.functions = _by_name([_item(entry) for entry in abi if entry["type"] == "function"])
        self.errors = {item.selector: item for item in (_item(entry) for entry in abi if entry["type"] == "error")}
        self.events = {entry["name"]: _event(entry) for entry in abi if entry["type"] == "event"}
        constructors = [entry for entry in abi if entry["type"] == "constructor"]
        self._constructor = tuple(_type(i) for i in constructors[0]["inputs"]) if constructors else ()

    def encode(self, function: str, *arguments: Any) -> bytes:
        """Call data. Raises InputError for a value that the function cannot take, such as a node's number of -1."""
        item = self.functions[function]
        return item.selector + _encode(item.inputs, arguments)

    def decode(self, function: str, data: bytes) -> tuple[Any, ...]:
        """A function's results. Structs are tuples, addresses checksummed.

        Raises:
            ChainUnavailableError: the data is not a result of that function.
        """
        return _decode(self.functions[function].outputs, data)

    def is_code(self, code: bytes) -> bool:
        """Whether code on a chain is this contract's, whatever its immutables hold."""
        return self._blank(code) == self._blank(self._deployed)

    def _blank(self, code: bytes) -> bytes:
        blank = bytearray(code)
        for start, length in self._immutables:
            blank[start : start + length] = bytes(length)
        return bytes(blank)

    def creation(self, *arguments: Any) -> bytes:
        """Creation code with the constructor's arguments."""
        return self.bytecode + _encode(self._constructor, arguments)


def decode_arguments(item: Item, data: bytes) -> tuple[Any, ...]:
    """The arguments of a call of this function. Raises InputError: the data is no such call, in its one encoding."""
    try:
        values = decode(item.inputs, data[4:])
    except (DecodingError, OverflowError) as error:
        raise InputError(f"this is no call of {item.name}", found=f"{len(data)} bytes") from error
    if data != item.selector + encode(item.inputs, values):
        raise InputError(f"this is no call of {item.name}", expected="the encoding that Solidity makes")
    return tuple(_checksummed(kind, value) for kind, value in zip(item.inputs, values, strict=True))


@cache
def interface(name: str) -> Interface:
    """The interface of a contract that ships with this package."""
    return Interface(name)


@cache
def contract_names() -> tuple[str, ...]:
    """The contracts that ship with this package."""
    folder = files("creditchain").joinpath("artifacts")
    return tuple(sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json")))


def refusal(data: bytes, doing: str) -> ContractRefusedError:
    """The error that revert data encodes. `doing` completes "refused to …"."""
    if len(data) < 4:
        return ContractRefusedError("revert", {}, doing=doing, hint="The contract gave no reason.")
    selector, body = data[:4], data[4:]
    item = _errors().get(selector)
    if item is None:
        return ContractRefusedError("unknown", {"data": data}, doing=doing)
    try:
        values = dict(zip(item.names, _decode(item.inputs, body), strict=True))
    except ChainUnavailableError:
        return ContractRefusedError(item.name, {"data": data}, doing=doing)
    if item.name == "Panic":
        values["meaning"] = _PANICS.get(values["code"], "?")
    hint = _REASONS.get(values["reason"]) if item.name == "Error" else HINTS.get(item.name)
    return ContractRefusedError(item.name, values, doing=doing, hint=hint, shown=_shown(item, values))


def _shown(item: Item, values: Mapping[str, Any]) -> dict[str, Any]:
    """An error's values as people read them: times as times."""
    times = {name for name, kind in zip(item.names, item.inputs, strict=True) if _is_time(name, kind)}
    return {name: moment(value) if name in times and value else value for name, value in values.items()}


def _is_time(name: str, kind: str) -> bool:
    return kind == "uint40" or (name, kind) in _TIMES


@cache
def _errors() -> dict[bytes, Item]:
    known = {keccak256(b"Error(string)")[:4]: Item("Error", b"", ("reason",), ("string",), ())}
    known[keccak256(b"Panic(uint256)")[:4]] = Item("Panic", b"", ("code",), ("uint256",), ())
    for name in contract_names():
        known.update(interface(name).errors)
    return known


def _decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    try:
        values = decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise ChainUnavailableError(
            "the endpoint returned data that the contract cannot have returned",
            expected=f"({', '.join(types)})",
            found=f"{len(data)} bytes",
            hint="Check that the network, its deployment file and its endpoint belong together.",
        ) from error
    return tuple(_checksummed(kind, value) for kind, value in zip(types, values, strict=True))


def _checksummed(kind: str, value: Any) -> Any:
    if kind == "address":
        return to_checksum_address(value)
    if kind.startswith("(") and kind.endswith(")"):
        return tuple(_checksummed(inner, item) for inner, item in zip(members_of(kind), value, strict=True))
    return value


@cache
def members_of(kind: str) -> tuple[str, ...]:
    """The members of a tuple type."""
    parts, depth, start = [], 0, 1
    for position, letter in enumerate(kind[1:-1], 1):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(kind[start:position])
            start = position + 1
    return (*parts, kind[start:-1])


def _type(parameter: Mapping[str, Any]) -> str:
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_type(part) for part in parameter['components'])}){kind[5:]}"
    return kind


def _by_name(items: Sequence[Item]) -> dict[str, Item]:
    names = [item.name for item in items]
    return {
        item.name if names.count(item.name) == 1 else f"{item.name}({','.join(item.inputs)})": item for item in items
    }


def _item(entry: Mapping[str, Any]) -> Item:
    inputs = tuple(_type(parameter) for parameter in entry["inputs"])
    selector = keccak256(f"{entry['name']}({','.join(inputs)})".encode())[:4]
    names = tuple(parameter["name"] for parameter in entry["inputs"])
    outputs = tuple(_type(parameter) for parameter in entry.get("outputs", ()))
    return Item(entry["name"], selector, names, inputs, outputs, tuple(map(_shape, entry["inputs"])))


def _shape(parameter: Mapping[str, Any]) -> Shape:
    return tuple((part["name"], _shape(part)) for part in parameter.get("components", ()))


def _event(entry: Mapping[str, Any]) -> Event:
    signature = f"{entry['name']}({','.join(_type(parameter) for parameter in entry['inputs'])})"
    pairs = [(parameter["name"], _type(parameter), parameter["indexed"]) for parameter in entry["inputs"]]
    return Event(
        entry["name"],
        keccak256(signature.encode()),
        tuple((name, kind) for name, kind, indexed in pairs if indexed),
        tuple((name, kind) for name, kind, indexed in pairs if not indexed),
    )
