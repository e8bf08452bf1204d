"""Statements of account between an institution and a provider: made from the log, signed, and held against it again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from creditchain.acts.lending import month_is_over
from creditchain.acts.preconditions import require_log, require_signer
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.errors import InputError, Place
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.index.queries import reading_of
from creditchain.log.views import BlockRef
from creditchain.messages import recover
from creditchain.packages.account_file import AccountFile, MonthlyAccount
from creditchain.packages.price_list import PriceList
from creditchain.statistics.accounts import account_lines, deliveries
from creditchain.vocabulary import EntryKind

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose account of which month (YYYYMM)."""

    institution: int
    provider: int
    month: int


@dataclass(frozen=True, slots=True)
class MadeAccount:
    """A statement, and whether the month was over in its block: then only late metering can add to it."""

    file: AccountFile
    month_over: bool


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What checking a statement found.

    `differences`: names of what the log says otherwise. `signer`: who signed it; None if nobody did. `signed`: whether
    that key acted for the provider at the statement's block.
    """

    block: BlockRef  #: the newest final block, as of which it was checked
    differences: tuple[str, ...]
    signer: str | None
    signed: bool
    again: MonthlyAccount  #: the statement that the log gives

    @property
    def holds(self) -> bool:
        """Whether it is what the log says, signed by the provider."""
        return self.signed and not self.differences


def make_account(
    region: Region, parties: Parties, prices: PriceList, products: Mapping[bytes, str], signer: Signer | None = None
) -> MadeAccount:
    """A statement as of the newest final block, signed if there is a signer.

    Args:
        products: name/version by the digest of a product's file.
    Raises:
        InputError: the price list is another provider's. NotEntitledError: the signer is not the provider's.
        As `region_log`.
    """
    _require_provider(prices, parties.provider)
    if signer is not None:
        require_signer(region, signer, parties.provider, "provider")
    log = region_log(region)
    account = _account(log, log.size, log.root, log.block, parties, prices, products)
    signature = b"" if signer is None else signer.sign_typed(account.message.typed_data())
    _log.info("a statement of account of month %d is made", parties.month)
    return MadeAccount(AccountFile(account, signature), month_is_over(parties.month, log.block.time))


def check_account(region: Region, file: AccountFile, prices: PriceList, products: Mapping[bytes, str]) -> AccountCheck:
    """Count again, as of the size that the statement names, and look who signed it.

    Raises:
        ForeignFileError: it is of another log. InputError: the price list is another than it names, or it names a size
            that the log has not come to. SignatureError: the signature has no form. As `region_log`.
    """
    account = file.account
    require_log(region, account.log_id)
    _require_provider(prices, account.provider)
    if prices.digest != account.terms:
        raise InputError(
            "the statement is by another price list",
            expected="0x" + account.terms.hex(),
            found="0x" + prices.digest.hex(),
            place=Place(field="terms"),
        )
    log = region_log(region)
    block = _block_of(region, log, account)
    parties = Parties(account.institution, account.provider, account.month)
    again = _account(log, account.size, log.root_at(account.size), block, parties, prices, products)
    names = (field.name for field in fields(MonthlyAccount))
    differences = tuple(name for name in names if getattr(again, name) != getattr(account, name))
    signer = recover(account.message, file.signature) if file.signature else None
    members = reading_of(region, log).members
    signed = signer is not None and members.acts_for(signer, account.provider, block.time)
    return AccountCheck(log.block, differences, signer, signed, again)


def _account(
    log: IndexedLog,
    size: int,
    root: bytes,
    block: BlockRef,
    parties: Parties,
    prices: PriceList,
    products: Mapping[bytes, str],
) -> MonthlyAccount:
    parts = log.parts_with(EntryKind.QUERIES, stop=size)
    rows: list[dict[str, Any]] = deliveries(parts, parties.institution, parties.provider, parties.month)
    charged, apart = account_lines(rows, prices, products)
    return MonthlyAccount(
        log_id=log.log_id,
        provider=parties.provider,
        institution=parties.institution,
        month=parties.month,
        terms=prices.digest,
        block=block,
        size=size,
        root=root,
        charged=charged,
        apart=apart,
    )


def _block_of(region: Region, log: IndexedLog, account: MonthlyAccount) -> BlockRef:
    """The block that a statement names, if the log had this size there; else the one where it got this size."""
    number = account.block.number
    if number > log.block.number or account.size > log.size:
        raise InputError(
            "the statement is of a block that is not final here",
            expected=f"at most block {log.block.number} with {log.size} entries",
            found=f"block {number} with {account.size} entries",
            place=Place(field="block"),
        )
    last = log.entry(account.size - 1).block
    following = log.entry(account.size).block if account.size < log.size else log.block.number + 1
    return region.chain.block(number if last <= number < following else last)


def _require_provider(prices: PriceList, provider: int) -> None:
    if prices.provider != provider:
        raise InputError(
            "the price list is another provider's",
            expected=f"node {provider}",
            found=f"node {prices.provider}",
            place=Place(field="provider"),
        )
