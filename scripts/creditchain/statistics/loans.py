"""Loans: what institutions reported of each month, by Loans entries; and the breakdown that lists of loans give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from creditchain.log.entries import LoansBody
from creditchain.packages.loan_list import PARTS, Breakdown
from creditchain.statistics.folding import Row

#: Loans and their sum; number of reports, corrections included; loans whose breakdown is known, and the breakdown.
LOANS: Final = (
    *("loans", "amount_fen", "reports", "broken_down_loans"),
    *(f"{part}_{what}" for part in PARTS for what in ("loans", "fen")),
)


def loan_rows(bodies: Iterable[LoansBody], breakdowns: Mapping[bytes, Breakdown]) -> list[Row]:
    """A row for each institution and month. `bodies` in the order of the log: the last one of a month counts.

    `breakdowns`: by the digest (32 bytes) that an entry holds of the institution's list.
    """
    last: dict[tuple[int, int], LoansBody] = {}
    for body in bodies:
        last[body.month, body.institution] = body
    return [_row(last[key], breakdowns.get(last[key].queries)) for key in sorted(last)]


def _row(body: LoansBody, breakdown: Breakdown | None) -> Row:
    row: Row = dict.fromkeys(LOANS, 0)
    row |= {"month": body.month, "institution": body.institution}
    row |= {"loans": body.count, "amount_fen": body.amount, "reports": body.revision + 1}
    if breakdown is not None:
        row["broken_down_loans"] = body.count
        for part in PARTS:
            sum_ = getattr(breakdown, part)
            row |= {f"{part}_loans": sum_.count, f"{part}_fen": sum_.amount}
    return row
