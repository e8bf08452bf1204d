"""Regions by code: the three that ship with the package, and others from the user's file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from creditchain.errors import ConfigError, Place, unreadable

_CODE = re.compile(r"[A-Z0-9]{1,32}", re.ASCII)
_FIELDS = ("name_zh", "name_en")
_EXCEPTIONS = "number_exceptions"
#: How a region is governed: name, default and most. The longest delay is what the contract allows: 30 days.
_GOVERNED = {"governors": (4, 50), "threshold": (3, 50), "admin_delay": (48, 720)}
_DIGEST = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
#: Names a file of regions for every command that reads numbers of enterprises.
FILE_VARIABLE = "CREDITCHAIN_REGION_FILE"


@dataclass(frozen=True, slots=True)
class RegionName:
    """A region's code (`YRD`) and names.

    `number_exceptions` are digests of numbers that its registers issued although their check digits are wrong.
    """

    code: str
    name_zh: str
    name_en: str
    number_exceptions: frozenset[bytes] = frozenset()
    governors: int = 4  #: how many govern together
    threshold: int = 3  #: how many of them decide
    admin_delay: int = 48  #: hours for which decisions about who may do what wait


def number_exceptions(environment: Mapping[str, str] | None = None) -> frozenset[bytes]:
    """The exceptions of all regions known here: the built-in ones, and those of the file that the variable names.

    Raises ConfigError.
    """
    named = (os.environ if environment is None else environment).get(FILE_VARIABLE)
    regions = load_regions(Path(named) if named else None).values()
    return frozenset().union(*(region.number_exceptions for region in regions))


def load_regions(file: Path | None = None) -> dict[str, RegionName]:
    """The regions by code: the built-in ones and those in `file`, which may replace built-in ones.

    Raises:
        ConfigError: names the file and the field.
    """
    regions = _parse(files("creditchain").joinpath("data/regions.toml").read_text(encoding="utf-8"), "regions.toml")
    if file is not None:
        try:
            regions |= _parse(file.read_text(encoding="utf-8"), str(file))
        except OSError as error:
            raise unreadable("the region file", file, error) from error
        except UnicodeDecodeError as error:
            raise ConfigError("the region file is not text", place=Place(str(file)), expected="UTF-8") from error
    return regions


def load_region(code: str, file: Path | None = None) -> RegionName:
    """The region with this code.

    Raises:
        ConfigError: there is none.
    """
    regions = load_regions(file)
    if code not in regions:
        raise ConfigError(
            "no such region",
            expected="one of " + ", ".join(regions),
            found=code,
            hint="Describe it in a TOML file and name the file with --region-file.",
        )
    return regions[code]


def _parse(text: str, where: str) -> dict[str, RegionName]:
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        raise ConfigError("this is not TOML", found=str(error), place=Place(where)) from error
    regions = {}
    for code, table in tables.items():
        if not _CODE.fullmatch(code):
            expected = "1 to 32 letters A-Z and digits"
            raise ConfigError("not a region's code", expected=expected, place=Place(where, field=code))
        if not isinstance(table, dict) or set(table) - {_EXCEPTIONS, *_GOVERNED} != set(_FIELDS):
            raise ConfigError("wrong fields", expected=" and ".join(_FIELDS), place=Place(where, field=code))
        for field in _FIELDS:
            if not isinstance(table[field], str) or not table[field]:
                raise ConfigError("wrong value", expected="text", place=Place(where, field=f"{code}.{field}"))
        exceptions = _exceptions(table.get(_EXCEPTIONS, []), Place(where, field=f"{code}.{_EXCEPTIONS}"))
        governed = {field: _number(table, code, field, where) for field in _GOVERNED}
        if governed["threshold"] > governed["governors"]:
            expected, at = "at most the number of governors", Place(where, field=f"{code}.threshold")
            raise ConfigError("wrong value", expected=expected, place=at)
        regions[code] = RegionName(code, table["name_zh"], table["name_en"], exceptions, **governed)
    return regions


def _number(table: Mapping[str, object], code: str, field: str, where: str) -> int:
    default, most = _GOVERNED[field]
    found, least = table.get(field, default), 0 if field == "admin_delay" else 1
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        expected = f"a number from {least} to {most}"
        raise ConfigError("wrong value", expected=expected, place=Place(where, field=f"{code}.{field}"))
    return found


def _exceptions(values: object, place: Place) -> frozenset[bytes]:
    if not isinstance(values, list) or not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in values):
        raise ConfigError("wrong value", expected="a list of digests, 0x and 64 hexadecimal digits", place=place)
    return frozenset(bytes.fromhex(each[2:]) for each in values)
