"""Why a test may be skipped. In CI, where everything else can be installed, any other skip is a failure.

A plugin of pytest: the conftest files of the suites load it.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

#: What no installation changes: the processor and the operating system.
ALLOWED = frozenset(
    {
        "a processor without AVX2",
        "reads the processor's features from /proc/cpuinfo",
        "no full device here",
        "no systemd-analyze",
    }
)


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip that is not on the list into a failure."""
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if reason.removeprefix("Skipped: ") not in ALLOWED:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI for a reason that tests/skips.py does not list: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge the report of a test."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge the report of a module, which may be skipped as a whole."""
    report = yield
    _judge(report)
    return report
