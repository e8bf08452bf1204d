"""The exchange under load: basic reports of 20 records from an audited book, each asked for by a new signed request.

Service and load share the machine. What decides is the ratio to FastAPI alone, which answers the same client with
bodies of the same size in the same run. Afterwards, what was delivered is in the journal and on the chain, exactly.

`python -m tools.bench.exchange --enterprises 1000 --asked 400 --seconds 5` measures less.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import requests

from creditchain.errors import UnavailableError
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import Deliveries, DeliveryState
from tools.bench import Row
from tools.bench.exchange_bare import LOG_ID, REPORT
from tools.bench.exchange_load import Load, ask_for
from tools.bench.exchange_region import (
    FIRST_BANK,
    PLATFORM,
    TAG_KEY,
    Granted,
    Ground,
    Size,
    bring_up,
    grant,
    ground,
    publish,
    requests_of,
)
from tools.bench.postgres_server import postgres_server
from tools.bench.processor import seconds_of

GROUP = "exchange"
_ENDING_SECONDS = 300.0


def measure(size: Size | None = None) -> list[Row]:
    """Rows of group `exchange`."""
    size = size or Size()
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as name,
        ground(Path(name)) as made,
        postgres_server() as address,
    ):
        bring_up(made, size.clients)
        granted = grant(made, publish(made, size)[: size.asked], size.clients)
        if len(granted) < size.asked:
            raise UnavailableError("too few enterprises have all records", found=str(len(granted)))
        bench = _Bench(made, size, granted)
        rows = bench.rows("SQLite, 1 worker", 1, None)
        made.run("journal", "move", "--database", address.given)
        return rows + bench.rows("PostgreSQL, 2 workers", 2, address)


@dataclass
class _Bench:
    made: Ground
    size: Size
    granted: Sequence[Granted]
    asked: int = 0  #: requests of each bank so far
    known: int = 0  #: deliveries so far

    def rows(self, what: str, workers: int, address: DatabaseAddress | None) -> list[Row]:
        """What one way of running it gives."""
        files = self._signed()
        raw = [[one.to_json() for one in listed] for listed in files]
        with _exchange(self.made, workers, address) as served:
            before = seconds_of(served.pid)
            load = self._load(served.url, raw)
            self._settle(files, load, address)
            taken = seconds_of(served.pid) - before
        with _bare(self.made, workers, load.sample, self._log_id()) as served:
            before = seconds_of(served.pid)
            bare = self._load(served.url, raw)
            bare_taken = seconds_of(served.pid) - before
        each, bare_each = (1000 * all_ / sum(of.answered) for all_, of in ((taken, load), (bare_taken, bare)))
        ratio = load.rate / bare.rate
        beside = f"FastAPI alone, {bare.rate:,.0f} /s"
        target = "≥ 0.45 × (≥ 150 /s when quiet)" if workers > 1 else None
        reached = ratio >= 0.45 if workers > 1 else None
        return [
            Row(GROUP, f"basic report of 20 records: {what}", load.rate, "/s", beside, ratio, target, reached),
            Row(GROUP, "… half of the answers within", load.within(0.5), "ms", f"{bare.within(0.5):.0f} ms"),
            Row(GROUP, "… 99 % of the answers within", load.within(0.99), "ms", f"{bare.within(0.99):.0f} ms"),
            Row(GROUP, "… processor time of an answer, its metering included", each, "ms", f"{bare_each:.1f} ms"),
            Row(GROUP, "… bytes of an answer", load.body / 1000, "KB"),
            Row(
                GROUP, "… delivered = in the journal = on the chain", sum(load.answered), "", None, None, "equal", True
            ),
        ]

    def _signed(self) -> list[list[RequestFile]]:
        """Fresh requests of each bank, enough for a run."""
        each = int(self.size.seconds * self.size.rate / self.size.clients) + 10
        with self.made.region() as region:
            found = requests_of(region, self.granted, self.asked, each, self.size.clients)
        self.asked += each
        return found

    def _load(self, url: str, files: Sequence[Sequence[bytes]]) -> Load:
        return ask_for(url, self._log_id(), FIRST_BANK, files, self.size.seconds, self.made.folder)

    def _log_id(self) -> bytes:
        with self.made.region() as region:
            return region.deployment.log_id

    def _settle(self, files: Sequence[Sequence[RequestFile]], load: Load, address: DatabaseAddress | None) -> None:
        """Wait until all is metered, and hold it against journal and chain. AssertionError if they differ."""
        handed = {one.request.id for listed, count in zip(files, load.answered, strict=True) for one in listed[:count]}
        self.known += len(handed)
        until = time.monotonic() + _ENDING_SECONDS
        with self.made.region() as region, open_journal(self.made.home / "journal.sqlite", address) as journal:
            deliveries = Deliveries(journal, region.deployment.log_id)
            while (counts := deliveries.counts(PLATFORM))[DeliveryState.PROMISED] and time.monotonic() < until:
                time.sleep(0.5)
            on_chain = list(delivered(region_log(region)))
        metered = {one.item.request for one in on_chain}
        if counts != {**dict.fromkeys(DeliveryState, 0), DeliveryState.METERED: self.known}:
            raise AssertionError(f"{self.known} delivered, and in the journal {counts}")
        if len(on_chain) != self.known or not handed <= metered or any(one.item.flags for one in on_chain):
            raise AssertionError(f"{self.known} delivered, and on the chain {len(on_chain)}")


@dataclass(frozen=True, slots=True)
class _Served:
    """A service that runs: its address, and the process that it began with."""

    url: str
    pid: int


@contextmanager
def _exchange(made: Ground, workers: int, address: DatabaseAddress | None) -> Iterator[_Served]:
    """The exchange as a process of its own."""
    words = ["exchange", "serve", "--node", str(PLATFORM), "--port", "0", "--signer", f"dev:{PLATFORM}"]
    words += ["--tag-key", "env:BENCH_TAG_KEY", "--meter-after", "2", "--workers", str(workers)]
    words += ["--address-rate", "1000000", *([] if address is None else ["--database", address.given])]
    with (made.folder / f"exchange-{workers}.log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - this program, with our own words
            [sys.executable, "-m", "creditchain", *made.options, "--json", *words],
            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "BENCH_TAG_KEY": TAG_KEY.hex()},
        )  # fmt: skip
    try:
        line = process.stdout.readline() if process.stdout is not None else ""
        if not line:
            raise UnavailableError("the exchange did not start", found=Path(log.name).read_text()[-3000:])
        yield _Served(str(json.loads(line)["serving"]), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


@contextmanager
def _bare(made: Ground, workers: int, report: str, log_id: bytes) -> Iterator[_Served]:
    """FastAPI alone, which answers with this report."""
    (made.folder / "report.json").write_text(report)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["tools.bench.exchange_bare:app", "--workers", str(workers), "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(  # noqa: S603 - this program, with our own words
        [sys.executable, "-m", "uvicorn", *words, "--no-access-log"],
        env={**os.environ, REPORT: str(made.folder / "report.json"), LOG_ID: "0x" + log_id.hex()}, cwd=made.folder,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                requests.post(url + "/v1/challenges", timeout=60)
                break
            except requests.ConnectionError:
                if process.poll() is not None:
                    raise
                time.sleep(0.1)
        yield _Served(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _main() -> None:
    parser, usual = argparse.ArgumentParser(description=__doc__), Size()
    for one in fields(Size):
        value = getattr(usual, one.name)
        parser.add_argument(f"--{one.name}", type=type(value), default=value)
    for row in measure(Size(**vars(parser.parse_args()))):
        sys.stdout.write(json.dumps(row.as_json(), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _main()
