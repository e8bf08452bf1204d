"""A contract's next version takes its predecessor's place in the log: created, swapped in one entry, adopted here.

All state is in the log's cells, so nothing is moved. Governors decide the swap; whatever they decide waits.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from creditchain.acts.deciding import decide
from creditchain.acts.replacing_governance import replace_governance, successor_arguments
from creditchain.chain.abi import interface
from creditchain.chain.deploy import GOVERNANCE, GOVERNOR, PARTS, RegionContract
from creditchain.chain.deployments import DeployedContract, Deployment, save_deployment
from creditchain.chain.errors import ChainUnavailableError
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.hashing import keccak256
from creditchain.index.opening import region_log
from creditchain.log.entries import WriterBody
from creditchain.log.views import ContractCall
from creditchain.vocabulary import EntryKind

#: The log itself outlives all others.
UPGRADED = (GOVERNANCE.name, *(part.name for part in PARTS if part.kinds))


def create(region: Region, outbox: Outbox, name: str) -> str:
    """Create the version of a contract that this package has, for this region. Anybody may; it writes nothing yet.

    Returns its address. Run again after a crash, it is the same contract.

    Raises:
        InputError: there is no such contract. TransactionError: the chain refuses.
    """
    deployment = region.deployment
    addresses = {known: contract.address for known, contract in deployment.contracts.items()}
    if name == GOVERNANCE.name:
        arguments: tuple[Any, ...] = successor_arguments(region, outbox.signer.address)
    else:
        arguments = _part(name).arguments(addresses, deployment.region)
    code = interface(name).creation(*arguments)
    intent = f"create {name} {keccak256(code).hex()} after {deployment.address(name)}"
    receipt = outbox.submit(intent, ContractCall(None, code, f"create {name}"))
    if receipt.contract_address is None:
        raise ChainUnavailableError(f"the receipt for creating {name} names no contract address")
    return receipt.contract_address


def swap(region: Region, outbox: Outbox, name: str, address: str) -> str:
    """Let governors call the new contract, and put it in its predecessor's place as a writer, in one entry.

    Args:
        address: of the new version, a checksum address. Its code must be this package's.
    Returns:
        What was done: `writer`; `done` if it was adopted already; for Governance as `replace_governance`.
    Raises:
        InputError: there is no such contract, or another code at the address. TransactionError: the chain refuses.
    """
    if name == GOVERNANCE.name:
        return replace_governance(region, outbox, address)
    part, deployment = _part(name), region.deployment
    _require_code(region, name, address)
    before = deployment.contracts[name]
    if before.address == address:
        return "done"  # it was adopted here, which it could not be before
    removed = writer_id(before.address, before.code_hash)
    if part.restricted:
        functions = interface(name).functions
        selectors = [functions[function].selector for function in part.restricted]
        data = interface("Governance").encode("setTargetFunctionRole", address, selectors, GOVERNOR)
        roles = ContractCall(deployment.address("Governance"), data, f"let governors call {name} at {address}")
        decide(region, outbox, f"roles {name} {address}", roles)
    call = region.calls.set_writer(address, part.kinds, part.shares, removed)
    outbox.submit(*decide(region, outbox, f"writer {name} {address} for {removed:040x}", call))
    return "writer"


def adopt(region: Region, folder: Path, name: str, address: str) -> Deployment:
    """Write the deployment file anew, with the new contract, once the log lists it as a writer.

    Raises:
        RefusedError: the log does not list it. InputError: other code is there. StorageError.
    """
    if name != GOVERNANCE.name:
        _part(name)
    code = _require_code(region, name, address)
    block = region.chain.final_block().number
    if not region.is_writer(address, block):
        hint = "Governors decide it with `creditchain upgrade swap`; `creditchain govern list` shows what waits."
        raise RefusedError("the log does not list this contract as a writer yet", found=address, hint=hint)
    entries = region_log(region, region.chain.block(block)).of_kind(EntryKind.WRITER)
    listed = [one.block for one in entries if isinstance(one.body, WriterBody) and one.body.writer == address]
    adopted = DeployedContract(address, listed[-1] if listed else block, keccak256(code))
    made = replace(region.deployment, contracts={**region.deployment.contracts, name: adopted})
    save_deployment(made, folder)
    return made


def writer_id(address: str, code_hash: bytes) -> int:
    """The id of a contract with this code as a writer (docs/format.md section 5)."""
    return int.from_bytes(keccak256(bytes.fromhex(address[2:]) + code_hash)[12:])


def _part(name: str) -> RegionContract:
    found = next((part for part in PARTS if part.kinds and part.name == name), None)
    if found is None:
        raise InputError("there is no such contract to upgrade", expected=", ".join(UPGRADED), found=name)
    return found


def _require_code(region: Region, name: str, address: str) -> bytes:
    """The code at the address, which is this package's but for immutables. Raises InputError."""
    (code,) = region.chain.codes([address])
    if not interface(name).is_code(code):
        raise InputError(
            f"the code at this address is not the {name} of this version",
            found=f"{len(code)} bytes at {address}",
            hint=f"Create it with `creditchain upgrade create {name}`.",
        )
    return code
