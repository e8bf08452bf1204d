"""The lines of a statement of account: which deliveries are charged, and which are shown apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from creditchain.log.entry_columns import EntryColumns
from creditchain.packages.account_file import Apart, ApartLine, ChargedLine
from creditchain.packages.price_list import PriceList
from creditchain.statistics.calls import calls_of
from creditchain.statistics.folding import MonthRange, Row, Sums, where
from creditchain.vocabulary import MeterFlag

#: Deliveries with one of these flags are not charged: somebody did not keep the rules, and people settle who.
NOT_CHARGED: Final = MeterFlag.OVERDRAWN | MeterFlag.LATE | MeterFlag.OLD | MeterFlag.PAUSED
_KEYS: Final = ("product", "terms", "flags")


def deliveries(parts: Iterable[EntryColumns], institution: int, provider: int, month: int) -> list[Row]:
    """The deliveries between two nodes in a month (YYYYMM): `queries` by product, terms and flags."""
    fold = Sums(_KEYS, ("queries",), MonthRange(month, month))
    for entries in parts:
        calls = calls_of(entries)
        fold.add(where(calls, np.logical_and(calls["institution"] == institution, calls["provider"] == provider)))
    return fold.rows()


def account_lines(
    rows: Iterable[Row], prices: PriceList, products: Mapping[bytes, str]
) -> tuple[tuple[ChargedLine, ...], tuple[ApartLine, ...]]:
    """The lines of what was delivered. `products`: name/version by the digest of a product's file."""
    counts: dict[bytes, int] = {}
    apart: list[ApartLine] = []
    for row in rows:
        why = _apart(row, prices, products)
        if why is None:
            counts[row["product"]] = counts.get(row["product"], 0) + row["queries"]
        else:
            apart.append(ApartLine(why, row["product"], row["terms"], row["flags"], row["queries"]))
    # Tiers count all deliveries of a product, whether they needed a consent or not.
    charged = tuple(
        ChargedLine(product, products[product], count, prices.amount(products[product], count) or 0)
        for product, count in sorted(counts.items())
    )
    return charged, tuple(sorted(apart, key=lambda line: (line.why, line.product, line.terms, line.flags)))


def _apart(row: Row, prices: PriceList, products: Mapping[bytes, str]) -> Apart | None:
    if row["terms"] != prices.digest:
        return Apart.OTHER_TERMS
    if row["flags"] & NOT_CHARGED:
        return Apart.FLAGGED
    return None if products.get(row["product"]) in prices.prices else Apart.NO_PRICE
