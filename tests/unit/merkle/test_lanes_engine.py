"""The choice of engine: the kernel where it works, the plain one everywhere else, with the same results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import creditchain
from creditchain.merkle import lanes, plain

PACKAGE = Path(creditchain.__file__).parent

#: Hashes twice what makes the kernel worth loading; prints the engine and the root.
PROGRAM = """
import numpy as np, sys, warnings
{before}
from creditchain.merkle import lanes
rows = np.arange(800_000, dtype=np.int64).view(np.uint8).reshape(-1, 32)
root = lanes.levels(rows)[-1].tobytes().hex()
root = lanes.levels(rows)[-1].tobytes().hex()
print(lanes.load_fastest(), "numba" in sys.modules, root)
"""


def run(before: str = "", **environment: str) -> list[str]:
    program = PROGRAM.format(before=before)
    known = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment}
    done = subprocess.run([sys.executable, "-c", program], env=known, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.fixture(scope="module")
def root() -> str:
    rows = np.arange(800_000, dtype=np.int64).view(np.uint8).reshape(-1, 32)
    return plain.levels(rows)[-1].tobytes().hex()


def test_large_work_loads_the_kernel(root: str) -> None:
    assert run() == ["kernel", "True", root]


def test_small_work_never_imports_numba() -> None:
    program = "import sys, numpy; from creditchain.merkle import lanes; lanes.levels(numpy.zeros((5000, 32), 'u1'))"
    done = subprocess.run(
        [sys.executable, "-c", program + "; print('numba' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def test_works_where_numba_is_absent(root: str) -> None:
    assert run("sys.modules['numba'] = None") == ["plain", "True", root]  # the entry that blocks the import


def test_works_where_numba_is_broken(root: str) -> None:
    broken = "import numba; numba.njit = lambda *a, **k: 1 / 0; warnings.simplefilter('ignore')"
    assert run(broken) == ["plain", "True", root]
    assert run("warnings.simplefilter('ignore')", NUMBA_DISABLE_JIT="1") == ["plain", "True", root]


def test_the_environment_can_ask_for_the_plain_engine(root: str) -> None:
    assert run(CREDITCHAIN_KERNEL="plain") == ["plain", "False", root]


def test_works_where_compiled_code_cannot_be_kept(root: str, tmp_path: Path) -> None:
    """Each process compiles anew where no directory can be written to."""
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "below")
    found = run(NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator", NUMBA_CACHE_DIR=nowhere)
    assert found == ["kernel", "True", root]


def test_a_kernel_that_hashes_wrongly_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("creditchain.merkle.vector.hash_nodes", lambda *_: None)
    with pytest.warns(RuntimeWarning, match="wrongly"):
        assert lanes._load() is plain


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the processor's features from /proc/cpuinfo")
def test_the_permutation_is_vectorised(tmp_path: Path) -> None:
    """The machine code rotates and combines whole vectors; no loop over the lanes is left in it."""
    flags = Path("/proc/cpuinfo").read_text()
    if " avx2 " not in flags:
        pytest.skip("a processor without AVX2")
    program = "from creditchain.merkle import vector; print(*vector.hash_nodes.inspect_asm().values())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "NUMBA_CACHE_DIR": str(tmp_path)},  # kept code hides it
        capture_output=True,
        text=True,
        check=True,
    )
    register = "zmm" if " avx512f " in flags else "ymm"
    wide = re.findall(rf"\s(vpxor\w*|vprolq|vpternlogq|vpsrlq|vpandnq?)\s[^\n]*{register}", done.stdout)
    assert len(wide) > 75
