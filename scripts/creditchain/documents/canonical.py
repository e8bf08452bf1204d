"""Canonical bytes of JSON documents: RFC 8785 (JCS) over the values docs/format.md section 3 allows.

orjson with sorted keys writes exactly RFC 8785 for these values, but for one case: RFC 8785 orders names by UTF-16
code units, orjson by code points. They part only where a name holds a character beyond the BMP, so texts with one
take the exact path. Both are compared with the rfc8785 package in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from creditchain.documents.errors import DocumentError
from creditchain.documents.limits import DOCUMENT_LIMITS, MAX_INTEGER, JsonLimits
from creditchain.errors import Place

#: A parsed JSON object: str, int, bool, None, and lists and objects of them.
JsonObject: TypeAlias = dict[str, Any]

SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER

# Lead bytes of UTF-8 sequences of four: the characters beyond the BMP.
BEYOND_BMP = b"\xf0\xf1\xf2\xf3\xf4"
_BEYOND_BMP = re.compile(b"[" + BEYOND_BMP + b"]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# A name goes into a path only if it looks like one; anything else might be an identifier or be made to deceive.
_PLAIN_NAME = re.compile(r"[^\W\d][\w-]{0,63}")


class Repeated:
    """Stands in a parsed text for an object that has one name twice."""

    def __init__(self, name: str) -> None:
        self.name = name


def canonical_bytes(document: Mapping[str, Any], limits: JsonLimits = DOCUMENT_LIMITS) -> bytes:
    """The RFC 8785 bytes of a JSON object.

    Values are str, int, bool, None, list or tuple, and dict with str keys, of these exact types. Raises DocumentError
    with the field for anything else: floats (amounts are integer fen or decimal strings), integers past 2^53 - 1, lone
    surrogates, nesting or size past `limits`.
    """
    plain = dict(document)
    require_plain(plain, limits)
    content = write_canonical(plain)
    if len(content) > limits.max_bytes:
        raise DocumentError(
            "the document is too large", expected=f"at most {limits.max_bytes} bytes", found=f"{len(content)} bytes"
        )
    return content


def write_canonical(value: JsonObject) -> bytes:
    """The RFC 8785 bytes of a value that `require_plain` has passed."""
    content = orjson.dumps(value, option=SORTED)
    return content if _sorted_right(content) else orjson.dumps(_in_utf16_order(value))


def _sorted_right(content: bytes) -> bool:
    """Whether order by code points and by UTF-16 units must agree in this JSON text: it stays within the BMP."""
    return content.isascii() or _BEYOND_BMP.search(content) is None


def _in_utf16_order(value: Any) -> Any:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _in_utf16_order(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_in_utf16_order(item) for item in value]
    return value


def require_plain(value: Any, limits: JsonLimits, path: str = "", depth: int = 1) -> None:
    """Refuses, with its path, the first value that canonical JSON does not have. Raises DocumentError."""
    kind = type(value)
    if kind is str:
        _require_text(value, path)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _fault(path, "the number is too large", "an integer from -(2^53-1) to 2^53-1, or a decimal string")
    elif kind is dict:
        _require_depth(depth, limits, path)
        for name, item in value.items():
            if type(name) is not str:
                raise _fault(path, "a name in the object is no text", "text")
            _require_text(name, path)
            require_plain(item, limits, member_path(path, name), depth + 1)
    elif kind is list or kind is tuple:
        _require_depth(depth, limits, path)
        for index, item in enumerate(value):
            require_plain(item, limits, f"{path}[{index}]", depth + 1)
    elif kind is float:
        raise _fault(
            path, "a number is written with fraction or exponent", "an integer (amounts in fen) or a decimal string"
        )
    elif kind is Repeated:
        raise _fault(member_path(path, value.name), "the name stands twice in its object", "each name once")
    elif kind is not bool and value is not None:
        raise _fault(path, f"a value of type {kind.__name__} has no place in JSON", "text, integer, true, false, null")


def member_path(path: str, name: str) -> str:
    """The dotted path of a member. A name that might be anything but a field's name is not quoted."""
    step = name if _PLAIN_NAME.fullmatch(name) else "(name)"
    return f"{path}.{step}" if path else step


def _require_text(text: str, path: str) -> None:
    if not text.isascii() and _SURROGATE.search(text):
        raise _fault(path, "a text has half of a surrogate pair", "whole characters")


def _require_depth(depth: int, limits: JsonLimits, path: str) -> None:
    if depth > limits.max_depth:
        # The path of something this deep helps nobody; its first member is enough.
        raise _fault(path.split(".", 1)[0][:80], "nested too deep", f"at most {limits.max_depth} levels")


def _fault(path: str, message: str, expected: str) -> DocumentError:
    return DocumentError(message, expected=expected, place=Place(field=path) if path else None)
