"""The queries that a month's loans followed: kept by the institution, of which the chain has a salted digest."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from creditchain.consents.errors import TermsError
from creditchain.errors import InputError, Place, UnavailableError
from creditchain.messages import salted_digest
from creditchain.packages.fields import Fields
from creditchain.packages.parts import hexed, load_json
from creditchain.packages.reading import written

FORMAT: Final = "creditchain/loan-list@1"
FOLDER: Final = "loans"
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class LoanList:
    """The requests that one report of loans rests on, ascending, each once."""

    salt: bytes = field(repr=False)  #: 32 bytes
    queries: tuple[bytes, ...]  #: ids of requests, 32 bytes each

    @property
    def digest(self) -> bytes:
        """Salted digest of the ids one after the other, ascending: what the chain gets."""
        return salted_digest(self.salt, b"".join(self.queries))

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_list` reads them."""
        value: dict[str, Any] = {"salt": hexed(self.salt), "queries": [hexed(one) for one in self.queries]}
        return written({"format": FORMAT, **value})


def read_queries(text: str) -> tuple[bytes, ...]:
    """Ids of requests, one a line, in any order. Raises TermsError with the line."""
    found: dict[bytes, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if not word:
            continue
        digits = word.removeprefix("0x")
        try:
            one = bytes.fromhex(digits)
        except ValueError:
            one = b""
        if len(one) != 32 or len(digits) != 64:
            expected = "0x and 64 hex digits, the id of a request"
            raise TermsError("this is no request", expected=expected, place=Place(line=number))
        if one in found:
            raise TermsError("a request stands twice", found=f"first in line {found[one]}", place=Place(line=number))
        found[one] = number
    return tuple(sorted(found))


def parse_list(raw: bytes) -> LoanList:
    """A list from its file. Raises PackageError with the field."""
    fields = Fields(load_json(raw), "", ("format", "salt", "queries"))
    fields.choice("format", [FORMAT])
    return LoanList(fields.digest("salt"), fields.digests("queries", most=MOST))


def keep_list(path: Path, queries: tuple[bytes, ...]) -> LoanList:
    """The list of one report, written and flushed before anything refers to it; done again, the one that was kept.

    Raises:
        InputError: another list was kept there. UnavailableError: it can not be kept.
    """
    try:
        if not path.exists():
            _write(path, LoanList(secrets.token_bytes(32), queries))
        kept = parse_list(path.read_bytes())
    except OSError as error:
        raise UnavailableError("the list can not be kept", place=Place(str(path)), found=error.strerror) from error
    if kept.queries != queries:
        raise InputError(
            "another list was given for this report before, and may be on its way to the chain",
            expected=f"the {len(kept.queries)} queries that the file holds",
            found=f"{len(queries)} others",
            place=Place(str(path)),
            hint="Give the same list again; what was reported can be corrected by a next report.",
        )
    return kept


def _write(path: Path, listed: LoanList) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(listed.to_json())
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, unlike a rename, does not replace what another process wrote in between.
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
