"""A JSON value in every way in which a liar may change one part of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

#: Where a part is, as names and places in lists.
Path = tuple[str | int, ...]


def altered(value: Any, pieces: int = 40, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The value with one part dropped, doubled, moved, raised, lowered or changed; and which part that is.

    Of a base64 text, one byte of each 32 is changed, but no more than `pieces` bytes in all, evenly over the text.
    """
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name), {key: one for key, one in value.items() if key != name}
            yield from ((where, {**value, name: other}) for where, other in altered(item, pieces, (*path, name)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            here = (*path, place)
            yield here, [*value[:place], *value[place + 1 :]]
            yield here, [*value[:place], item, *value[place:]]
            yield from (
                (where, [*value[:place], other, *value[place + 1 :]]) for where, other in altered(item, pieces, here)
            )
        if value[::-1] != value:
            yield path, value[::-1]
    else:
        yield from ((path, other) for other in _others(value, pieces) if other != value)


def _others(value: Any, pieces: int) -> Iterator[Any]:
    yield {} if value is None else None
    if isinstance(value, bool) or value is None:
        yield not value
    elif isinstance(value, int):
        yield value + 1
        yield max(0, value - 1)
        yield 2**53 - 1
    elif isinstance(value, str) and value.startswith("0x"):
        yield value[:-1] + ("1" if value[-1] == "0" else "0")
        yield value[:-2]
    elif isinstance(value, str):
        yield value + "x"
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return
        for at in range(0, len(raw), max(32, len(raw) // pieces)):
            yield base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        yield base64.b64encode(raw[:-32]).decode()
        yield base64.b64encode(raw[32:64] + raw[:32] + raw[64:]).decode()
