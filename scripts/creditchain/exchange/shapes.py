"""Shapes that several routes describe in OpenAPI, and values as answers show them."""

from __future__ import annotations

from typing import Any

from creditchain.documents import Domain, Section
from creditchain.exchange.bodies import JSON
from creditchain.exchange.problems import HttpError, documented

DIGEST: dict[str, Any] = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
ADDRESS: dict[str, Any] = {"type": "string", "pattern": "^0x[0-9a-f]{40}$"}
TIME: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 2**40 - 1, "description": "Unix seconds."}
NODE: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 2**24 - 1, "description": "A node by its number."}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
NAMES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
BLOCK: dict[str, Any] = {
    "type": "object",
    "description": "The final block as of which this is said.",
    "required": ["number", "time"],
    "properties": {"number": COUNT, "time": TIME},
}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A value of this shape, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(properties: dict[str, Any], description: str = "") -> dict[str, Any]:
    """An object that has all of these members."""
    told = {"description": description} if description else {}
    return {"type": "object", "required": list(properties), "properties": properties} | told


def rows(item: dict[str, Any]) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": item}


def answers(status: int, schema: dict[str, Any], *errors: int) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for the OpenAPI description: this shape, and these errors."""
    return {status: {"description": "Done", "content": {JSON: {"schema": schema}}}, **documented(*errors)}


def takes(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON body that a route takes, for the OpenAPI description."""
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def parameter(name: str, schema: dict[str, Any], description: str, *, required: bool = False) -> dict[str, Any]:
    """A parameter of the query, for the OpenAPI description."""
    return {"name": name, "in": "query", "required": required, "schema": schema, "description": description}


def file_of(form: str, members: dict[str, Any]) -> dict[str, Any]:
    """A file of docs/format.md, section 7: exactly these members."""
    return {
        "type": "object",
        "description": "As docs/format.md, section 7, has it.",
        "required": ["format", *members],
        "additionalProperties": False,
        "properties": {"format": {"const": form}, **members},
    }


def digest_in(text: str | None, name: str) -> bytes | None:
    """A digest in the query; None if there is none. Raises HttpError (422)."""
    if text is None:
        return None
    if len(text) == 66 and text.startswith("0x") and text[2:].isascii() and text[2:].isalnum():
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            pass
    raise HttpError(422, "parameter", f"{name} is no digest", expected="0x and 64 hex digits")


def sections_in(mask: int) -> list[str]:
    """Names of the sections in a bit set."""
    return [one.label for one in Section if mask >> one & 1]


def domains_in(mask: int) -> list[str]:
    """Names of the domains in a bit set."""
    return [one.label for one in Domain if mask >> one & 1]
