"""Deployment files: which contracts make up a region, on which chain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creditchain.chain.errors import ContractRefusedError, LyingEndpointError, WrongChainError, as_told
from creditchain.documents import DocumentError, parse_json
from creditchain.errors import ConfigError, Place
from creditchain.hashing import keccak256
from creditchain.home.files import storage, write_file

if TYPE_CHECKING:
    from creditchain.chain.connect import Chain

FORMAT = "creditchain/deployment@1"


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """Where a contract is: checksum address, block of its deployment, keccak-256 of its runtime code."""

    address: str
    block: int
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class Deployment:
    """One region's contracts on one chain. `region` is its code (`YRD`), `log_id` as in format.md section 5.

    `genesis` is the hash of block 0, because a development chain that is started anew keeps its chain id but gets
    another genesis. `generation` counts how often one deployer deployed the region on this chain (deploy --force).
    """

    network: str
    chain_id: int
    genesis: bytes
    region: str
    log_id: bytes
    contracts: Mapping[str, DeployedContract]
    generation: int = 1

    def address(self, contract: str) -> str:
        """Address of a contract by its name.

        Raises:
            ConfigError: this deployment has no such contract.
        """
        if contract not in self.contracts:
            raise ConfigError(
                f"the deployment has no {contract}",
                found=", ".join(self.contracts),
                hint="An older version made this deployment; deploy the missing contracts with `creditchain deploy`.",
            )
        return self.contracts[contract].address

    @property
    def first_block(self) -> int:
        """The block of the first deployed contract: nothing in this region is older."""
        return min(contract.block for contract in self.contracts.values())

    def as_json(self) -> dict[str, Any]:
        """The deployment as its file holds it."""
        return {
            "format": FORMAT,
            "network": self.network,
            "chain_id": self.chain_id,
            "genesis": "0x" + self.genesis.hex(),
            "region": self.region,
            "log_id": "0x" + self.log_id.hex(),
            "generation": self.generation,
            "hash": "keccak-256",
            "contracts": {
                name: {"address": c.address, "block": c.block, "code_hash": "0x" + c.code_hash.hex()}
                for name, c in self.contracts.items()
            },
        }


def require_region(region: str) -> str:
    """A region's code, if it is one.

    Raises:
        ConfigError: it is not 1 to 32 letters A-Z and digits.
    """
    if not 1 <= len(region) <= 32 or not region.isascii() or not region.isalnum() or region != region.upper():
        expected = "1 to 32 letters A-Z and digits, like YRD"
        raise ConfigError("not a region's code", expected=expected, found=repr(region))
    return region


def path_of(directory: Path, network: str) -> Path:
    """The file that holds the deployment on this network."""
    return directory / f"{network}.json"


def save_deployment(deployment: Deployment, directory: Path) -> Path:
    """Write the deployment file. Everybody may read it, since it holds nothing secret. Raises StorageError."""
    with storage("the folder of deployments"):
        directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(deployment.as_json(), indent=2) + "\n"
    return write_file(path_of(directory, deployment.network), text, overwrite=True, mode=0o644)


def deployments_by_log(directory: Path) -> dict[bytes, Deployment]:
    """All deployments in a folder, by log id. Files that are not deployments are skipped."""
    found = {}
    for path in sorted(directory.glob("*.json")) if directory.is_dir() else ():
        try:
            made = load_deployment(path.stem, directory)
        except ConfigError:
            continue
        found[made.log_id] = made
    return found


def load_deployment(network: str, directory: Path) -> Deployment:
    """Read `<directory>/<network>.json`.

    Raises:
        ConfigError: there is no such file, or a field is wrong (the error names it).
    """
    path = path_of(directory, network)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            f"no deployment on network {network} is known",
            expected=str(path),
            hint=f"Deploy with `creditchain --network {network} deploy`, or ask whoever deployed for the file.",
        ) from error
    except OSError as error:
        raise ConfigError("the deployment file cannot be read", found=str(error), place=Place(str(path))) from error
    return parse_deployment(raw, str(path))


def parse_deployment(raw: bytes, where: str) -> Deployment:
    """Parse a deployment file strictly. `where` names it in errors."""
    try:
        parsed = parse_json(raw)
    except DocumentError as error:
        raise ConfigError("the deployment file is not JSON", found=error.message, place=Place(where)) from error
    reader = _Reader(parsed, where)
    reader.exact({"format", "network", "chain_id", "genesis", "region", "log_id", "generation", "hash", "contracts"})
    if parsed["format"] != FORMAT or parsed["hash"] != "keccak-256":
        raise ConfigError(
            "the deployment file has another format",
            expected=f"{FORMAT} with hash keccak-256",
            place=Place(where, field="format"),
        )
    contracts = {}
    for name, table in reader.table("contracts").items():
        inner = _Reader(table, where, f"contracts.{name}.")
        inner.exact({"address", "block", "code_hash"})
        contracts[name] = DeployedContract(inner.address("address"), inner.number("block"), inner.word("code_hash"))
    if not contracts:
        raise ConfigError("the deployment file names no contracts", place=Place(where, field="contracts"))
    return Deployment(
        network=reader.text("network"),
        chain_id=reader.number("chain_id"),
        genesis=reader.word("genesis"),
        region=require_region(reader.text("region")),
        log_id=reader.word("log_id"),
        contracts=contracts,
        generation=reader.number("generation"),
    )


def check_deployment(chain: Chain, deployment: Deployment) -> None:
    """Check that this is the deployment's chain and holds the deployed code, in one batch of requests.

    Raises:
        WrongChainError: the chain id, genesis, code or log id differs.
        LyingEndpointError: the log does not say which it is, as its code would.
    """
    hint = "Choose the network with --network, its deployment file with --deployments, or deploy again."
    for what, expected, found in (
        ("chain id", str(deployment.chain_id), str(chain.chain_id)),
        ("genesis block", "0x" + deployment.genesis.hex(), "0x" + chain.genesis.hex()),
    ):
        if expected != found:
            raise WrongChainError(
                f"the deployment is on another chain: the {what} differs",
                expected=expected,
                found=found,
                hint=hint,
            )
    addresses = [contract.address for contract in deployment.contracts.values()]
    for (name, contract), code in zip(deployment.contracts.items(), chain.codes(addresses), strict=True):
        if keccak256(code) != contract.code_hash:
            raise WrongChainError(
                f"the code at {contract.address} is not the deployed {name}",
                expected="0x" + contract.code_hash.hex(),
                found="0x" + keccak256(code).hex() if code else "no code",
                hint=hint,
            )
    _check_log(chain, deployment, hint)


def _check_log(chain: Chain, deployment: Deployment, hint: str) -> None:
    """Check that the log is the one named. On a chain that was started anew, another has the same address and code."""
    # These load eth-abi, which commands that only read the files do not need.
    from creditchain.chain.abi import interface
    from creditchain.log.entries import region_code

    face, address = interface("RegionLog"), deployment.address("RegionLog")
    questions = [(address, face.encode(name)) for name in ("logId", "region")]
    try:
        found = [bytes(answer[:32]) for answer in chain.calls(questions, doing="answer logId")]
    except ContractRefusedError as error:
        # Its code is the log's by now, and that answers always.
        raise LyingEndpointError(
            "the endpoint shows the log's code, and says that the log does not name itself",
            found=as_told(error).message,
        ) from error
    for what, expected, actual in zip(
        ("log id", "region's code"), (deployment.log_id, region_code(deployment.region)), found, strict=True
    ):
        if actual != expected:
            raise WrongChainError(
                f"the deployment is of another log: the {what} differs",
                expected="0x" + expected.hex(),
                found="0x" + actual.hex(),
                hint=hint,
            )


class _Reader:
    """Typed access to one JSON object. Its errors name the field."""

    def __init__(self, table: object, where: str, prefix: str = "") -> None:
        self.where, self.prefix = where, prefix
        if not isinstance(table, dict):
            raise ConfigError("expected an object", place=Place(where, field=prefix.rstrip(".") or None))
        self.fields: dict[str, Any] = table

    def _wrong(self, field: str, expected: str) -> ConfigError:
        return ConfigError("wrong value", expected=expected, place=Place(self.where, field=self.prefix + field))

    def exact(self, names: set[str]) -> None:
        for field in sorted(names - self.fields.keys()):
            raise self._wrong(field, "this field, which is missing")
        for field in sorted(self.fields.keys() - names):
            raise self._wrong(field, "no field of this name")

    def number(self, field: str) -> int:
        value = self.fields[field]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(field, "a whole number of at least 0")
        return value

    def text(self, field: str) -> str:
        value = self.fields[field]
        if not isinstance(value, str) or not value:
            raise self._wrong(field, "text")
        return value

    def word(self, field: str) -> bytes:
        value = self.fields[field]
        try:
            found = bytes.fromhex(value[2:]) if isinstance(value, str) and value.startswith("0x") else b""
        except ValueError:
            found = b""
        if len(found) != 32:
            raise self._wrong(field, "0x and 64 hex digits")
        return found

    def address(self, field: str) -> str:
        value = self.fields[field]
        # Imported here because the import takes longer than everything else, and most commands read no deployment.
        from eth_utils.address import is_checksum_address

        if not is_checksum_address(value):
            raise self._wrong(field, "an address with a correct checksum")
        return str(value)

    def table(self, field: str) -> dict[str, Any]:
        value = self.fields[field]
        if not isinstance(value, dict):
            raise self._wrong(field, "an object")
        return value
