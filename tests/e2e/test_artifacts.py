"""The artifacts that ship are what the contracts compile to, and fit the settings that Brownie tests with."""

from __future__ import annotations

import json

import pytest
import yaml

from tools import compiling


@pytest.fixture(scope="module")
def compiled():
    return compiling.compile_contracts(compiling.SHIPPED, compiling.compiler(), compiling.SETTINGS)


def test_the_compiler_is_there():
    assert compiling.compiler("npm") == compiling.SOLC_SHIM


@pytest.mark.parametrize("name", compiling.SHIPPED)
def test_recompiling_gives_the_same_bytes(compiled, name):
    shipped = (compiling.ARTIFACTS / f"{name}.json").read_text("utf-8")
    assert compiling.encode(compiled[name]) == shipped, "run `make compile` and commit the artifacts"


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
