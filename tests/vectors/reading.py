"""Reads the vectors for tests."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@cache
def load(name: str) -> dict[str, Any]:
    """The vectors of a name ("merkle"), 0x hex as bytes; addresses (20 bytes) stay text. Do not change the result."""
    value = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"), object_hook=_decode)
    assert isinstance(value, dict)
    return value


def _decode(members: dict[str, Any]) -> dict[str, Any]:
    return {name: _bytes(value) for name, value in members.items()}


def _bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_bytes(item) for item in value]
    if isinstance(value, str) and value.startswith("0x") and len(value) != 42:
        return bytes.fromhex(value[2:])
    return value
