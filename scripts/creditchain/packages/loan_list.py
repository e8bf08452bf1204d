"""The list of queries behind a month's loans. The institution keeps it; the chain has its salted digest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.consents.errors import TermsError
from creditchain.errors import Place
from creditchain.messages import salted_digest
from creditchain.packages.fields import Fields
from creditchain.packages.parts import hexed, load_json
from creditchain.packages.reading import written

FORMAT: Final = "creditchain/loan-list@1"
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class LoanList:
    """The requests behind one report of loans, in ascending order without repeats."""

    salt: bytes = field(repr=False)  #: 32 bytes
    queries: tuple[bytes, ...]  #: ids of requests, 32 bytes each

    @property
    def digest(self) -> bytes:
        """What goes on chain: the salted digest of the concatenated ids, ascending."""
        return salted_digest(self.salt, b"".join(self.queries))

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_list` reads them."""
        value: dict[str, Any] = {"salt": hexed(self.salt), "queries": [hexed(one) for one in self.queries]}
        return written({"format": FORMAT, **value})


def read_queries(text: str) -> tuple[bytes, ...]:
    """Parse ids of requests, one a line, in any order. Raises TermsError with the line."""
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
            raise TermsError("this is not the id of a request", expected=expected, place=Place(line=number))
        if one in found:
            raise TermsError("a request occurs twice", found=f"first in line {found[one]}", place=Place(line=number))
        found[one] = number
    return tuple(sorted(found))


def parse_list(raw: bytes) -> LoanList:
    """Parse the file of a list. Raises PackageError with the field."""
    fields = Fields(load_json(raw), "", ("format", "salt", "queries"))
    fields.choice("format", [FORMAT])
    return LoanList(fields.digest("salt"), fields.digests("queries", most=MOST))
