"""What the report says about probes that were reached and probes that were not."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from tools.covering import report
from tools.covering.probes import FIRST, Probe

PROBES = [
    Probe("B.sol", 7, "statement", "x = 1"),
    Probe("A.sol", 12, "statement", "if (a == b) return"),
    Probe("A.sol", 9, "false", "c"),
    Probe("A.sol", 9, "true", "c"),
    Probe("A.sol", 12, "false", "a == b"),
    Probe("A.sol", 12, "true", "a == b"),
]


@pytest.fixture
def results(tmp_path):
    """Probes 0 and 4 were reached, on two chains, one of them twice."""
    (tmp_path / "1.txt").write_text(f"eth_call\n{FIRST + 4}\n\n  {FIRST + 4}\nGas used: {FIRST + 1}\n{FIRST + 3}0\n")
    (tmp_path / "2.txt").write_bytes(b"\xff\n" + str(FIRST).encode() + b"\n12\n")
    return report.reached(PROBES, tmp_path)


def test_a_probe_is_reached_if_any_chain_printed_it(results):
    assert results == [(probe, place in (0, 4)) for place, probe in enumerate(PROBES)]


def test_percent_counts_statements_and_outcomes(results):
    assert report.percent(results) == pytest.approx(100 * 2 / 6)
    assert report.percent(results[:1]) == 100


def test_missing_is_in_the_order_of_the_sources(results):
    assert list(report.missing(results)) == [
        "A.sol:9: never false or true: c",
        "A.sol:12: never true: a == b",
        "A.sol:12: never run: if (a == b) return",
    ]


def test_the_table_has_each_file_and_the_sum(results):
    shown = StringIO()
    Console(file=shown, width=80).print(report.table(results))
    rows = [line.strip("│\n").split("│") for line in shown.getvalue().splitlines() if "of" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["A.sol", "0 of 1", "1 of 4", "20.0"],
        ["B.sol", "1 of 1", "0 of 0", "100.0"],
        ["all", "1 of 2", "1 of 4", "33.3"],
    ]
