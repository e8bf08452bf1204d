"""Whether a field's schema takes what a life says of it: a product of one's own may mean something else by the name."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from creditchain.products.schema import Schema, compile_schema
from creditchain.sample.draws import Draws
from creditchain.sample.population import Firms, Rows
from creditchain.sample.sources import CEILING, ColumnSource, Flag, Number, NumberSource, Texts

#: The enterprises that are tried, on some day.
_PROBES, _TODAY = 64, 20_634


def fitted(source: ColumnSource, schema: Schema) -> ColumnSource | None:
    """The source, within the schema's range; None if the schema does not take what it says of some enterprises."""
    accepts = compile_schema(schema).is_valid
    if isinstance(source, Texts):
        return source if all(accepts(text) for text in source.texts) else None
    if isinstance(source, Number):
        source = source.within(int(schema.get("minimum", -CEILING)), int(schema.get("maximum", CEILING)))
    return source if all(accepts(value) for value in _values(source, _some_rows())) else None


def _values(source: ColumnSource, rows: Rows) -> list[Any]:
    if isinstance(source, NumberSource | Flag):
        values: list[Any] = source.values(rows).tolist()
        return values
    out = np.zeros((len(rows), source.width), np.uint8)
    source.fill(out, rows)
    return [bytes(row[row != 0]).decode() for row in out]


@cache
def _some_rows() -> Rows:
    ordinals, nth = np.arange(_PROBES, dtype=np.uint64), np.zeros(_PROBES, np.int64)
    firms = Firms(ordinals, ordinals % np.uint64(2) == 1, _TODAY, Draws(0))
    return Rows(ordinals, firms, np.arange(_PROBES), nth, nth + 1, lambda _: nth + _TODAY)
