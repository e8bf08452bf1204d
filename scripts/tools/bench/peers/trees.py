"""`python trees.py COUNT RUNS`: as trees.mjs, for pymerkle. Needs pymerkle and safe-pysha3 on the path."""

from __future__ import annotations

import hashlib
import json
import sys
import time

from pymerkle import InmemoryTree  # type: ignore[import-not-found,unused-ignore]


def main(count: int, runs: int) -> None:
    """Build a tree over `count` entries of 32 bytes `runs` times; print the seconds."""
    entries = [hashlib.sha256(str(i).encode()).digest() for i in range(count)]
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        tree = InmemoryTree(algorithm="keccak_256")
        for entry in entries:
            tree.append_entry(entry)
        tree.get_root()
        taken.append(time.perf_counter() - start)
    print(json.dumps({"pymerkle": taken}))  # noqa: T201 - the bench reads it


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
