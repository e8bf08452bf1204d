"""The benchmark of the exchange, as small as it gets: it runs, and all that was delivered is accounted for."""

from __future__ import annotations

import pytest

from tools.bench.exchange import measure
from tools.bench.exchange_region import Size


@pytest.mark.slow
def test_a_short_run() -> None:
    rows = measure(Size(enterprises=60, asked=12, clients=2, seconds=3, rate=60))
    assert [row.name for row in rows[::6]] == [
        "basic report of 20 records: SQLite, 1 worker",
        "basic report of 20 records: PostgreSQL, 2 workers",
    ]
    counted = [row for row in rows if "in the journal" in row.name]
    assert all(row.ok and row.value for row in counted)
