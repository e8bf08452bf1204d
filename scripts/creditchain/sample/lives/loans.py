"""The loans of an enterprise, one after the other: the records of loans, guarantees and property agree on them.

`ago` says which: 0 is the latest loan, and each one before it is older.
"""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.firms import Size, founded
from creditchain.sample.lives.life import rounded, since_founding
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact

PRODUCTS = ("inclusive", "working_capital", "fixed_asset", "trade_finance")
SECURITIES = ("credit", "guarantee", "mortgage")
_TERMS = np.array([365, 365, 1826, 180], np.int64)  #: days
_APART = 240  #: days between loans of an enterprise
_INCLUSIVE = 10_000_000  #: yuan up to which a loan to a small enterprise is inclusive
_FIRST = 60  #: days after the founding


@fact
def loans(them: Firms) -> Integers:
    """How many loans an enterprise has or had of late."""
    low, high = np.array([(0, 1), (0, 3), (2, 4), (3, 7)])[firms.size(them)].T
    years = (them.today - founded(them)) // 365
    return np.minimum(them.between("loans", low, high), years + 1)


@fact
def guarantees(them: Firms) -> Integers:
    """How many of them are guaranteed: the latest."""
    return np.minimum(loans(them), them.between("guarantees", 0, 1 + (firms.size(them) >= Size.MEDIUM)))


@fact
def mortgaged(them: Firms) -> Flags:
    """Which have a loan that a mortgage secures: of those that are not guaranteed, every second is."""
    first = (guarantees(them) + 1) // 2 * 2
    return (properties(them) > 0) & (first < loans(them))


@fact
def properties(them: Firms) -> Integers:
    """How many pieces of real property an enterprise has."""
    low, high = np.array([(0, 0), (0, 1), (1, 3), (2, 5)])[firms.size(them)].T
    return them.between("properties", low, high)


@fact
def ago(rows: Rows) -> Integers:
    """Which loan: the first record is the oldest."""
    return np.maximum(rows.count - 1 - rows.nth, 0)


@fact
def product(rows: Rows) -> Integers:
    """The place in PRODUCTS."""
    which, trade = ago(rows), rows.of(firms.trader)
    plain = np.where(rows.of(firms.size) >= Size.MEDIUM, np.where(which % 3 == 1, 2, 1), 0)
    return np.where(trade & (which % 4 == 2), 3, plain).astype(np.int64)


@fact
def term(rows: Rows) -> Integers:
    """Days."""
    return _TERMS[product(rows)]


@fact
def overdue(rows: Rows) -> Flags:
    """Whether it is overdue: of those in trouble, the two latest mostly."""
    bad = rows.between("loan/overdue", 0, 99, ago(rows)) < 65
    old_enough = rows.of(founded) + _FIRST + term(rows) + 30 < rows.today
    return rows.of(firms.troubled) & (ago(rows) < 2) & bad & old_enough


@fact
def opened(rows: Rows) -> Integers:
    """The day it was paid out."""
    which = ago(rows)
    idle = np.where(rows.of(firms.stopped), 280, 0)  # nobody lends to those that have stopped
    usual = rows.today - idle - which * _APART - rows.between("loan/opened", 30, 200, which)
    since = rows.today - term(rows) - rows.between("loan/since", 30, 400, which)
    return since_founding(rows, np.where(overdue(rows), since, usual), _FIRST)


@fact
def due(rows: Rows) -> Integers:
    """The day it is due."""
    return opened(rows) + term(rows)


@fact
def overdue_days(rows: Rows) -> Integers:
    """Days after the due day, on the day of the record."""
    return np.where(overdue(rows), np.maximum(rows.days - due(rows), 0), 0)


@fact
def ended(rows: Rows) -> Flags:
    """Whether it has been repaid."""
    return ~overdue(rows) & (due(rows) <= rows.today - 3)


@fact
def granted(rows: Rows) -> Integers:
    """Yuan: a part of a year's revenue."""
    part = rows.between("loan/granted", 3, 9, ago(rows)) * np.where(product(rows) == 2, 2, 1)
    amount = rows.of(firms.revenue) * part // 100
    amount = np.where(product(rows) == 0, np.minimum(amount, _INCLUSIVE), amount)
    return rounded(amount, np.where(amount >= 1_000_000, 100_000, 10_000))


@fact
def balance(rows: Rows) -> Integers:
    """Yuan that are not repaid: investments are repaid evenly, other loans at the end."""
    left = np.clip(due(rows) - rows.days, 0, term(rows))
    even = granted(rows) // 1_000 * (left * 1_000 // term(rows))
    part = granted(rows) * rows.between("loan/part", 6, 13, ago(rows)).clip(6, 10) // 10
    open_now = np.where((product(rows) == 2) & ~overdue(rows), even, part)
    return np.where(ended(rows), 0, open_now)


@fact
def security(rows: Rows) -> Integers:
    """The place in SECURITIES."""
    rest = np.where((rows.of(properties) > 0) & (ago(rows) % 2 == 0), 2, 0)
    return np.where(ago(rows) < rows.of(guarantees), 1, rest).astype(np.int64)
