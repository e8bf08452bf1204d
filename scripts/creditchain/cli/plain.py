"""Values and lines as `output` prints them: as plain text, as JSON, or with style on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from creditchain.errors import CreditchainError

#: A piece of a line: a string, or a style and a string.
Part = str | tuple[str, str]


def describe(error: CreditchainError) -> dict[str, Any]:
    """An error as JSON: kind, message and the parts that are known."""
    described: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "exit_code": int(error.exit_code),
    }
    if error.place is not None:
        place = {"file": error.place.file, "line": error.place.line, "field": error.place.field}
        described["place"] = {name: value for name, value in place.items() if value is not None}
    for name in ("expected", "found", "hint"):
        if (value := getattr(error, name)) is not None:
            described[name] = value
    return described


def put(stream: TextIO, parts: Sequence[Part]) -> None:
    """Write a line: with its styles on a terminal, plain anywhere else."""
    if not stream.isatty():
        stream.write("".join(part if isinstance(part, str) else part[1] for part in parts) + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    text = Text.assemble(*(part if isinstance(part, str) else (part[1], part[0]) for part in parts))
    # Soft wrapping leaves it to the terminal, so that a hash can be copied as one word.
    Console(file=stream, highlight=False).print(text, soft_wrap=True)


def must_escape(stream: TextIO) -> bool:
    """Whether JSON for this stream must be escaped. JSON can express every character in ASCII."""
    return (stream.encoding or "utf-8").lower().replace("-", "") not in ("utf8", "utf8sig")


def one_line(cell: object) -> str:
    """A cell in a plain row: line breaks and tabs inside it become spaces."""
    return " ".join(str(plain_cell(cell)).split())


def plain_cell(cell: object) -> object:
    """A cell without style."""
    # Text of rich, told by its attribute: rich itself is imported on terminals only.
    return plain_text(getattr(cell, "plain", cell))


def as_json(value: object) -> object:
    """A value that JSON does not know: bytes as 0x and hex digits, ours as they say, others as text."""
    if isinstance(value, bytes | bytearray):
        return "0x" + bytes(value).hex()
    if hasattr(value, "as_json"):
        return value.as_json()
    return str(value)


def plain_text(value: object) -> object:
    """A value for people: bytes as 0x and hex digits."""
    return "0x" + value.hex() if isinstance(value, bytes | bytearray) else value
