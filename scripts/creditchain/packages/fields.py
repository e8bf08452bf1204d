"""Reading JSON objects strictly, field by field: nothing missing, nothing extra, one spelling for each value.

A digest is `0x` and 64 lower-case hex digits, an address `0x` and 40, so that equal values have one spelling.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Any

from creditchain.errors import InputError, Place

_DIGEST = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII)


class PackageError(InputError):
    """A file does not have the format that docs/format.md specifies."""


class Fields:
    """One JSON object at `path`: all members of `required`, perhaps some of `optional`, no others."""

    def __init__(self, value: object, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        self.path = path
        if not isinstance(value, Mapping):
            raise self._wrong("", "an object", value)
        needed = set(required)
        missing = sorted(needed - value.keys())
        if missing:
            raise PackageError("a field is missing", expected=f"a field {missing[0]}", place=self._place(missing[0]))
        extra = len(value.keys() - needed - set(optional))
        if extra:
            # The names are not repeated: an added name may hold anything, an identifier too.
            raise PackageError(
                f"the object has {extra} field(s) that the format does not know",
                expected=", ".join(sorted(needed | set(optional))),
                place=self._place(""),
            )
        self._value = value

    def has(self, name: str) -> bool:
        """Whether the optional member is there and not null."""
        return self._value.get(name) is not None

    def raw(self, name: str) -> object:
        """The member as JSON gave it."""
        return self._value[name]

    def mapping(self, name: str) -> Mapping[str, Any]:
        """An object, read elsewhere."""
        value = self._value[name]
        if not isinstance(value, Mapping):
            raise self._wrong(name, "an object", value)
        return value

    def text(self, name: str, *, longest: int = 256) -> str:
        """A string of 1 to `longest` printable ASCII characters."""
        value = self._value[name]
        if (
            not isinstance(value, str)
            or not 1 <= len(value) <= longest
            or not value.isascii()
            or not value.isprintable()
        ):
            raise self._wrong(name, f"1 to {longest} printable ASCII characters", value)
        return value

    def choice(self, name: str, choices: Iterable[str]) -> str:
        """One of the given strings."""
        listed = list(choices)
        value = self._value[name]
        if not isinstance(value, str) or value not in listed:
            raise self._wrong(name, " or ".join(listed), value)
        return value

    def number(self, name: str, *, least: int = 0, most: int = 2**53 - 1) -> int:
        """An integer from `least` to `most`."""
        value = self._value[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(name, f"an integer from {least} to {most}", value)
        return value

    def decimal(self, name: str, *, most: int) -> int:
        """A whole number that may exceed what JSON numbers hold, as text: digits without leading zeros."""
        value = self._value[name]
        if not isinstance(value, str) or len(value) > 40 or not _DECIMAL.fullmatch(value) or int(value) > most:
            raise self._wrong(name, f"the digits of a whole number of at most {most}", value)
        return int(value)

    def digest(self, name: str) -> bytes:
        """32 bytes."""
        return self._digest(name, self._value[name])

    def digests(self, name: str, *, most: int) -> tuple[bytes, ...]:
        """A list of at most `most` values of 32 bytes."""
        value = self._value[name]
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(name, f"a list of at most {most} digests", value)
        return tuple(self._digest(f"{name}[{place}]", item) for place, item in enumerate(value))

    def hashes(self, name: str, *, most: int) -> tuple[bytes, ...]:
        """At most `most` hashes of 32 bytes, one after another in one base64 text; the empty text for none."""
        return self.pieces(name, 32, most=most)

    def pieces(self, name: str, length: int, *, most: int) -> tuple[bytes, ...]:
        """At most `most` values of `length` bytes, one after another in one base64 text; the empty text for none."""
        joined = self.base64(name)
        if len(joined) % length or len(joined) > length * most:
            raise self._wrong(name, f"base64 of at most {most} values of {length} bytes", self._value[name])
        return tuple(joined[at : at + length] for at in range(0, len(joined), length))

    def address(self, name: str) -> str:
        """An address in lower case."""
        value = self._value[name]
        if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
            raise self._wrong(name, "0x and 40 lower-case hex digits", value)
        return value

    def hex(self, name: str, *, length: int) -> bytes:
        """Exactly `length` bytes as `0x` and hex digits."""
        return self._hex(name, self._value[name], length)

    def hexes(self, name: str, *, length: int, most: int) -> tuple[bytes, ...]:
        """A list of at most `most` values of exactly `length` bytes."""
        value = self._value[name]
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(name, f"a list of at most {most} values of {length} bytes", value)
        return tuple(self._hex(f"{name}[{place}]", item, length) for place, item in enumerate(value))

    def blob(self, name: str, *, most: int) -> bytes:
        """1 to `most` bytes as `0x` and hex digits."""
        value = self._value[name]
        if not isinstance(value, str) or not 4 <= len(value) <= 2 + 2 * most or not _HEX.fullmatch(value):
            raise self._wrong(name, f"0x and lower-case hex digits of 1 to {most} bytes", value)
        return bytes.fromhex(value[2:])

    def items(self, name: str, *, most: int) -> list[tuple[str, object]]:
        """The members of a list of at most `most`, each with its path."""
        value = self._value[name]
        if not isinstance(value, list) or len(value) > most:
            raise self._wrong(name, f"a list of at most {most}", value)
        path = f"{self.path}.{name}" if self.path else name
        return [(f"{path}[{place}]", item) for place, item in enumerate(value)]

    def base64(self, name: str) -> bytes:
        """Bytes in standard base64 with padding, in its one spelling."""
        value = self._value[name]
        if isinstance(value, str) and value.isascii():
            try:
                decoded = base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                decoded = None
            if decoded is not None and base64.b64encode(decoded).decode() == value:
                return decoded
        raise self._wrong(name, "standard base64 with padding", value)

    def _digest(self, name: str, value: object) -> bytes:
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            raise self._wrong(name, "0x and 64 lower-case hex digits", value)
        return bytes.fromhex(value[2:])

    def _hex(self, name: str, value: object, length: int) -> bytes:
        if not isinstance(value, str) or len(value) != 2 + 2 * length or not _HEX.fullmatch(value):
            raise self._wrong(name, f"0x and {2 * length} lower-case hex digits", value)
        return bytes.fromhex(value[2:])

    def _wrong(self, name: str, expected: str, value: object) -> PackageError:
        return PackageError(
            "the value has the wrong shape", expected=expected, found=_kind(value), place=self._place(name)
        )

    def _place(self, name: str) -> Place:
        return Place(field=".".join(part for part in (self.path, name) if part) or "(the whole file)")


def _kind(value: object) -> str:
    """The kind of a JSON value. Never its content, which may be an identifier or a salt."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return f"a string of {len(value)} characters"
    return f"a list of {len(value)}" if isinstance(value, list) else "an object"
