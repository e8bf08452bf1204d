"""Two processes anchor the same upload at once, on a real Anvil; and Ctrl-C leaves nothing half made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import document, lines
from region_world import SOURCE, TAG_KEY, Place, region_of
from worlds import Kept, kept_region

from creditchain.home.layout import Home

#: Ctrl-C at the moment that is named: when this process asks its operating system for the nth `event` in the workspace
#: of a batch. Whoever runs the tests in the background has SIGINT ignored, and children inherit that; a terminal's user
#: has not.
INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
event, left = sys.argv.pop(1), int(sys.argv.pop(1))
def look(name, arguments):
    global left
    if name == event and ".preparing-" in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(look)
from creditchain.cli import main
main()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("anvil", tmp_path_factory.mktemp("together")) as made:
        yield made


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    return kept.fresh(tmp_path / "place")


def start(
    place: Place, upload: Path, at: tuple[str, int] | None = None, product: str = "registry-basic/1"
) -> subprocess.Popen[str]:
    environment = {**os.environ, "REGION_KEY": TAG_KEY.hex(), "CREDITCHAIN_TAG_KEY": "env:REGION_KEY"}
    words = ["anchor", upload, "--product", product, "--node", SOURCE, "--signer", f"dev:{SOURCE}"]
    main = ["-c", "from creditchain.cli import main; main()"] if at is None else ["-c", INTERRUPTED, *map(str, at)]
    return subprocess.Popen(
        [sys.executable, *main, "--json", *place.options, *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def anchors(place: Place) -> list[str]:
    with region_of(place) as region:
        return ["0x" + found.root.hex() for found in read_anchors(region)]


def test_two_processes_at_once_make_one_anchor(place: Place, tmp_path: Path) -> None:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(200)]))
    both = [start(place, upload) for _ in range(2)]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    one, other = (json.loads(out) for out, _ in told)
    assert one == other
    assert anchors(place) == [one["root"]]


def test_two_uploads_of_one_series_at_once_get_two_numbers(place: Place, tmp_path: Path) -> None:
    uploads = []
    for first in (1_000, 2_000):
        uploads.append(tmp_path / f"{first}.jsonl")
        uploads[-1].write_bytes(lines([document(record) for record in range(first, first + 50)]))
    both = [start(place, upload) for upload in uploads]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    numbers = sorted(json.loads(out)["number"] for out, _ in told)
    assert numbers == [1, 2]


def test_two_products_of_one_node_at_once_get_two_numbers(place: Place, tmp_path: Path) -> None:
    """One counter a node and key epoch: both get through, each once."""
    uploads = {}
    for ref in ("registry-basic/1", "tax-payment/1"):
        uploads[ref] = tmp_path / f"{ref[:3]}.jsonl"
        words = ["sample", "--product", ref, "--records", "50", "-o", str(uploads[ref])]
        subprocess.run([sys.executable, "-m", "creditchain", *place.options, *words], check=True, capture_output=True)
    both = [start(place, upload, product=ref) for ref, upload in uploads.items()]
    told = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    made = [json.loads(out) for out, _ in told]
    assert sorted(one["number"] for one in made) == [1, 2]
    assert sorted(anchors(place)) == sorted(one["root"] for one in made)


@pytest.mark.parametrize("at", [("os.mkdir", 1), ("open", 1), ("open", 3), ("os.rename", 1)])
def test_ctrl_c_leaves_nothing_half_made_and_the_next_run_finishes(
    place: Place, tmp_path: Path, at: tuple[str, int]
) -> None:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(200)]))
    with region_of(place) as region:
        batches = Home(place.folder / "home").region(region.deployment.log_id).batches
    process = start(place, upload, at)
    out, error = process.communicate()
    assert process.returncode == 130, (out, error)
    assert not batches.exists() or list(batches.iterdir()) == []
    assert anchors(place) == []
    again = start(place, upload)
    out, error = again.communicate()
    assert again.returncode == 0, error
    root = json.loads(out)["root"]
    assert anchors(place) == [root]
    assert [path.name for path in batches.iterdir()] == [root[2:]]
