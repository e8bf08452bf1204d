"""The artifacts that ship are what the contracts compile to, and fit the settings that Brownie tests with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import compiling

#: What Brownie compiled, with its metadata at the end of the code.
BUILDS = compiling.PROJECT / "build" / "contracts"


@pytest.fixture(scope="module")
def compiled() -> dict[str, tuple[Any, str]]:
    """ABI and runtime code (0x-hex) of each contract that ships, from the sources as they are.

    Compiling takes minutes, and `make test` lets Brownie do it first: its builds are taken if they are of these files.
    """
    builds = {path.stem: json.loads(path.read_text("utf-8")) for path in BUILDS.glob("*.json")}
    digests = {build["sourcePath"]: build["sha1"] for build in builds.values()}
    fresh = {name for name in compiling.SHIPPED if name in builds and _is_of_these_sources(builds[name], digests)}
    rest = {name: file for name, file in compiling.SHIPPED.items() if name not in fresh}
    made = compiling.compile_contracts(rest, compiling.compiler(), compiling.SETTINGS)
    found = {name: (artifact["abi"], artifact["deployedBytecode"]) for name, artifact in made.items()}
    return found | {name: (builds[name]["abi"], "0x" + builds[name]["deployedBytecode"]) for name in fresh}


def _is_of_these_sources(build: dict[str, Any], digests: dict[str, str]) -> bool:
    return all(digests.get(path) == _sha1(compiling.PROJECT / path) for path in build["allSourcePaths"].values())


def _sha1(path: Path) -> str | None:
    return hashlib.sha1(path.read_bytes()).hexdigest() if path.is_file() else None  # noqa: S324 - Brownie's digest


def test_the_compiler_is_there():
    assert compiling.compiler("npm") == compiling.SOLC_SHIM


@pytest.mark.parametrize("name", compiling.SHIPPED)
def test_an_artifact_is_what_the_sources_compile_to(compiled: dict[str, tuple[Any, str]], name: str):
    shipped = json.loads((compiling.ARTIFACTS / f"{name}.json").read_text("utf-8"))
    abi, code = compiled[name]
    assert shipped["abi"] == abi, "run `make compile` and commit the artifacts"
    assert shipped["deployedBytecode"] in (code, _without_metadata(code)), "run `make compile` and commit the artifacts"


@pytest.mark.slow
def test_recompiling_gives_the_same_bytes():
    made = compiling.compile_contracts(compiling.SHIPPED, compiling.compiler(), compiling.SETTINGS)
    shipped = {name: (compiling.ARTIFACTS / f"{name}.json").read_text("utf-8") for name in compiling.SHIPPED}
    assert {name: compiling.encode(artifact) for name, artifact in made.items()} == shipped


def test_nothing_else_ships():
    assert {file.stem for file in compiling.ARTIFACTS.glob("*.json")} == set(compiling.SHIPPED)


@pytest.mark.parametrize("name", compiling.SHIPPED)
def test_bytecode_runs_on_every_chain(name):
    """No opcode younger than Paris, and within the size that a contract may have (EIP-170)."""
    artifact = json.loads((compiling.ARTIFACTS / f"{name}.json").read_text("utf-8"))
    code = bytes.fromhex(artifact["deployedBytecode"][2:])
    assert 0 < len(code) <= 24_576
    assert not _opcodes(code) & {0x5C, 0x5D, 0x5E, 0x5F, 0x49, 0x4A}  # TLOAD TSTORE MCOPY PUSH0 BLOBHASH BLOBBASEFEE


def test_brownie_compiles_with_the_same_settings():
    config = yaml.safe_load((compiling.PROJECT / "brownie-config.yaml").read_text("utf-8"))["compiler"]
    solc = config["solc"]
    assert config["evm_version"] == compiling.SETTINGS["evmVersion"]
    assert solc["version"] == compiling.SOLC_VERSION
    assert solc["viaIR"] == compiling.SETTINGS["viaIR"]
    assert solc["optimizer"] == compiling.SETTINGS["optimizer"]
    assert tuple(solc["remappings"]) == compiling.REMAPPINGS


def _without_metadata(code: str) -> str:
    """The code without the CBOR at its end, whose length its last two bytes say, and the INVALID before that."""
    return code[: -2 * (int(code[-4:], 16) + 2)].removesuffix("fe")


def _opcodes(code: bytes) -> set[int]:
    """Opcodes of runtime code, which ends without metadata; the data of PUSHes is left out."""
    found, position = set(), 0
    while position < len(code):
        opcode = code[position]
        found.add(opcode)
        position += 1 + (opcode - 0x5F if 0x60 <= opcode <= 0x7F else 0)
    return found


def test_the_lockfile_serves_everywhere():
    """No registry's address, and every platform that a package names: `npm ci` refuses a lockfile without them.

    An npm without a platform's package leaves it out when it writes the file; put it back by hand, with os and cpu.
    """
    packages = json.loads((compiling.PROJECT / "package-lock.json").read_text("utf-8"))["packages"]
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    anvil = packages["node_modules/@foundry-rs/anvil"]
    assert not [name for name in anvil["optionalDependencies"] if f"node_modules/{name}" not in packages]
