"""The tree and its hashes, compared with plain loops and with libraries that users would take instead."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sha3

from creditchain.batch.folder.tree_file import FileTree, TreeWriter
from creditchain.merkle import inclusion_path, lanes, tree_root, verify_inclusion
from creditchain.merkle.rows import Rows
from tools.bench import Row

RUNS = 5
LEAVES = 1_000_000
PEER_LEAVES = 100_000
BATCH_LEAVES = 10_000_000
AVX2_LIMIT_NS = 80.0  # a permutation on four lanes of AVX2, a hash and core
PEERS = Path(__file__).parent / "peers"
BUILD = Path("build/bench")


def measure() -> list[Row]:
    """Rows of group `batch`. Peers that cannot be installed give rows without a value."""
    engine = lanes.load_fastest()
    rows = [*_beside_loops(), *_beside_peers()]
    if engine == "kernel":
        rows += [*_beside_the_machine(), *_first_use()]
    return [*rows, *_proofs()]


def _row(name: str, value: float | None, unit: str, beside: str | None, ratio: float | None, least: float) -> Row:
    reached = None if ratio is None else ratio >= least
    return Row("batch", name, value, unit, beside, ratio, f"≥ {least:,g} ×", reached)


def _leaf_hashes(count: int) -> Rows:
    return np.random.default_rng(count).integers(0, 256, (count, 32), dtype=np.uint8)


def _beside_loops() -> list[Row]:
    """The tree over a million leaf hashes. Runs alternate, so that a busy moment of the machine affects both."""
    rows = _leaf_hashes(LEAVES)
    leaves = [row.tobytes() for row in rows]
    made = []
    for name, hasher, least in (("safe-pysha3", sha3.keccak_256, 12), ("hashlib sha256", hashlib.sha256, 7)):
        ours, loop = _take_turns(partial(lanes.levels, rows), partial(_loop_root, leaves, hasher))
        if name == "safe-pysha3" and _loop_root(leaves, hasher) != lanes.levels(rows)[-1].tobytes():
            raise AssertionError("the loop and the tree differ in the root")
        beside = f"Python loop over {name}, {loop / LEAVES * 1e9:,.0f} ns"
        nanoseconds = ours / LEAVES * 1e9
        made.append(
            _row(
                f"tree of 1 M leaf hashes against a {name} loop, a leaf", nanoseconds, "ns", beside, loop / ours, least
            )
        )
    return made


def _loop_root(leaves: list[bytes], hasher: Callable[[bytes], Any]) -> bytes:
    """The straightforward tree that a user would write with only a hash function."""
    level = leaves
    while len(level) > 1:
        above = [hasher(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = above + level[2 * len(above) :]
    return level[0]


def _take_turns(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of both over RUNS runs each, after one run of the first that is not counted."""
    one()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for action, times in zip((one, other), taken, strict=True):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


def _beside_peers() -> list[Row]:
    """The tree over a hundred thousand leaf hashes, compared with libraries."""
    rows = _leaf_hashes(PEER_LEAVES)
    theirs = _pymerkle() | _npm_libraries()
    ours, _ = _take_turns(lambda: lanes.levels(rows), lambda: None)
    made = []
    for name, least in (("merkletreejs", 50), ("pymerkle", 100), ("@openzeppelin/merkle-tree", 1000)):
        taken = theirs.get(name)
        beside = name if taken is None else f"{name}, {taken / PEER_LEAVES * 1e9:,.0f} ns"
        ratio = None if taken is None else taken / ours
        nanoseconds = None if taken is None else ours / PEER_LEAVES * 1e9
        made.append(_row(f"tree of 100 k leaf hashes against {name}, a leaf", nanoseconds, "ns", beside, ratio, least))
    return made


def _pymerkle() -> dict[str, float]:
    target = BUILD / "python"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    if not _done(target / "pymerkle", [*install, "--requirement", str(PEERS / "requirements.txt")]):
        return {}
    return _seconds([sys.executable, str(PEERS / "trees.py")], PYTHONPATH=str(target))


