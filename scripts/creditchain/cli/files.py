"""Files that a command is given, and whether it may replace one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from creditchain.errors import CreditchainError, InputError, Place, UnavailableError, UsageError

_Parsed = TypeVar("_Parsed")

ForceOption = Annotated[bool, typer.Option("--force", help="Replace an output file that exists.")]


def read_file(path: Path) -> bytes:
    """The bytes of a package file; of one that is too large, only as many as it takes to see that.

    Raises:
        UnavailableError: it cannot be read.
    """
    from creditchain.packages.record_package import PACKAGE_LIMITS

    try:
        with path.open("rb") as file:
            return file.read(PACKAGE_LIMITS.package_bytes + 1)
    except OSError as error:
        raise UnavailableError("the file cannot be read", place=Place(str(path)), found=error.strerror) from error


def load(path: Path, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    """A file, parsed; errors name it.

    Raises:
        UnavailableError: it cannot be read. InputError: it is malformed.
    """
    try:
        return parse(read_file(path))
    except CreditchainError as error:
        raise error.at(Place(str(path))) from None


def short_text(path: Path) -> str:
    """A file with a text of one to LONGEST_TEXT characters, without the space around it. Raises InputError."""
    from creditchain.packages.reading import LONGEST_TEXT

    try:
        text = read_file(path).decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not 1 <= len(text) <= LONGEST_TEXT:
        expected = f"1 to {LONGEST_TEXT} characters in UTF-8"
        raise InputError("the file is not a text of this length", expected=expected, place=Place(str(path)))
    return text


def digits(text: str, what: str) -> bytes:
    """Bytes from 0x and hex digits. Raises UsageError."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError(f"{what} is 0x and hex digits") from None


def is_id(text: str) -> bool:
    """Whether an argument is the id of something on chain, rather than a file: 0x and 64 digits."""
    return text.startswith("0x") and len(text) == 66


def text_of(raw: bytes) -> str:
    """A text file's content. Raises InputError."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InputError("the file is not text", expected="UTF-8") from error
