"""The wheel as a user installs it: outside the checkout, in an environment of its own, with lowest and newest versions.

Asks the package index, so it has a target of its own: `make test-install`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import creditchain

ROOT = Path(__file__).resolve().parents[2]
#: What the command prints the versions of: what a difference between two runs is likely to come from.
TOLD = ("web3", "eth-account", "typer", "numpy", "pyarrow", "SQLAlchemy", "numba", "py-evm")


def call(words: Sequence[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in `folder`, with a HOME there and nothing of this project in the environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CREDITCHAIN_", "PYTHON", "PYTEST", "COVERAGE", "COV_", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=kept | {"HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def must(words: Sequence[str | Path], folder: Path, **environment: str) -> str:
    done = call(words, folder, **environment)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def uv(*words: str | Path) -> list[str | Path]:
    return [Path(sys.executable).with_name("uv"), *words]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of what is under version control, so that nothing left over in the checkout gets in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith("scripts/creditchain/") or name in ("pyproject.toml", "README.md", "LICENSE"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    must([*uv("build", "--wheel", "--out-dir"), out, source], source)
    (built,) = out.glob("*.whl")
    return built


def installed(folder: Path, wheel: Path, extras: Sequence[str] = (), resolution: str = "highest") -> Path:
    """The `bin` of a new environment that has the wheel, with the versions that `resolution` gives.

    Resolved from pyproject.toml, because for the wheel itself all that it needs would be indirect.
    """
    environment, chosen = folder / "environment", folder / "chosen.txt"
    must([sys.executable, "-m", "venv", "--without-pip", environment], folder)
    python = environment / "bin" / "python"
    wanted = [word for extra in extras for word in ("--extra", extra)]
    compiling = uv("pip", "compile", "--quiet", "--resolution", resolution, "--python", python, "-o", chosen)
    must([*compiling, *wanted, ROOT / "pyproject.toml"], folder)
    must([*uv("pip", "install", "--python"), python, "--no-deps", "-r", chosen, wheel], folder)
    return environment / "bin"


def test_the_wheel_holds_the_package_and_no_tools_of_developers(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"creditchain/py.typed", "creditchain/data/networks.toml", "creditchain/artifacts/RegionLog.json"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"creditchain"}
    assert not [name for name in names if "bench" in name or "walkthrough" in name or "compiling" in name]


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_a_region_comes_up_with_the_lowest_and_the_newest_versions(wheel: Path, tmp_path: Path, resolution: str):
    programs = installed(tmp_path, wheel, ("embedded", "fast"), resolution)
    listed = must([*uv("pip", "list", "--python"), programs / "python"], tmp_path)
    print(resolution, [" ".join(line.split()) for line in listed.splitlines() if line.split()[0] in TOLD])
    version = wheel.name.split("-")[1]
    assert version == creditchain.__version__
    assert version in must([programs / "creditchain", "--version"], tmp_path)
    assert version in must([programs / "python", "-m", "creditchain", "--version"], tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    told = must([programs / "creditchain", "demo"], work)
    assert "\nVALID" in told
    assert told.count("\tnot valid") == 8, "the demo shows seven forgeries and a revoked record"


def test_a_bank_that_only_verifies_needs_no_chain_of_its_own(wheel: Path, tmp_path: Path):
    programs = installed(tmp_path, wheel)
    assert call([programs / "python", "-c", "import eth"], tmp_path).returncode != 0, "py-evm is an extra"
    must([programs / "creditchain", "verify", "--help"], tmp_path)
    must([programs / "creditchain", "product", "list"], tmp_path)
    refused = call([programs / "creditchain", "deploy", "--region", "YRD", "--signer", "dev:0"], tmp_path)
    assert refused.returncode == 4
    assert "creditchain[embedded]" in refused.stderr


def test_types_reach_who_uses_the_package(wheel: Path, tmp_path: Path):
    """mypy, run over a user's file, reads the annotations of the installed package."""
    programs = installed(tmp_path, wheel)
    (tmp_path / "mine.py").write_text("from creditchain import merkle\nreveal_type(merkle.root([b'']))\n")
    mypy = [sys.executable, "-m", "mypy", "--python-executable", programs / "python", "mine.py"]
    assert 'Revealed type is "bytes"' in call(mypy, tmp_path).stdout.replace("builtins.", "")
