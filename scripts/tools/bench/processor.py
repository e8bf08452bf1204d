"""Processor time of processes that a benchmark started: on a busy machine it says more than the clock does. Linux."""

from __future__ import annotations

import os
from pathlib import Path


def seconds_of(pid: int) -> float:
    """Seconds that a process and all that descend from it have used so far; of those that ended, nothing."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                # The name before it, in brackets, may hold anything.
                found[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
    wanted, listed = {pid}, [pid]
    for one in listed:
        below = [other for other, fields in found.items() if int(fields[1]) == one and other not in wanted]
        wanted.update(below)
        listed += below
    ticks = sum(int(found[one][place]) for one in wanted if one in found for place in (11, 12))
    return ticks / os.sysconf("SC_CLK_TCK")
