"""The benchmarks that `make bench` runs: one module for each subject, each with `measure() -> list[Row]`.

A row's baseline is what a user would run instead, measured in the same run. Quote the ratio: absolute values depend on
the machine.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. `ok` is None if there is no target, or if it could not be measured."""

    group: str
    name: str
    value: float | None
    unit: str
    baseline: str | None = None
    ratio: float | None = None
    target: str | None = None
    ok: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as it is written to `build/bench.json`."""
        return asdict(self)


def median_seconds(action: Callable[[], object], runs: int = 5, warmup: int = 1) -> float:
    """Median wall time of `action` in seconds over `runs` runs, after `warmup` runs that are not counted."""
    for _ in range(warmup):
        action()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def machine() -> str:
    """The processor and core count, for the head of a table."""
    import os

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"
