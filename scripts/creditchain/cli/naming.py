"""How commands name a record: by its package file, or as NODE:0xLEAF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.files import load
from creditchain.errors import InputError, Place, UsageError
from creditchain.log.views import RecordName

if TYPE_CHECKING:
    from creditchain.acts.given_records import GivenRecord
    from creditchain.chain.region import Region

RecordArgument = Annotated[
    str, typer.Argument(metavar="RECORD", help="The record's package file, or NODE:0xLEAF.", show_default=False)
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why. Stays in the home folder; a salted digest of it goes on chain.")
]

_NAME = re.compile(r"([1-9][0-9]{0,7}):0x([0-9a-f]{64})", re.ASCII)


def named_record(text: str, region: Region) -> GivenRecord:
    """The record that an argument names. A package must be of this region's log.

    Raises:
        UsageError: neither a file nor a name.
        PackageError: the file is not a package; InputError: of another log.
    """
    from creditchain.acts.given_records import GivenRecord, given_package, require_of_region
    from creditchain.packages.record_package import parse_package

    name = _NAME.fullmatch(text)
    if name is not None:
        return GivenRecord(RecordName(int(name[1]), bytes.fromhex(name[2])))
    path = Path(text)
    if not path.is_file():
        raise UsageError("this does not name a record", expected="a package file, or NODE:0xLEAF")
    record = given_package(load(path, parse_package))
    try:
        require_of_region(region, record)
    except InputError as error:
        raise error.at(Place(str(path))) from None
    return record
