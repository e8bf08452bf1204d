"""`python -m tools.bench.huge [LEAVES]`: build one tree with as many leaves as 长三角's chain has records.

192 million synthetic leaf hashes, made from a counter as they are needed, stream into a tree file under `build/`, in
the order of the counter. Prints one JSON object (seconds, peak memory, bytes on disk, cost of a proof) and removes the
file. Needs 64 bytes of disk for each leaf.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from creditchain.batch.folder.tree_file import ROW, FileTree, TreeWriter, level_widths
from creditchain.hashing import keccak256
from creditchain.merkle import inclusion_path, lanes, verify_inclusion
from creditchain.merkle.rows import Rows
from tools.bench import machine

LEAVES = 192_000_000  #: records on the chain of 长三角
PIECE = 1 << 20
PROOFS = 2000
BUILD = Path("build/bench")


def run(leaves: int) -> dict[str, Any]:
    """Build the tree, make and verify proofs, remove the file. RuntimeError if a proof does not hold."""
    BUILD.mkdir(parents=True, exist_ok=True)
    expected = ROW * sum(level_widths(leaves))
    if (free := shutil.disk_usage(BUILD).free) < expected:
        raise SystemExit(f"{expected:,} bytes of disk are needed, {free:,} are free")
    path = BUILD / "huge.bin"
    path.unlink(missing_ok=True)
    engine = lanes.load_fastest()
    try:
        start = time.perf_counter()
        making = 0.0
        with TreeWriter(path, leaves) as writer:
            for piece, seconds in _pieces(leaves):
                making += seconds
                writer.append(piece)
            root = writer.finish()
        whole = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        tree = FileTree(path, leaves)
        return {
            "machine": machine(),
            "engine": engine,
            "leaves": leaves,
            "root": root.hex(),
            "seconds": whole,
            "seconds_making_leaf_hashes": making,
            "leaves_per_second": leaves / whole,
            "peak_memory_bytes": peak,
            "bytes_on_disk": path.stat().st_size,
            **_proofs(tree, root),
        }
    finally:
        path.unlink(missing_ok=True)


def _pieces(leaves: int) -> Iterator[tuple[Rows, float]]:
    """Leaf hashes keccak-256(counter as 8 bytes), and the seconds it took to make them, which are not the tree's."""
    for first in range(0, leaves, PIECE):
        start = time.perf_counter()
        counters = np.arange(first, min(first + PIECE, leaves), dtype="<u8").view(np.uint8).reshape(-1, 8)
        yield lanes.keccak_rows(counters), time.perf_counter() - start


def _proofs(tree: FileTree, root: bytes) -> dict[str, Any]:
    """Median microseconds of making a proof for a random leaf, and of verifying it."""
    taking, checking = [], []
    for index in [0, tree.size - 1, *np.random.default_rng(0).integers(0, tree.size, PROOFS).tolist()]:
        leaf = keccak256(index.to_bytes(8, "little"))
        start = time.perf_counter()
        proof = inclusion_path(tree, index)
        middle = time.perf_counter()
        if not verify_inclusion(leaf, index, tree.size, proof, root):
            raise RuntimeError(f"the proof of leaf {index} does not hold")
        taking.append(middle - start)
        checking.append(time.perf_counter() - middle)
    return {
        "proofs": len(taking),
        "hashes_in_a_proof": len(proof),
        "microseconds_taking": statistics.median(taking) * 1e6,
        "microseconds_verifying": statistics.median(checking) * 1e6,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else LEAVES), indent=2) + "\n")
