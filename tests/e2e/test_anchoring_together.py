"""Two processes anchor the same upload at once, on a real Anvil; and Ctrl-C leaves nothing half made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from making import document, lines
from region_world import SOURCE, TAG_KEY, Place, bring_up, region_of

ROOT = Path(__file__).resolve().parents[2]
ANVIL = next(ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"), None) or shutil.which("anvil")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if ANVIL is None:
        pytest.skip("Anvil is not installed")
    folder = tmp_path_factory.mktemp("anvil")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([str(ANVIL), "--port", str(port), "--quiet"])
    networks = folder / "networks.toml"
    networks.write_text(f'[together]\nurl = "http://127.0.0.1:{port}"\nchain_id = 31337\npoll_seconds = 0.02\n')
    made = Place("together", folder, networks)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        bring_up(made)
        yield made
    finally:
        server.terminate()
        server.wait(10)


def start(place: Place, upload: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "REGION_KEY": TAG_KEY.hex(), "CREDITCHAIN_TAG_KEY": "env:REGION_KEY"}
    words = ["anchor", upload, "--product", "registry-basic/1", "--node", SOURCE, "--signer", f"dev:{SOURCE}", *more]
    # Whoever runs the tests in the background has SIGINT ignored, and children inherit that; a terminal's user has not.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    main = listen + "from creditchain.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", main, "--json", *place.options, *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def anchors(place: Place) -> list[str]:
    with region_of(place) as region:
        return ["0x" + found.root.hex() for found in region.anchors()]


def test_two_processes_at_once_make_one_anchor(place: Place, tmp_path: Path) -> None:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(200)]))
    both = [start(place, upload) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    one, other = (json.loads(out) for out, _ in told)
    assert one == other
    assert anchors(place) == [one["root"]]


def test_two_uploads_of_one_series_at_once_get_two_numbers(place: Place, tmp_path: Path) -> None:
    before = len(anchors(place))
    uploads = []
    for first in (1_000, 2_000):
        uploads.append(tmp_path / f"{first}.jsonl")
        uploads[-1].write_bytes(lines([document(record) for record in range(first, first + 50)]))
    both = [start(place, upload) for upload in uploads]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    numbers = sorted(json.loads(out)["number"] for out, _ in told)
    assert numbers == [before + 1, before + 2]


def test_ctrl_c_leaves_nothing_half_made_and_the_next_run_finishes(place: Place, tmp_path: Path) -> None:
    before = anchors(place)
    upload = tmp_path / "large.jsonl"
    with upload.open("wb") as handle:
        for start_ in range(10_000, 210_000, 10_000):
            handle.write(lines([document(record, 5_000) for record in range(start_, start_ + 10_000)]))
    batches = place.folder / "home" / "batches"
    there = {path.name for path in batches.iterdir()}
    process = start(place, upload, "--workers", "1")
    for _ in range(12_000):
        # The workspace is there as long as the batch is in the making, which takes a second or more.
        if any(batches.glob(".preparing-*")) or process.poll() is not None:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, (out, error)
    assert {path.name for path in batches.iterdir()} == there
    assert anchors(place) == before
    again = start(place, upload)
    out, error = again.communicate(timeout=300)
    assert again.returncode == 0, error
    assert anchors(place) == [*before, json.loads(out)["root"]]
    assert {path.name for path in batches.iterdir()} == {*there, json.loads(out)["root"][2:]}
