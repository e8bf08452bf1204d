"""A command that does not use the chain starts fast, because it loads no library that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOADED = "import sys; from creditchain.cli.app import run; run(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
#: Each takes a tenth of a second or more to import.
HEAVY = {
    *("web3", "eth", "eth_account", "eth_abi", "eth_utils", "eth_keyfile"),
    *("numpy", "pyarrow", "numba", "sqlalchemy", "fsspec", "requests", "psycopg"),
}


@pytest.mark.parametrize(
    "line", [["--help"], ["--version"], ["product", "list"], ["node", "--help"], ["network", "list"], ["verify", "-h"]]
)
def test_what_is_loaded(line: list[str], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *line], cwd=tmp_path, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "creditchain" in loaded
    assert loaded & HEAVY == set()


def test_listing_batches_loads_the_database_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "home" / "keys").mkdir(parents=True)
    line = ["--home", str(tmp_path / "home"), "batch", "list"]
    done = subprocess.run([sys.executable, "-c", LOADED, *line], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("row 行号\t")
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded & HEAVY == {"sqlalchemy"}
