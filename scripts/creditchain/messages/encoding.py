"""Hashes of EIP-712 messages, for members of atomic types, `bytes` and `string`: the only ones that are used here.

eth-account hashes any message, and takes some hundred times as long; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from creditchain.hashing import keccak256

#: Names of members and their Solidity types, in order.
Members = tuple[tuple[str, str], ...]

_PREFIX: Final = b"\x19\x01"


@lru_cache(maxsize=256)
def _shape(name: str, members: Members) -> tuple[bytes, tuple[Callable[[Any], bytes], ...]]:
    """The type hash of a struct, and what encodes each of its members. ValueError for types that are not known here."""
    written = ",".join(f"{type_} {member}" for member, type_ in members)
    return keccak256(f"{name}({written})".encode()), tuple(_encoder(type_) for _, type_ in members)


def struct_hash(name: str, members: Members, values: Sequence[Any]) -> bytes:
    """The hash of a struct, 32 bytes: keccak256(type hash || members).

    Args:
        name: of the type.
        values: bytes, or 0x and hex digits, for bytes and addresses; ValueError for one that does not fit.
    """
    type_hash, encoders = _shape(name, members)
    return keccak256(type_hash + b"".join([encode(one) for encode, one in zip(encoders, values, strict=True)]))


def signed_digest(separator: bytes, hashed: bytes) -> bytes:
    """What is signed, 32 bytes: keccak256(0x1901 || domain separator[32] || struct hash[32])."""
    return keccak256(_PREFIX + separator + hashed)


def typed_data_digest(typed_data: Mapping[str, Any]) -> bytes:
    """What is signed of a whole message as `eth_signTypedData_v4` takes it. ValueError for one that is not whole."""
    primary = str(typed_data["primaryType"])
    hashes = []
    for name, values in (("EIP712Domain", typed_data["domain"]), (primary, typed_data["message"])):
        members = tuple((str(one["name"]), str(one["type"])) for one in typed_data["types"][name])
        hashes.append(struct_hash(name, members, [values[member] for member, _ in members]))
    return signed_digest(*hashes)


def _encoder(type_: str) -> Callable[[Any], bytes]:
    """What makes 32 bytes of a value of a type."""
    if type_ == "string":
        return lambda value: keccak256(value.encode())
    if type_ == "bytes":
        return lambda value: keccak256(_bytes(value))
    if type_ == "address":
        return lambda value: _sized(value, 20).rjust(32, b"\0")
    if type_ == "bool":
        return lambda value: bool(value).to_bytes(32)
    if type_.startswith("uint") and type_[4:].isdecimal():
        return _number(int(type_[4:]))
    if type_.startswith("bytes") and type_[5:].isdecimal():
        size = int(type_[5:])
        return lambda value: _sized(value, size).ljust(32, b"\0")
    raise ValueError(f"members of type {type_} are not encoded here")


def _number(bits: int) -> Callable[[Any], bytes]:
    limit = 1 << bits

    def encode(value: Any) -> bytes:
        if not 0 <= value < limit:
            raise ValueError(f"a number does not fit into {bits} bits")
        return int(value).to_bytes(32)

    return encode


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else bytes.fromhex(value.removeprefix("0x"))


def _sized(value: Any, size: int) -> bytes:
    raw = _bytes(value)
    if len(raw) != size:
        raise ValueError(f"expected {size} bytes, found {len(raw)}")
    return raw
