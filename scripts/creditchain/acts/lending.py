"""Reporting what an institution lent in a month after queries: count and sum in the open, the queries as a digest."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from creditchain.acts.preconditions import is_under_way, require_member, require_signer
from creditchain.chain.clock import await_time, now
from creditchain.chain.consent_calls import ConsentCalls, LoanReport
from creditchain.chain.consents import ConsentReads, LoanTotal
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.consents.errors import TermsError
from creditchain.errors import Place
from creditchain.home.layout import Home
from creditchain.home.loan_lists import keep_list
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered
from creditchain.packages.loan_list import Breakdown, LoanSum
from creditchain.vocabulary import Role

_log = logging.getLogger(__name__)

#: Months end by China's time, which has no daylight saving.
_CHINA = timezone(timedelta(hours=8))
_LARGEST_AMOUNT = 2**128


@dataclass(frozen=True, slots=True)
class Loans:
    """What an institution lent in a month."""

    institution: int
    month: int  #: YYYYMM
    count: int
    amount: int  #: fen
    queries: tuple[bytes, ...]  #: ids of the requests that the loans followed, ascending, 32 bytes each
    breakdown: Breakdown | None = None  #: how many were small, first-time, unsecured


@dataclass(frozen=True, slots=True)
class LoansReported:
    """The month as the chain has it at a final block, and the salted digest of the queries."""

    total: LoanTotal | None
    digest: bytes


def report_loans(region: Region, outbox: Outbox, home: Home, loans: Loans, *, correct: bool = False) -> LoansReported:
    """Report a month, or correct what was reported. Killed anywhere and run again, it is one report.

    Everything is checked by the chain before the list of queries is kept in the home.

    Raises:
        NotEntitledError: the signer is not the institution's.
        InputError: another list, or another breakdown, was given for this report before.
        TermsError: no such month, or one that is not over; no loans with an amount, or loans without; a query that is
            not on the ledger as this institution's; a month that was reported (not reported, for `correct`) before.
    """
    revision = _under_way(region, outbox, loans)
    if revision is None:
        revision = _check(region, outbox, loans, correct=correct)
    intent = _intent(loans, revision)
    folder = home.region(region.deployment.log_id).loans
    kept = keep_list(folder, f"{loans.institution}-{loans.month}-{revision}", loans.queries, loans.breakdown)
    call = ConsentCalls(region.deployment).report_loans(
        LoanReport(loans.institution, loans.month, revision, loans.count, loans.amount, kept.digest)
    )
    outbox.submit(intent, call)
    _log.info("loans of month %d are reported", loans.month)
    return LoansReported(loans_of(region, loans.institution, loans.month), kept.digest)


def loans_of(region: Region, institution: int, month: int) -> LoanTotal | None:
    """What an institution reported for a month, as of the newest final block."""
    return ConsentReads(region).loans(institution, month, region.chain.final_block().number)


def month_is_over(month: int, time: int) -> bool:
    """Whether a month YYYYMM of 1970 or later has ended by `time`, unix seconds, in China (the contract's rule)."""
    year, number = divmod(month, 100)
    if not (1970 <= year <= 9998 and 1 <= number <= 12):
        return False
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=_CHINA)
    return following <= datetime.fromtimestamp(time, UTC)


def _under_way(region: Region, outbox: Outbox, loans: Loans) -> int | None:
    """The number of the report that was begun here and not finished; None where there is none.

    It may have reached the chain before the process was killed: then the chain counts it already.
    """
    known = ConsentReads(region).loans(loans.institution, loans.month)
    reports = 0 if known is None else known.reports
    begun = (number for number in (reports - 1, reports) if is_under_way(outbox, _intent(loans, number)))
    return next(begun, None)


def _intent(loans: Loans, revision: int) -> str:
    return f"loans {loans.institution} {loans.month} {revision}"


def _check(region: Region, outbox: Outbox, loans: Loans, *, correct: bool) -> int:
    """Raise unless the contract would take the report; the number of reports there were before."""
    time = now(region.chain)
    if not month_is_over(loans.month, time):
        raise TermsError(
            "loans are reported for a month that is over", expected="YYYYMM, a past month", place=Place(field="month")
        )
    if not month_is_over(loans.month, region.chain.head().time):
        await_time(region.chain, time)
    if (loans.count == 0) != (loans.amount == 0) or not 0 <= loans.amount < _LARGEST_AMOUNT:
        raise TermsError(
            "count and amount do not fit together",
            expected=f"none of both, or loans with an amount below {_LARGEST_AMOUNT} fen",
            found=f"{loans.count} loans",
            place=Place(field="amount"),
        )
    if loans.breakdown is not None:
        loans.breakdown.require_within(LoanSum(loans.count, loans.amount))
    require_member(region, loans.institution, {Role.INSTITUTION}, time, "institution")
    require_signer(region, outbox.signer, loans.institution, "institution")
    _require_metered(region, loans)
    return _revision(ConsentReads(region).loans(loans.institution, loans.month), loans.month, correct)


def _require_metered(region: Region, loans: Loans) -> None:
    """Loans follow queries that the ledger has, of this institution."""
    if not loans.queries:
        return
    asked = {one.item.request: one.item.institution for one in delivered(region_log(region))}
    for one in loans.queries:
        if asked.get(one) != loans.institution:
            raise TermsError(
                "a query of the list is not on the ledger as this institution's",
                expected=f"a metered query of node {loans.institution}",
                found="0x" + one.hex() + (f", of node {asked[one]}" if one in asked else ", not metered"),
                place=Place(field="queries"),
            )


def _revision(total: LoanTotal | None, month: int, correct: bool) -> int:
    if total is not None and not correct:
        raise TermsError(
            f"the month {month} was reported already",
            expected="--correct, to correct it",
            found=f"{total.reports} report(s), {total.count} loans",
        )
    if total is None and correct:
        raise TermsError(f"the month {month} was not reported yet", hint="Leave out --correct.")
    return 0 if total is None else total.reports
