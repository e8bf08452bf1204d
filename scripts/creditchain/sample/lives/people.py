"""Social insurance and housing fund: the staff, month by month."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business
from creditchain.sample.firms import founded
from creditchain.sample.lives.life import ProductLife, province, serial_of
from creditchain.sample.months import Months, first_month
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sources import Date, Decimals, Digits, Joined, Month, Number, Texts

#: Maternity insurance is paid with medical insurance since 2019.
_INSURANCES = ("pension", "medical", "unemployment", "injury")
_RATES = np.array([2400, 1150, 100, 60], np.int64)  #: employer and staff together, in 1/10,000 of the base


class _Insured(Months):
    """One record for each kind of insurance."""

    @fact
    def kinds(self, rows: Rows) -> Integers:
        """See Months."""
        return np.full(len(rows), len(_INSURANCES), np.int64)


_SOCIAL = _Insured(12)
_HOUSING = Months(24)


@fact
def _insured(rows: Rows) -> Integers:
    return business.headcount(rows, _SOCIAL.month(rows))


@fact
def _change(rows: Rows) -> Integers:
    """Staff against the month before; all are new in the first."""
    month = _SOCIAL.month(rows)
    before = np.where(month > rows.of(first_month), business.headcount(rows, month - 1), 0)
    return _insured(rows) - before


@fact
def _churn(rows: Rows) -> Integers:
    """How many others came as often as others left."""
    some = rows.between("social/churn", 0, _insured(rows) // 30, _SOCIAL.month(rows))
    return np.where(_SOCIAL.month(rows) > rows.of(first_month), some, 0)


@fact
def _base(rows: Rows) -> Integers:
    return _insured(rows) * business.wage(rows, _SOCIAL.month(rows))


@fact
def _due(rows: Rows) -> Integers:
    return _base(rows) * _RATES[_SOCIAL.kind(rows)] // 10_000


@fact
def _late(rows: Rows) -> Flags:
    return business.late(rows, _SOCIAL.month(rows))


SOCIAL = ProductLife(
    lambda them: _SOCIAL.own(them) * len(_INSURANCES),
    _SOCIAL.as_of,
    {
        "month": Month(_SOCIAL.month),
        "kind": Texts(_SOCIAL.kind, _INSURANCES),
        "insured": Number(_insured, 6),
        "joined": Number(lambda rows: np.maximum(_change(rows), 0) + _churn(rows), 6),
        "left": Number(lambda rows: np.maximum(-_change(rows), 0) + _churn(rows), 6),
        "base_fen": Number(_base),
        "due_fen": Number(_due),
        "paid_fen": Number(lambda rows: np.where(_late(rows), 0, _due(rows))),
        "arrears_months": Number(lambda rows: business.late_for(rows, _SOCIAL.month(rows)), 2),
        "status": Texts(lambda rows: _late(rows).astype(np.int64), ("normal", "arrears")),
    },
)


@fact
def _members(rows: Rows) -> Integers:
    """Five in six of the staff, at least one."""
    return (business.headcount(rows, _HOUSING.month(rows)) * 5 + 5) // 6


@fact
def _rate(them: Firms) -> Integers:
    return them.between("housing/rate", 5, 12)


@fact
def _opened(them: Firms) -> Integers:
    return founded(them) + them.between("housing/opened", 5, 25)


@fact
def _housing_base(rows: Rows) -> Integers:
    return _members(rows) * business.wage(rows, _HOUSING.month(rows))


@fact
def _housing_due(rows: Rows) -> Integers:
    """The employer's part and the staff's, which are equal."""
    return _housing_base(rows) * rows.of(_rate) * 2 // 100


@fact
def _housing_late(rows: Rows) -> Flags:
    return business.late(rows, _HOUSING.month(rows))


HOUSING = ProductLife(
    _HOUSING.own,
    _HOUSING.as_of,
    {
        "account_no": Joined(Digits(province, 2), Digits(serial_of, 10)),
        "month": Month(_HOUSING.month),
        "employees": Number(_members, 6),
        "base_fen": Number(_housing_base),
        "rate": Decimals(lambda rows: rows.of(_rate) * 100, 2, 2),
        "due_fen": Number(_housing_due),
        "paid_fen": Number(lambda rows: np.where(_housing_late(rows), 0, _housing_due(rows))),
        "arrears_months": Number(lambda rows: business.late_for(rows, _HOUSING.month(rows)), 2),
        "opened_on": Date(lambda rows: rows.of(_opened)),
        "status": Texts(lambda rows: _housing_late(rows).astype(np.int64), ("normal", "arrears")),
    },
)