def _npm_libraries() -> dict[str, float]:
    target = BUILD / "node"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "trees.mjs"):
        if not (PEERS / name).exists():  # an installed package has no peers, only a checkout
            return {}
        shutil.copy(PEERS / name, target)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(target)]
    if not _done(target / "node_modules" / "merkletreejs", install):
        return {}
    return _seconds(["node", str(target / "trees.mjs")])


def _done(made: Path, install: list[str]) -> bool:
    """Whether `made` exists, after running `install` if it did not."""
    if made.exists():
        return True
    try:
        return subprocess.run(install, capture_output=True, check=False).returncode == 0 and made.exists()  # noqa: S603
    except OSError:
        return False


def _seconds(command: list[str], **environment: str) -> dict[str, float]:
    """Median seconds by library, as printed by the peers' scripts."""
    command = [*command, str(PEER_LEAVES), str(RUNS)]
    known = {**os.environ, **environment}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=True)  # noqa: S603
    return {name: statistics.median(taken) for name, taken in json.loads(done.stdout).items()}


def _beside_the_machine() -> list[Row]:
    """How close one core comes to what its vector unit can do."""
    level = _leaf_hashes(LEAVES)
    blocks = 1000
    documents = np.zeros((64, 136 * blocks - 1), np.uint8)  # the padding fills the last block
    nodes, permutations = _take_turns(
        lambda: lanes.node_level(level, threads=1), lambda: lanes.keccak_rows(documents, threads=1)
    )
    beside = f"a permutation on four lanes of AVX2, {AVX2_LIMIT_NS:.0f} ns"
    made = []
    for name, taken in (
        ("one node on one core", nodes / (LEAVES // 2) * 1e9),
        ("one block of a long message on one core", permutations / (len(documents) * blocks) * 1e9),
    ):
        made.append(Row("batch", name, taken, "ns", beside, AVX2_LIMIT_NS / taken))
    return made


def _first_use() -> list[Row]:
    """The time that a new machine, and each new process, needs until the kernel hashes; and that it is vectorised."""
    program = (
        "import time; start = time.perf_counter()\n"
        "from creditchain.merkle import lanes; lanes.load_fastest(); print(time.perf_counter() - start)\n"
        "from creditchain.merkle import vector; print(*vector.hash_nodes.inspect_asm().values())\n"
    )
    with tempfile.TemporaryDirectory() as kept:
        known = {**os.environ, "NUMBA_CACHE_DIR": kept, "PYTHONPATH": os.pathsep.join(sys.path)}
        first, again = (
            subprocess.run([sys.executable, "-c", program], env=known, capture_output=True, text=True, check=True)  # noqa: S603
            for _ in range(2)
        )
    vectors = len(re.findall(r"\n\s+v\w+\s[^\n]*%[yz]mm", first.stdout))
    return [
        Row("batch", "kernel: import and compile, once a machine", float(first.stdout.split()[0]), "s"),
        Row("batch", "kernel: import and load, once a process", float(again.stdout.split()[0]), "s"),
        Row("batch", "kernel: vector instructions in the node hash", float(vectors), "instructions"),
    ]


def _proofs() -> list[Row]:
    """Make and verify an inclusion proof in a tree of ten million leaves that is kept as a file."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / "ten-million.bin"
    path.unlink(missing_ok=True)
    rows = _leaf_hashes(BATCH_LEAVES)
    try:
        with TreeWriter(path, BATCH_LEAVES) as writer:
            writer.append(rows)
            writer.finish()
        tree = FileTree(path, BATCH_LEAVES)
        root = tree_root(tree)
        indices = np.random.default_rng(1).integers(0, BATCH_LEAVES, 2000).tolist()
        shown = [(tree.node(0, index), index, inclusion_path(tree, index)) for index in indices]
        take, check = _take_turns(
            lambda: [inclusion_path(tree, index) for index in indices],
            lambda: [verify_inclusion(leaf, index, BATCH_LEAVES, path, root) for leaf, index, path in shown],
        )
    finally:
        path.unlink(missing_ok=True)
    verified, taken = check / len(indices) * 1e6, take / len(indices) * 1e6
    name = "verify an inclusion proof of a 10 M batch"
    return [
        Row("batch", name, verified, "µs", target="≤ 50 µs", ok=verified <= 50),
        Row("batch", "take an inclusion proof from a 10 M tree file, warm", taken, "µs"),
    ]
