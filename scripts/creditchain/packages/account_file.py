"""A month's statement of account between an institution and a provider, and its file (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.log.views import BlockRef
from creditchain.messages import LogDomain, StatementOfAccount
from creditchain.packages.fields import Fields
from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object, read_signature, signature_json, written

ACCOUNT_FORMAT: Final = "creditchain/account-statement@1"
#: Most lines of one kind in a file that is read.
MOST_LINES: Final = 1000
_NODE: Final = 2**24 - 1


class Apart(StrEnum):
    """Why a delivery is shown apart and not charged; the first that holds."""

    OTHER_TERMS = "other_terms"
    FLAGGED = "flagged"
    NO_PRICE = "no_price"

    @property
    def zh(self) -> str:
        """In Chinese."""
        return {"other_terms": "适用其他价目表", "flagged": "账本有标记", "no_price": "价目表中无价格"}[self.value]


@dataclass(frozen=True, slots=True)
class ChargedLine:
    """The deliveries of one product that are charged."""

    product: bytes  #: digest of the product's file, 32 bytes
    name: str  #: as the price list names it
    count: int
    fen: int  #: for all of them

    def as_json(self) -> dict[str, Any]:
        """The line as the file has it."""
        return {"product": hexed(self.product), "name": self.name, "count": self.count, "fen": str(self.fen)}


@dataclass(frozen=True, slots=True)
class ApartLine:
    """Deliveries that are shown and not charged: of one product, under one price list, with the same flags."""

    why: Apart
    product: bytes
    terms: bytes  #: digest that their requests hold, 32 bytes; zeros for none
    flags: int  #: MeterFlag
    count: int

    def as_json(self) -> dict[str, Any]:
        """The line as the file has it."""
        named = {"why": self.why.value, "product": hexed(self.product), "terms": hexed(self.terms)}
        return named | {"flags": self.flags, "count": self.count}


@dataclass(frozen=True, slots=True)
class MonthlyAccount:
    """What an institution owes a provider for the deliveries of a month, as of a size of the log."""

    log_id: bytes
    provider: int
    institution: int
    month: int  #: YYYYMM in UTC+8
    terms: bytes  #: digest of the price list
    block: BlockRef  #: the final block at which the log had this size
    size: int
    root: bytes
    charged: tuple[ChargedLine, ...]  #: ascending by product
    apart: tuple[ApartLine, ...]  #: ascending by why, product, terms, flags

    @property
    def charged_count(self) -> int:
        """Deliveries that are charged."""
        return sum(line.count for line in self.charged)

    @property
    def apart_count(self) -> int:
        """Deliveries that are shown apart."""
        return sum(line.count for line in self.apart)

    @property
    def total_fen(self) -> int:
        """What is owed."""
        return sum(line.fen for line in self.charged)

    def lines(self) -> dict[str, Any]:
        """All lines as JSON."""
        return {
            "charged": [line.as_json() for line in self.charged],
            "apart": [line.as_json() for line in self.apart],
        }

    @property
    def message(self) -> StatementOfAccount:
        """What the provider signs."""
        return StatementOfAccount(
            domain=LogDomain(self.log_id),
            provider=self.provider,
            institution=self.institution,
            month=self.month,
            terms=self.terms,
            size=self.size,
            root=self.root,
            charged=self.charged_count,
            apart=self.apart_count,
            total_fen=self.total_fen,
            lines=keccak256(canonical_bytes(self.lines())),
        )


@dataclass(frozen=True, slots=True)
class AccountFile:
    """A statement, and the provider's signature of its message: 64 bytes, or none."""

    account: MonthlyAccount
    signature: bytes = b""

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_account` reads them."""
        account = self.account
        block = {"number": account.block.number, "hash": hexed(account.block.hash), "time": account.block.time}
        named = {name: getattr(account, name) for name in ("provider", "institution", "month")}
        return written(
            {"format": ACCOUNT_FORMAT, "log_id": hexed(account.log_id), **named, "terms": hexed(account.terms)}
            | {"block": block, "size": account.size, "root": hexed(account.root), **account.lines()}
            | {"total_fen": str(account.total_fen), "signature": signature_json(self.signature)}
        )


def parse_account(raw: bytes) -> AccountFile:
    """Parse a statement's file. Raises PackageError with the field, also where the total is not that of the lines."""
    names = ("log_id", "provider", "institution", "month", "terms", "block", "size", "root", "charged", "apart")
    fields = read_object(raw, ACCOUNT_FORMAT, (*names, "total_fen", "signature"))
    block = Fields(fields.raw("block"), "block", ("number", "hash", "time"))
    account = MonthlyAccount(
        log_id=fields.digest("log_id"),
        provider=fields.number("provider", least=1, most=_NODE),
        institution=fields.number("institution", least=1, most=_NODE),
        month=fields.number("month", least=197001, most=999912),
        terms=fields.digest("terms"),
        block=BlockRef(block.number("number"), block.digest("hash"), block.number("time")),
        size=fields.number("size", least=1),
        root=fields.digest("root"),
        charged=tuple(_charged(item, path) for path, item in fields.items("charged", most=MOST_LINES)),
        apart=tuple(_apart(item, path) for path, item in fields.items("apart", most=MOST_LINES)),
    )
    fields.choice("total_fen", [str(account.total_fen)])
    return AccountFile(account, read_signature(fields, "signature"))


def _charged(value: object, path: str) -> ChargedLine:
    line = Fields(value, path, ("product", "name", "count", "fen"))
    count, fen = line.number("count", least=1), line.decimal("fen", most=2**64 - 1)
    return ChargedLine(line.digest("product"), line.text("name"), count, fen)


def _apart(value: object, path: str) -> ApartLine:
    line = Fields(value, path, ("why", "product", "terms", "flags", "count"))
    why = Apart(line.choice("why", [one.value for one in Apart]))
    flags = line.number("flags", most=255)
    return ApartLine(why, line.digest("product"), line.digest("terms"), flags, line.number("count", least=1))
