"""Adding up: measures by keys, from columns that come part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Columns of equal length: NumPy arrays of whole numbers, or Arrow arrays of digests.
Columns = Mapping[str, Any]
Row = dict[str, Any]

#: Sums of parts are added up once there are so many, so that memory grows with the result and not with the log.
_PARTS: Final = 16


@dataclass(frozen=True, slots=True)
class MonthRange:
    """The months to count, YYYYMM, both included; None for no bound."""

    first: int | None = None
    last: int | None = None

    def holds(self, month: int) -> bool:
        """Whether a month is among them."""
        return (self.first is None or self.first <= month) and (self.last is None or month <= self.last)

    def among(self, columns: Columns) -> Columns:
        """The rows of columns whose `month` is among them."""
        months = columns["month"]
        kept = np.ones(len(months), np.bool_)
        if self.first is not None:
            kept &= months >= self.first
        if self.last is not None:
            kept &= months <= self.last
        return columns if kept.all() else where(columns, kept)


#: No bounds.
ALL_MONTHS: Final = MonthRange()


def where(columns: Columns, kept: npt.NDArray[np.bool_]) -> Columns:
    """The rows that are marked."""
    marks = pa.array(kept)
    return {
        name: values[kept] if isinstance(values, np.ndarray) else values.filter(marks)
        for name, values in columns.items()
    }


class Sums:
    """Sums of measures by keys. Mutable: `add` parts, then read `rows`."""

    def __init__(self, keys: Sequence[str], measures: Sequence[str], months: MonthRange = ALL_MONTHS) -> None:
        self._keys, self._measures, self._months = tuple(keys), tuple(measures), months
        self._parts: list[Any] = []

    def add(self, columns: Columns) -> None:
        """Add rows; they have at least the keys, the measures and `month`."""
        kept = self._months.among(columns)
        if len(kept["month"]):
            self._parts.append(self._summed(pa.table({name: kept[name] for name in (*self._keys, *self._measures)})))
        if len(self._parts) >= _PARTS:
            self._parts = [self._summed(pa.concat_tables(self._parts))]

    def rows(self) -> list[Row]:
        """The sums, ordered by their keys; digests are bytes."""
        if not self._parts:
            return []
        found: list[Row] = self._summed(pa.concat_tables(self._parts)).to_pylist()
        return sorted(found, key=lambda row: tuple(row[key] for key in self._keys))

    def _summed(self, table: Any) -> Any:
        summed = table.group_by(list(self._keys)).aggregate([(name, "sum") for name in self._measures])
        return summed.select([*self._keys, *(f"{name}_sum" for name in self._measures)]).rename_columns(
            [*self._keys, *self._measures]
        )


def regrouped(rows: Sequence[Row], keys: Sequence[str], measures: Sequence[str]) -> list[Row]:
    """Sums of rows by fewer keys, ordered by them; None comes last."""
    sums: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        sum_ = sums.setdefault(key, dict(zip(keys, key, strict=True)) | dict.fromkeys(measures, 0))
        for name in measures:
            sum_[name] += row[name]
    return [sums[key] for key in sorted(sums, key=lambda key: [(one is None, one) for one in key])]


def total(rows: Sequence[Row], measures: Sequence[str]) -> Row:
    """The sums over all rows."""
    return {name: sum(row[name] for row in rows) for name in measures}
