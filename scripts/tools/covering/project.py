"""A Brownie project whose contracts have probes. All else in it is this project's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tools.compiling import PROJECT, SETTINGS, compiler, standard_json
from tools.covering.probes import Probe, Prober

CONTRACTS = PROJECT / "contracts"

#: Contracts that only tests deploy.
_LEFT_OUT = "mocks"


def make(folder: Path) -> list[Probe]:
    """Make the project in `folder`, or bring it up to date, and return its probes. What Brownie compiled there stays.

    Raises:
        ConfigError: the contracts do not compile.
    """
    _copy(PROJECT / "node_modules" / "@openzeppelin" / "contracts", folder)
    _copy(PROJECT / "tests", folder)
    _copy(CONTRACTS, folder)
    shutil.copy(PROJECT / "brownie-config.yaml", folder)
    shutil.copy(Path(__file__).with_name("Probes.sol"), folder / "contracts")
    prober = Prober()
    for name, tree in _trees().items():
        file = folder / "contracts" / name
        file.write_text(prober.probed(name, file.read_text("utf-8"), tree), "utf-8")
    return prober.probes


def _copy(source: Path, folder: Path) -> None:
    target = folder / source.relative_to(PROJECT)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _trees() -> dict[str, dict[str, Any]]:
    """Syntax trees of what is measured, by path below the contracts."""
    files = {file.relative_to(PROJECT).as_posix(): file for file in sorted(CONTRACTS.rglob("*.sol"))}
    texts = {name: file.read_text("utf-8") for name, file in files.items()}
    parsed = standard_json(texts, compiler(), SETTINGS, {"": ["ast"]})["sources"]
    below = {name: file.relative_to(CONTRACTS) for name, file in files.items()}
    return {path.as_posix(): parsed[name]["ast"] for name, path in below.items() if _LEFT_OUT not in path.parts}
