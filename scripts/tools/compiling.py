"""Compile the contracts into the artifacts that ship with the package. Nothing else needs a compiler.

`python -m tools.compiling` writes `artifacts/<Contract>.json`. The output depends only on sources and settings. No
metadata hash is appended, so comments do not change the bytecode, and the native compiler and npm's WebAssembly build
give the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from creditchain.errors import ConfigError, UnavailableError

PROJECT = Path(__file__).resolve().parents[2]
ARTIFACTS = PROJECT / "scripts" / "creditchain" / "artifacts"

SOLC_VERSION = "0.8.30"

#: The npm compiler behind the interface of a native one. py-solc-x looks for a file with this name.
SOLC_SHIM = PROJECT / "scripts" / "solc" / f"solc-v{SOLC_VERSION}"

REMAPPINGS = ("@openzeppelin/contracts=node_modules/@openzeppelin/contracts",)

#: Contract → source file, relative to the project's root. Mocks do not ship.
SHIPPED = {
    "AnchorRegistry": "contracts/AnchorRegistry.sol",
    "AuditRegistry": "contracts/AuditRegistry.sol",
    "CheckpointSigners": "contracts/CheckpointSigners.sol",
    "ConsentToken": "contracts/ConsentToken.sol",
    "Disputes": "contracts/Disputes.sol",
    "Governance": "contracts/Governance.sol",
    "NodeRegistry": "contracts/NodeRegistry.sol",
    "QueryLedger": "contracts/QueryLedger.sol",
    "MultiSendCallOnly": "node_modules/@safe-global/safe-smart-account/contracts/libraries/MultiSendCallOnly.sol",
    "RegionLog": "contracts/RegionLog.sol",
    "Safe": "node_modules/@safe-global/safe-smart-account/contracts/Safe.sol",
    "SafeProxyFactory": "node_modules/@safe-global/safe-smart-account/contracts/proxies/SafeProxyFactory.sol",
}

#: Chosen by measurement (docs/decisions.md); brownie-config.yaml has the same settings.
SETTINGS: dict[str, Any] = {
    "evmVersion": "paris",
    "optimizer": {"enabled": True, "runs": 1_000_000},
    "viaIR": True,
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
    "remappings": list(REMAPPINGS),
}


def compiler(choice: str = "auto") -> Path:
    """Path of a solc of the right version.

    `native` is py-solc-x's compiler, downloaded if necessary. `npm` is the shim around npm's solc. `auto` is native if
    it is available, else npm.

    Raises:
        UnavailableError: that compiler is not available.
    """
    if choice in ("auto", "native"):
        try:
            return _native()
        except UnavailableError:
            if choice == "native":
                raise
    if not (PROJECT / "node_modules" / "solc").is_dir():
        raise UnavailableError("no Solidity compiler was found", hint="Run `npm ci`, which installs npm's solc.")
    return SOLC_SHIM


def compile_contracts(sources: dict[str, str], solc: Path, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Compile `sources` (contract → file, relative to the project's root) into artifacts (contract → JSON object).

    Raises:
        ConfigError: the compiler found errors.
    """
    selection = [
        "abi",
        "evm.bytecode.object",
        "evm.deployedBytecode.object",
        "evm.deployedBytecode.immutableReferences",
    ]
    texts = {file: (PROJECT / file).read_text("utf-8") for file in sorted(set(sources.values()))}
    output = standard_json(texts, solc, settings, {"*": selection})
    return {name: _artifact(name, file, output["contracts"][file][name], settings) for name, file in sources.items()}


def standard_json(
    texts: dict[str, str], solc: Path, settings: dict[str, Any], selection: dict[str, list[str]]
) -> dict[str, Any]:
    """The compiler's answer about `texts` (file → Solidity). `selection` says what to answer for each of the contracts.

    Raises:
        ConfigError: the compiler found errors.
    """
    from solcx import compile_standard
    from solcx.exceptions import SolcError

    request = {
        "language": "Solidity",
        "sources": {file: {"content": text} for file, text in texts.items()},
        "settings": {**settings, "outputSelection": {"*": selection}},
    }
    try:
        # The base path makes the native compiler read imports from the project, as the shim does.
        output: dict[str, Any] = compile_standard(request, base_path=PROJECT, allow_paths=PROJECT, solc_binary=solc)
    except SolcError as error:
        raise ConfigError("the contracts do not compile", found=error.message) from error
    return output


def encode(artifact: dict[str, Any]) -> str:
    """The text of an artifact file, with one line for each part so that diffs are readable."""
    lines = (f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in artifact.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write_artifacts(folder: Path = ARTIFACTS, choice: str = "auto") -> list[Path]:
    """Compile everything that ships and write it to `folder`. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, artifact in compile_contracts(SHIPPED, compiler(choice), SETTINGS).items():
        file = folder / f"{name}.json"
        file.write_text(encode(artifact), "utf-8")
        written.append(file)
    return written


def _native() -> Path:
    import requests
    from solcx.exceptions import SolcInstallationError, SolcNotInstalled
    from solcx.install import get_executable, install_solc

    try:
        return Path(get_executable(SOLC_VERSION))
    except SolcNotInstalled:
        pass
    try:
        install_solc(SOLC_VERSION)
    except (requests.RequestException, SolcInstallationError, OSError) as error:
        raise UnavailableError(
            "the native Solidity compiler cannot be downloaded", found=type(error).__name__
        ) from error
    return Path(get_executable(SOLC_VERSION))


def _artifact(name: str, file: str, output: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    deployed = output["evm"]["deployedBytecode"]
    # The compiler names immutables by numbers of its own. Only their places matter, and these are stable.
    places = [place for places in deployed["immutableReferences"].values() for place in places]
    return {
        "contract": name,
        "source": file,
        "compiler": {"version": SOLC_VERSION, **settings},
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutables": sorted(places, key=lambda place: place["start"]),
    }


def main() -> None:
    """Entry point of `python -m tools.compiling`."""
    parser = argparse.ArgumentParser(description="Compile the contracts into the artifacts that ship.")
    parser.add_argument("--compiler", choices=("auto", "native", "npm"), default="auto")
    parser.add_argument("--dest", type=Path, default=ARTIFACTS, help="folder for the artifacts")
    options = parser.parse_args()
    for file in write_artifacts(options.dest, options.compiler):
        sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
