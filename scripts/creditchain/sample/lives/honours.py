"""Recognitions and prizes."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.lives.life import ProductLife, at_city, spread
from creditchain.sample.months import year_of, years_later
from creditchain.sample.names import division, serial
from creditchain.sample.population import Firms, Integers, Rows, fact
from creditchain.sample.sources import Date, Digits, Joined, Number, Texts, given

#: Recognitions in the order in which an enterprise gets them: kind, level, title, and the authority of the city.
_HONOURS: tuple[tuple[str, str, str, str], ...] = (
    ("technology_sme", "municipal", "科技型中小企业", "科学技术局"),
    ("high_tech", "national", "高新技术企业", "科学技术局"),
    ("specialised_new", "provincial", "专精特新中小企业", "工业和信息化局"),
    ("little_giant", "national", "专精特新“小巨人”企业", "工业和信息化局"),
)
_OTHERS: tuple[tuple[str, str, str, str], ...] = (
    ("quality_award", "municipal", "市长质量奖", "市场监督管理局"),
    ("brand", "municipal", "知名商标品牌", "市场监督管理局"),
)
_ALL = (*_HONOURS, *_OTHERS)
_GRANTS = np.array([0, 200_000, 200_000, 500_000, 300_000, 0], np.int64)


def _honours(them: Firms) -> Integers:
    """Technology climbs with size; a few others have a prize or a brand."""
    other = them.between("honours", 0, 99) < np.array([0, 6, 20, 40])[firms.size(them)]
    climbed = np.where(firms.technology(them), np.minimum(1 + firms.size(them), len(_HONOURS)), other)
    return np.where(firms.troubled(them), np.minimum(climbed, firms.technology(them)), climbed).astype(np.int64)


@fact
def _honour(rows: Rows) -> Integers:
    other = len(_HONOURS) + (rows.nth + rows.of(_first_other)) % len(_OTHERS)
    return np.where(rows.of(firms.technology), rows.nth % len(_HONOURS), other)


@fact
def _first_other(them: Firms) -> Integers:
    """The prize is for the larger ones."""
    return np.where(firms.size(them) >= firms.Size.MEDIUM, them.between("honours/first", 0, 1), 1)


@fact
def _recognised(rows: Rows) -> Integers:
    return spread(rows, "honour/on", 60, 1_050)


HONOUR = ProductLife(
    _honours,
    lambda rows: _recognised(rows) + 10,
    {
        "certificate_no": Joined(
            "GR",
            Digits(lambda rows: year_of(_recognised(rows)), 4),
            Digits(lambda rows: rows.of(division) // 10_000, 2),
            Digits(lambda rows: rows.of(serial) * 7 + rows.nth + 1_000, 6),
        ),
        "kind": Texts(_honour, [kind for kind, *_ in _ALL]),
        "level": Texts(_honour, [level for _, level, _, _ in _ALL]),
        "title": Texts(_honour, [title for _, _, title, _ in _ALL]),
        "recognised_on": Date(_recognised),
        "valid_until": Date(lambda rows: years_later(_recognised(rows), 3)),
        "authority": Joined(at_city(""), Texts(_honour, [who for *_, who in _ALL])),
        "grant_fen": given(Number(lambda rows: _GRANTS[_honour(rows)] * 100), lambda rows: _GRANTS[_honour(rows)] > 0),
    },
)
