"""How commands name a record: by its package, or as NODE:LEAF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.files import load
from creditchain.errors import InputError, Place, UsageError
from creditchain.log.views import RecordName

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.packages.record_package import RecordPackage

RecordArgument = Annotated[
    str, typer.Argument(metavar="RECORD", help="The record's package file, or NODE:0xLEAF.", show_default=False)
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why. Stays in the home folder; a salted digest of it goes on chain.")
]

_NAME = re.compile(r"([1-9][0-9]{0,7}):0x([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class NamedRecord:
    """A record by publisher and leaf hash, and its package if one was given."""

    node: int
    leaf: bytes
    package: RecordPackage | None

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> RecordName:
        """Without the package."""
        return RecordName(self.node, self.leaf)


def named_record(text: str, region: Region) -> NamedRecord:
    """The record that an argument names. A package has to be of this region's log.

    Raises:
        UsageError: neither a file nor a name.
        PackageError: the file is not a package; InputError: of another log.
    """
    name = _NAME.fullmatch(text)
    if name is not None:
        return NamedRecord(int(name[1]), bytes.fromhex(name[2]), None)
    path = Path(text)
    if not path.is_file():
        raise UsageError("this names no record", expected="a package file, or NODE:0xLEAF")
    from creditchain.packages.record_package import parse_package
    from creditchain.verification.steps import leaf_of

    package = load(path, parse_package)
    if package.batch.log_id != region.deployment.log_id:
        raise InputError(
            "the package is of another region's log",
            expected="0x" + region.deployment.log_id.hex(),
            found="0x" + package.batch.log_id.hex(),
            place=Place(str(path), field="batch.log_id"),
        )
    return NamedRecord(package.batch.node, leaf_of(package), package)
