"""Loans, and guarantees of them."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.lives import loans
from creditchain.sample.lives.life import ProductLife, at_city_either
from creditchain.sample.months import year_of
from creditchain.sample.names import serial
from creditchain.sample.population import Flags, Integers, Rows, fact
from creditchain.sample.sources import Date, Decimals, Digits, Joined, Number, Texts, given

_CLASSES = ("pass", "special_mention", "substandard", "doubtful", "loss")
_CLASS_DAYS = np.array([1, 91, 271, 361], np.int64)  #: overdue days from which a loan is of the next class


def _rate(rows: Rows) -> Integers:
    """1/10,000 of a percent."""
    fresh = np.array([30_500, 33_000, 35_500, 34_000], np.int64)[loans.product(rows)]
    dear = rows.of(firms.health) * 6_500 + rows.between("loan/rate", 0, 10, loans.ago(rows)) * 500
    return fresh + dear


def _contract(rows: Rows, ago: Integers) -> Integers:
    return year_of(loans.opened(rows)) * 10**10 + (rows.of(serial) * 13 + 7) % 10**8 * 100 + ago % 100


def _class(rows: Rows) -> Integers:
    late = np.searchsorted(_CLASS_DAYS, loans.overdue_days(rows), side="right")
    return np.where(rows.of(firms.troubled) & (late == 0) & ~loans.ended(rows), 1, late).astype(np.int64)


def _ended_on(rows: Rows) -> Integers:
    return loans.due(rows) - rows.between("loan/ended", 0, 20, loans.ago(rows))


def _loan_seen(rows: Rows) -> Integers:
    lately = rows.today - 25 + rows.between("as_of", 0, 20, loans.ago(rows))
    return np.where(loans.ended(rows), _ended_on(rows) + 2, lately)


def _overdue_section(rows: Rows) -> Integers:
    """Section operating, or warning."""
    return loans.overdue(rows).astype(np.int64)


LOAN = ProductLife(
    loans.loans,
    _loan_seen,
    {
        "contract_no": Joined("HT", Digits(lambda rows: _contract(rows, loans.ago(rows)), 14)),
        "product": Texts(loans.product, loans.PRODUCTS),
        "currency": Texts(lambda rows: loans.product(rows) * 0, ("CNY",)),
        "granted_fen": Number(lambda rows: loans.granted(rows) * 100),
        "balance_fen": Number(lambda rows: loans.balance(rows) * 100),
        "opened_on": Date(loans.opened),
        "due_on": Date(loans.due),
        "ended_on": given(Date(_ended_on), loans.ended),
        "rate": Decimals(_rate, 4, 2),
        "class": Texts(_class, _CLASSES),
        "overdue_fen": Number(lambda rows: np.where(loans.overdue(rows), loans.balance(rows) * 100, 0)),
        "overdue_days": Number(loans.overdue_days, 5),
        "secured_by": Texts(loans.security, loans.SECURITIES),
    },
    section=_overdue_section,
)

_GUARANTOR_KINDS = ("guarantee_company", "government_fund", "enterprise")
_GUARANTORS = ("示例融资担保有限公司", "示例中小企业信用增信基金", "示例科创融资担保有限公司", "示例投资控股有限公司")
_KIND_OF_GUARANTOR = np.array([0, 1, 0, 2])


@fact
def _guarantor(rows: Rows) -> Integers:
    return rows.between("guarantor", 0, len(_GUARANTORS) - 1, loans.ago(rows))


@fact
def _compensated(rows: Rows) -> Flags:
    return loans.overdue(rows) & (rows.today - loans.due(rows) > 90)


def _released_on(rows: Rows) -> Integers:
    return np.where(loans.ended(rows), _ended_on(rows), np.minimum(loans.due(rows) + 90, rows.today))


def _over(rows: Rows) -> Flags:
    return loans.ended(rows) | _compensated(rows)


def _guaranteed(rows: Rows) -> Integers:
    return np.where(_over(rows), 0, loans.balance(rows) * 100)


def _guarantee_status(rows: Rows) -> Integers:
    return np.where(_compensated(rows), 2, loans.ended(rows).astype(np.int64))


GUARANTEE = ProductLife(
    loans.guarantees,
    _loan_seen,
    {
        "contract_no": Joined("DB", Digits(lambda rows: _contract(rows, loans.ago(rows)), 14)),
        "kind": Texts(lambda rows: (_KIND_OF_GUARANTOR[_guarantor(rows)] == 1).astype(np.int64),
                      ("joint_guarantee", "government_fund")),
        "guarantor_kind": Texts(lambda rows: _KIND_OF_GUARANTOR[_guarantor(rows)], _GUARANTOR_KINDS),
        "guarantor": at_city_either(_guarantor, _GUARANTORS),
        "amount_fen": Number(lambda rows: loans.granted(rows) * 100),
        "outstanding_fen": Number(_guaranteed),
        "began_on": Date(loans.opened),
        "due_on": Date(loans.due),
        "ended_on": given(Date(_released_on), _over),
        "compensated_fen": given(Number(lambda rows: loans.balance(rows) * 100), _compensated),
        "status": Texts(_guarantee_status, ("active", "released", "compensated")),
    },
)  # fmt: skip
