"""Banks that ask an exchange for reports, as fast as it answers: a process of its own, `python -m … PLAN`.

Each bank has a thread, a connection and a key of its own, and sends requests that were signed beforehand. What it says
in the end, as JSON: of each bank how many requests were answered, the seconds that each answer took, the seconds from
the first request to the last answer, how long the answers are on average, and one of them.
"""

from __future__ import annotations

import json
import pickle
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from creditchain.chain.signers import LocalSigner, dev_key
from creditchain.client import ExchangeClient
from creditchain.errors import UnavailableError
from creditchain.packages.request_file import RequestFile, parse_request

#: Requests of each bank before anything is measured: connections, caches and compiled code are there then.
WARMING = 5


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load."""

    answered: tuple[int, ...]  #: of each bank, from its first request on, those before the measurement included
    latencies: tuple[float, ...]  #: seconds, sorted; of what was measured
    seconds: float
    body: int  #: bytes of an answer, on average
    sample: str = field(repr=False)  #: one answer

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def within(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        return 1000 * self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


def ask_for(
    url: str, log_id: bytes, first_bank: int, files: Sequence[Sequence[bytes]], seconds: float, folder: Path
) -> Load:
    """Let banks ask for so many seconds, or until they have no more requests. `files`: of each bank.

    UnavailableError: an answer was none.
    """
    plan = folder / "plan.pickle"
    plan.write_bytes(pickle.dumps((url, log_id, first_bank, files, seconds)))
    done = subprocess.run(  # noqa: S603 - this program, with our own words
        [sys.executable, "-m", "tools.bench.exchange_load", str(plan)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnavailableError("the load of the benchmark failed", found=done.stderr[-3000:])
    said = json.loads(done.stdout)
    return Load(tuple(said["answered"]), tuple(said["latencies"]), said["seconds"], said["body"], said["sample"])


def _run(plan: Path) -> dict[str, Any]:
    url, log_id, first_bank, files, seconds = pickle.loads(plan.read_bytes())  # noqa: S301 - written by this program
    parsed = [[parse_request(one) for one in listed] for listed in files]
    start, begun = threading.Barrier(len(files)), list[float]()

    def bank(place: int) -> tuple[int, list[tuple[float, float]], list[bytes]]:
        signer, listed, seen = LocalSigner(dev_key(first_bank + place)), parsed[place], list[bytes]()
        timed: list[tuple[float, float]] = []
        with ExchangeClient(url, log_id, first_bank + place, signer, patience=120.0) as client:
            for one in listed[:WARMING]:
                seen.append(client.ask(one).package)
            start.wait()
            begun.append(time.perf_counter())
            timed = _asked(client, listed[WARMING:], begun[-1] + seconds)
        return WARMING + len(timed), timed, seen

    with ThreadPoolExecutor(len(files)) as together:
        found = list(together.map(bank, range(len(files))))
    ends = [end for _, timed, _ in found for _, end in timed]
    return {
        "answered": [count for count, _, _ in found],
        "latencies": sorted(taken for _, timed, _ in found for taken, _ in timed),
        "seconds": max(ends) - min(begun),
        "body": round(statistics.fmean(len(one) for _, _, seen in found for one in seen)),
        "sample": found[0][2][0].decode(),
    }


def _asked(client: ExchangeClient, files: Sequence[RequestFile], until: float) -> list[tuple[float, float]]:
    """Of each answer the seconds that it took, and when it came."""
    timed = []
    for one in files:
        before = time.perf_counter()
        if before >= until:
            break
        if client.ask(one).again:
            raise AssertionError("a request was answered before")
        now = time.perf_counter()
        timed.append((now - before, now))
    return timed


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(Path(sys.argv[1]))))
