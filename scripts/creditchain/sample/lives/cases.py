"""Court cases, and the enforcement of those that were lost: few for most, some for those in trouble."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.firms import founded
from creditchain.sample.lives.life import ProductLife, rounded, spread
from creditchain.sample.months import year_of
from creditchain.sample.names import CITIES, city, division
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sources import ColumnSource, Date, Digits, Flag, Joined, Number, Of, Texts, given
from creditchain.sample.words import TAIWAN_CITIES

_CAUSES = (
    "买卖合同纠纷", "金融借款合同纠纷", "劳动争议", "租赁合同纠纷", "承揽合同纠纷", "票据追索权纠纷", "追偿权纠纷",
    "运输合同纠纷",
)  # fmt: skip
_SUMMARIES = (
    "当事人因货款支付发生争议",
    "贷款到期未还，银行请求还本付息",
    "劳动者请求支付经济补偿",
    "当事人因租金支付发生争议",
    "当事人因加工款和质量发生争议",
    "持票人请求支付票据金额及利息",
    "保证人代偿后向债务人追偿",
    "当事人因运费和货损发生争议",
)
_WINDOW = 1_400  #: days before the sample's day in which cases were filed
_ROLES = ("plaintiff", "defendant", "third_party")
_OUTCOMES = ("won", "lost", "partly", "withdrawn", "settled", "pending")
_MUNICIPAL = ("北京市", "天津市", "上海市")
_STRAIT = "厦门市"  #: whose court decides on enterprises of Taiwan
_COURTS = [
    f"{_STRAIT if one in TAIWAN_CITIES else one}{'第一' if one in _MUNICIPAL else ''}中级人民法院" for one in CITIES
]


def cases(them: Firms) -> Integers:
    """How many cases an enterprise has had in four years."""
    drawn = them.between("cases", 0, 99)
    few = (drawn < 14 + 8 * firms.size(them)).astype(np.int64) + (drawn < 6 * firms.size(them))
    return np.where(firms.troubled(them), 2 + drawn // 20, few)


def enforcements(them: Firms) -> Integers:
    """How many of the earliest cases are enforced."""
    drawn = np.minimum(them.between("enforcements", 0, 99) // 34, cases(them) - 1)
    return np.where(firms.troubled(them) & (founded(them) < them.today - _WINDOW - 60), drawn, 0)


@fact
def _filed(rows: Rows) -> Integers:
    return spread(rows, "case/filed", 20, _WINDOW, rows.of(cases))


@fact
def _role(rows: Rows) -> Integers:
    drawn = rows.between("case/role", 0, 99)
    usual = np.where(drawn < 62, 0, np.where(drawn < 95, 1, 2))
    return np.where(rows.of(firms.troubled), np.where(drawn < 12, 0, 1), usual) | _enforced(rows)


@fact
def _enforced(rows: Rows) -> Integers:
    """1 for cases that were lost and are enforced."""
    old = _filed(rows) < rows.today - 330
    return ((rows.nth < rows.of(enforcements)) & old & rows.of(firms.troubled)).astype(np.int64)


@fact
def _judged(rows: Rows) -> Integers:
    return _filed(rows) + rows.between("case/judged", 70, 260)


@fact
def _is_judged(rows: Rows) -> Flags:
    return _judged(rows) <= rows.today - 8


@fact
def _closed(rows: Rows) -> Integers:
    return _judged(rows) + rows.between("case/ended", 15, 40)


def _is_closed(rows: Rows) -> Flags:
    return _closed(rows) <= rows.today


@fact
def _outcome(rows: Rows) -> Integers:
    """Plaintiffs win mostly, and those in trouble lose mostly."""
    drawn = rows.between("case/outcome", 0, 99)
    won = np.where(drawn < 60, 0, np.where(drawn < 80, 2, np.where(drawn < 90, 3, 4)))
    lost = np.where(drawn < 55, 1, np.where(drawn < 75, 2, np.where(drawn < 88, 4, 0)))
    found = np.where(_role(rows) == 0, won, lost)
    found = np.where(_enforced(rows) == 1, 1, found)
    return np.where(_is_judged(rows), found, 5)


@fact
def _cause(rows: Rows) -> Integers:
    """Banks sue those in trouble."""
    drawn = rows.between("case/cause", 0, len(_CAUSES) - 1)
    return np.where(~rows.of(firms.troubled) & (drawn == 1), 0, drawn)


@fact
def _amount(rows: Rows) -> Integers:
    """Yuan: up to a twentieth of the revenue; disputes over work are small."""
    amount = rows.of(firms.revenue) * rows.between("case/amount", 3, 50) // 1_000
    return rounded(np.where(_cause(rows) == 2, np.minimum(amount, 90_000), amount), 100)


def _case_seen(rows: Rows) -> Integers:
    return np.where(
        _is_closed(rows), _closed(rows) + 3, np.where(_is_judged(rows), _judged(rows) + 5, _filed(rows) + 15)
    )


def _number_of(sign: str, rows_day: Of, offset: int) -> ColumnSource:
    """（2024）示3301民初1234号: the year, the court, and a number."""
    return Joined(
        "（",
        Digits(lambda rows: year_of(rows_day(rows)), 4),
        "）示",
        Digits(lambda rows: rows.of(division) // 100, 4),
        sign,
        Number(lambda rows: 100 + (rows.between("case/no", 0, 8_000) + rows.nth * 1_009 + offset) % 9_000, 4),
        "号",
    )


CASE = ProductLife(
    cases,
    _case_seen,
    {
        "case_no": _number_of("民初", _filed, 0),
        "cause": Texts(_cause, _CAUSES),
        "role": Texts(_role, _ROLES),
        "court": Texts(lambda rows: rows.of(city), _COURTS),
        "filed_on": Date(_filed),
        "judged_on": given(Date(_judged), _is_judged),
        "amount_fen": Number(lambda rows: _amount(rows) * 100),
        "outcome": Texts(_outcome, _OUTCOMES),
        "ended_on": given(Date(_closed), _is_closed),
        "summary": Texts(_cause, _SUMMARIES),
    },
)


@fact
def _began(rows: Rows) -> Integers:
    """Some weeks after the judgment."""
    return np.minimum(_judged(rows) + rows.between("enforcement/filed", 40, 110), rows.today - 12)


@fact
def _published(rows: Rows) -> Integers:
    return np.minimum(_began(rows) + rows.between("enforcement/published", 20, 150), rows.today - 2)


@fact
def _done(rows: Rows) -> Flags:
    return (rows.between("enforcement/done", 0, 99) < 30) & (_published(rows) < rows.today - 120)


def _left(rows: Rows) -> Integers:
    part = rows.between("enforcement/left", 30, 100)
    return np.where(_done(rows), 0, _amount(rows) * part)


ENFORCEMENT = ProductLife(
    enforcements,
    lambda rows: np.where(_done(rows), _published(rows) + 100, _published(rows) + 2),
    {
        "enforcement_no": _number_of("执", _began, 4_321),
        "basis_no": _number_of("民初", _filed, 0),
        "court": Texts(lambda rows: rows.of(city), _COURTS),
        "filed_on": Date(_began),
        "amount_fen": Number(lambda rows: _amount(rows) * 100),
        "unpaid_fen": Number(_left),
        "conduct": Texts(lambda rows: rows.between("conduct", 0, 2), ("refuses", "violates_report", "evades")),
        "discredited": Flag(lambda rows: ~_done(rows)),
        "published_on": Date(_published),
        "ended_on": given(Date(lambda rows: _published(rows) + 95), _done),
    },
)
