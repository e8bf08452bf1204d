"""The tree of RFC 9162 section 2.1 with keccak-256: roots, inclusion, consistency and range proofs, frontiers. Pure.

Hashes are 32 `bytes`, indices and sizes `int`, proofs lists of hashes from the leaf upwards. `verify_*` return False
for malformed input, too. `creditchain.merkle.lanes` computes many hashes at once.
"""

from creditchain.merkle.consistency import consistency_path, consistency_proof, verify_consistency
from creditchain.merkle.frontier import Frontier
from creditchain.merkle.hashing import EMPTY_ROOT, MAX_PATH, MAX_SIZE, node_hash
from creditchain.merkle.inclusion import inclusion_path, inclusion_proof, verify_inclusion
from creditchain.merkle.ranges import (
    Leaf,
    RangeFault,
    RangeProof,
    RangeVerdict,
    Sections,
    find_range,
    prove_range,
    verify_range,
)
from creditchain.merkle.runs import MAX_RUN_PROOF, run_proof, runs_proof, verify_run, verify_runs
from creditchain.merkle.tree import MemoryTree, Tree, root, tree_root

__all__ = [
    "EMPTY_ROOT",
    "MAX_PATH",
    "MAX_RUN_PROOF",
    "MAX_SIZE",
    "Frontier",
    "Leaf",
    "MemoryTree",
    "RangeFault",
    "RangeProof",
    "RangeVerdict",
    "Sections",
    "Tree",
    "consistency_path",
    "consistency_proof",
    "find_range",
    "inclusion_path",
    "inclusion_proof",
    "node_hash",
    "prove_range",
    "root",
    "run_proof",
    "runs_proof",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
    "verify_range",
    "verify_run",
    "verify_runs",
]
