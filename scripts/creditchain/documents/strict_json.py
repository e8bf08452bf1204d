"""Reading JSON from outside: one object, one meaning, or a DocumentError that names the field.

Refused: more bytes or levels than the limits, a byte order mark, other encodings than UTF-8, names that stand twice,
floats and exponents, NaN and Infinity, integers past 2^53 - 1, lone surrogates, anything but an object outermost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import orjson

from creditchain.documents.canonical import (
    BEYOND_BMP,
    SORTED,
    JsonObject,
    Repeated,
    require_plain,
    write_canonical,
)
from creditchain.documents.errors import DocumentError
from creditchain.documents.limits import DOCUMENT_LIMITS, MAX_INTEGER, JsonLimits

_BOM = b"\xef\xbb\xbf"
# A whole string (an unfinished one runs to the end, so that the scan stays linear), or one bracket.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
# Without digits and minus signs, and with these bytes made equal, a float shows as ":." wherever it stands, and a
# character beyond the BMP as 0xff, no byte of UTF-8. One pass in C; a regular expression takes ten times as long.
_DIGITS = b"0123456789-"
_MARKS = bytes.maketrans(b",[eE" + BEYOND_BMP, b"::.." + b"\xff" * len(BEYOND_BMP))


def parse_json(raw: bytes, limits: JsonLimits = DOCUMENT_LIMITS) -> JsonObject:
    """The object that `raw` holds. Raises DocumentError for everything this module's docstring names."""
    return read_json(raw, limits)[0]


def read_json(raw: bytes, limits: JsonLimits = DOCUMENT_LIMITS) -> tuple[JsonObject, bytes]:
    """The object that `raw` holds, and its canonical bytes (RFC 8785). Raises DocumentError."""
    if len(raw) > limits.max_bytes:
        raise DocumentError(
            "the JSON text is too large", expected=f"at most {limits.max_bytes} bytes", found=f"{len(raw)} bytes"
        )
    _require_shallow(raw, limits)
    return _read_fast(raw) or _read_exact(raw, limits)


def _require_shallow(raw: bytes, limits: JsonLimits) -> None:
    """Refuses nesting before any parser recurses into it."""
    if raw.count(b"{") + raw.count(b"[") <= limits.max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(raw):
        first = match.group()[:1]
        if first in b"{[":
            depth += 1
            if depth > limits.max_depth:
                raise DocumentError("nested too deep", expected=f"at most {limits.max_depth} levels")
        elif first != b'"':
            depth -= 1


def _read_fast(raw: bytes) -> tuple[JsonObject, bytes] | None:
    """What `_read_exact` gives, for texts where a few counts show that orjson has seen all of it; None for others.

    orjson keeps the last of two equal names, so strings would be missing: as many quotes that open or close a string
    must be in what it writes as were in `raw`. Texts with an escaped backslash are left out, since there a quote after
    a backslash may close a string; so are texts that might hold a float, or need names sorted the other way.
    """
    try:
        value = orjson.loads(raw)
        if type(value) is not dict:
            return None
        content = orjson.dumps(value, option=SORTED)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if b"\\\\" in raw or b"\\\\" in content or _string_ends(raw) != _string_ends(content):
        return None
    marks = content.translate(_MARKS, _DIGITS)
    if b":." in marks or b"\xff" in marks:
        return None
    return value, content


def _string_ends(text: bytes) -> int:
    return text.count(b'"') - text.count(b'\\"')


def _read_exact(raw: bytes, limits: JsonLimits) -> tuple[JsonObject, bytes]:
    if raw.startswith(_BOM):
        raise DocumentError("the JSON text starts with a byte order mark", expected="UTF-8 without one")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise DocumentError(f"the JSON text is not UTF-8 at byte {error.start}", expected="UTF-8") from None
    except json.JSONDecodeError as error:
        # `from None`: the original error carries the whole text.
        raise DocumentError(f"not JSON at character {error.pos}: {error.msg}") from None
    if type(value) is not dict and type(value) is not Repeated:
        raise DocumentError("the JSON text is not an object", expected="{...}", found=type(value).__name__)
    require_plain(value, limits)
    assert isinstance(value, dict)  # noqa: S101  (require_plain has refused Repeated)
    return value, write_canonical(value)


def _object(pairs: Iterable[tuple[str, Any]]) -> JsonObject | Repeated:
    members: JsonObject = {}
    for name, value in pairs:
        if name in members:
            return Repeated(name)
        members[name] = value
    return members


def _integer(text: str) -> int:
    # Longer texts are too large whatever they say, and int() of very long ones is slow.
    return int(text) if len(text) <= 20 else MAX_INTEGER + 1
