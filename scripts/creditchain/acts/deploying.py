"""Governors deploy a region's contracts. Deploying anew leaves contracts and log behind, so it is asked for twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import is_address, to_checksum_address

from creditchain.catalogue.products import catalogue
from creditchain.catalogue.regions import RegionName
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


@dataclass(frozen=True, slots=True)
class Governing:
    """Who is to govern a region: addresses of governors and of cancellers; `delay` in seconds.

    With a `threshold`, that many governors decide together. Without one each governs alone, and without governors the
    deployer does; both only on local chains.
    """

    governors: tuple[str, ...] = ()
    threshold: int = 0
    cancellers: tuple[str, ...] = ()
    delay: int = 0


def governing_of(
    region: RegionName, governors: Sequence[str], threshold: int | None, cancellers: Sequence[str], delay: int | None
) -> Governing:
    """Who is to govern, with what the region's file says where nothing is given. One governor governs alone."""
    if len(governors) < 2 and threshold is None:
        return Governing(tuple(governors), 0, tuple(cancellers), delay or 0)
    most = min(region.threshold, len(governors))
    waits = region.admin_delay * 3600 if delay is None else delay
    return Governing(tuple(governors), most if threshold is None else threshold, tuple(cancellers), waits)


def prepare(
    chain: Chain, region: RegionName, governing: Governing, folder: Path, *, anew: bool = False
) -> CheckedDeployment:
    """Check everything that deploying needs. Nothing is sent or written.

    Args:
        folder: of deployment files.
        anew: deploy although this network has a deployment.
    Raises:
        RefusedError: the network has a deployment. ChainUnsuitableError: the EVM differs from what contracts need.
        InputError: an address is none, or the region has other governors.
        UnavailableError: the folder cannot be written.
    """
    require_region(region.code)
    governors, cancellers = _addresses(governing.governors), _addresses(governing.cancellers)
    _require_governors(chain, region, governing)
    products = tuple((product.number, product.digest) for product in catalogue())
    generation = _generation(chain, folder, anew)
    plan = Plan(region.code, governors, generation, products, governing.threshold, cancellers, governing.delay)
    _require_writable(folder)
    remarks = [] if governing.threshold else ["one key governs this region alone: for development only"]
    return CheckedDeployment(plan, folder, (*probe(chain), *remarks))


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


def _addresses(given: Sequence[str]) -> tuple[str, ...]:
    for place, address in enumerate(given):
        if not is_address(address):
            raise InputError("governors and cancellers are addresses", expected="0x and 40 hex digits", found=address)
        if address.lower() in (other.lower() for other in given[:place]):
            raise InputError("an address is given twice", found=address)
    return tuple(to_checksum_address(address) for address in given)


def _require_governors(chain: Chain, region: RegionName, governing: Governing) -> None:
    """On a chain that is not local, governors and delay are at least what the region's file says."""
    both = {one.lower() for one in governing.governors} & {one.lower() for one in governing.cancellers}
    if both:
        raise InputError("a canceller is no governor", found=", ".join(sorted(both)))
    count, threshold = len(governing.governors), governing.threshold
    if threshold and not 1 <= threshold <= count:
        raise InputError("the threshold does not fit", expected=f"1 to {count} governors", found=str(threshold))
    if chain.local:
        return
    if count < region.governors or threshold < region.threshold or 2 * threshold <= count:
        raise InputError(
            f"{region.code} is governed by several together",
            expected=f"at least {region.threshold} of {region.governors} governors, and more than half",
            found=f"{threshold} of {count}",
            hint="Give each governor's address with --governor.",
        )
    if governing.delay < region.admin_delay * 3600 or (governing.delay and not governing.cancellers):
        raise InputError(
            "what governors decide about who may do what waits, and somebody can stop it",
            expected=f"a delay of at least {region.admin_delay} hours, and a canceller",
            found=f"{governing.delay // 3600} hours, {len(governing.cancellers)} cancellers",
            hint="Give the address of each canceller with --canceller.",
        )


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
