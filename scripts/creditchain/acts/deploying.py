"""Governors deploy a region's contracts. Deploying anew leaves contracts and log behind, so it is asked for twice."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address

from creditchain.catalogue.products import catalogue
from creditchain.chain.connect import Chain
from creditchain.chain.deploy import Plan, deploy
from creditchain.chain.deployments import Deployment, load_deployment, path_of, require_region, save_deployment
from creditchain.chain.probe import probe
from creditchain.chain.signers import Signer
from creditchain.errors import InputError, Place, RefusedError, UnavailableError
from creditchain.home.journal import Journal


@dataclass(frozen=True, slots=True)
class CheckedDeployment:
    """A deployment that was checked and not begun; `remarks` say what to know about the chain."""

    plan: Plan
    folder: Path
    remarks: tuple[str, ...]


def prepare(chain: Chain, region: str, governors: list[str], folder: Path, *, anew: bool = False) -> CheckedDeployment:
    """Check everything that deploying needs. Nothing is sent or written.

    Args:
        region: its code.
        governors: addresses that govern instead of the deployer; none: the deployer governs.
        folder: of deployment files.
        anew: deploy although this network has a deployment.
    Raises:
        RefusedError: the network has a deployment. ChainUnsuitableError: the EVM differs from what contracts need.
        InputError: an address is none. UnavailableError: the folder cannot be written.
    """
    require_region(region)
    for address in governors:
        if not is_address(address):
            raise InputError("a governor is an address", expected="0x and 40 hex digits", found=address)
    addresses = tuple(to_checksum_address(address) for address in governors)
    products = tuple((product.number, product.digest) for product in catalogue())
    plan = Plan(region, addresses, _generation(chain, folder, anew), products)
    _require_writable(folder)
    return CheckedDeployment(plan, folder, tuple(probe(chain)))


def deploy_region(
    chain: Chain,
    signer: Signer,
    journal: Journal,
    prepared: CheckedDeployment,
    on_step: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Deploy and write the deployment file. Killed anywhere, it goes on with the contracts that are there.

    Raises:
        TransactionError: a step was refused.
    """
    deployment = deploy(chain, signer, journal, prepared.plan, on_step)
    save_deployment(deployment, prepared.folder)
    return deployment


def _generation(chain: Chain, folder: Path, anew: bool) -> int:
    """Which deployment of this region on this chain it will be. A file of another chain is not overwritten either."""
    path = path_of(folder, chain.network.name)
    if not path.exists():
        return 1
    if not anew:
        raise RefusedError(
            "this network has a deployment already",
            found=str(path),
            hint="Use it; or deploy anew with --force, which leaves the old contracts and log behind.",
        )
    before = load_deployment(chain.network.name, folder)
    return before.generation + 1 if before.genesis == chain.genesis else 1


def _require_writable(folder: Path) -> None:
    """The addresses of contracts that were paid for have to be written somewhere."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UnavailableError("the folder of deployment files cannot be written", place=Place(str(there)))
