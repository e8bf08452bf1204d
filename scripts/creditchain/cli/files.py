"""Files that a command is given, and whether it may replace one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from creditchain.errors import CreditchainError, Place, UnavailableError

_Parsed = TypeVar("_Parsed")

ForceOption = Annotated[bool, typer.Option("--force", help="Replace an output file that is there.")]


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
