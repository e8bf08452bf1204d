"""The queries behind a month's loans, and their breakdown. The institution keeps the list; the chain has its digest."""

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
#: The format of a list with a breakdown.
FORMAT_2: Final = "creditchain/loan-list@2"
MOST: Final = 1_000_000
#: Parts of a breakdown, in the order in which they are hashed.
PARTS: Final = ("small", "first_time", "unsecured")


@dataclass(frozen=True, slots=True)
class LoanSum:
    """Some loans."""

    count: int
    amount: int  #: fen


@dataclass(frozen=True, slots=True)
class Breakdown:
    """How many of a month's loans are of which kind. A loan may be of several kinds, or of none."""

    small: LoanSum  #: to small and micro enterprises 小微
    first_time: LoanSum  #: to enterprises that had no loan before 首贷
    unsecured: LoanSum  #: on credit alone 信用贷

    def encode(self) -> bytes:
        """What is hashed of it, 61 bytes: 0x01, then count (4) and amount (16) of each part."""
        parts = (getattr(self, part) for part in PARTS)
        return b"\x01" + b"".join(one.count.to_bytes(4) + one.amount.to_bytes(16) for one in parts)

    def require_within(self, whole: LoanSum) -> None:
        """Raise TermsError unless each part is a part of these loans."""
        for name in PARTS:
            part: LoanSum = getattr(self, name)
            if part.count > whole.count or part.amount > whole.amount or (part.count == 0) != (part.amount == 0):
                raise TermsError(
                    "a part of the loans does not fit the whole",
                    expected=f"at most {whole.count} loans of {whole.amount} fen together, or none",
                    found=f"{part.count} loans of {part.amount} fen",
                    place=Place(field=name),
                )


@dataclass(frozen=True, slots=True)
class LoanList:
    """The requests behind one report of loans, in ascending order without repeats."""

    salt: bytes = field(repr=False)  #: 32 bytes
    queries: tuple[bytes, ...]  #: ids of requests, 32 bytes each
    breakdown: Breakdown | None = None

    @property
    def digest(self) -> bytes:
        """What goes on chain: the salted digest of the concatenated ids, ascending, and of the breakdown if given."""
        broken_down = b"" if self.breakdown is None else self.breakdown.encode()
        return salted_digest(self.salt, b"".join(self.queries) + broken_down)

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_list` reads them."""
        value: dict[str, Any] = {"salt": hexed(self.salt), "queries": [hexed(one) for one in self.queries]}
        if self.breakdown is None:
            return written({"format": FORMAT, **value})
        parts = {name: getattr(self.breakdown, name) for name in PARTS}
        told = {name: {"count": part.count, "amount_fen": str(part.amount)} for name, part in parts.items()}
        return written({"format": FORMAT_2, **value, "breakdown": told})


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
    fields = Fields(load_json(raw), "", ("format", "salt", "queries"), ("breakdown",))
    broken_down = fields.has("breakdown")
    fields.choice("format", [FORMAT_2 if broken_down else FORMAT])
    breakdown = _breakdown(fields.mapping("breakdown")) if broken_down else None
    return LoanList(fields.digest("salt"), fields.digests("queries", most=MOST), breakdown)


def _breakdown(value: object) -> Breakdown:
    parts = Fields(value, "breakdown", PARTS)
    return Breakdown(*(_sum(parts.mapping(name), f"breakdown.{name}") for name in PARTS))


def _sum(value: object, path: str) -> LoanSum:
    fields = Fields(value, path, ("count", "amount_fen"))
    return LoanSum(fields.number("count", most=2**32 - 1), fields.decimal("amount_fen", most=2**128 - 1))
