"""`creditchain deploy`: a region's contracts on the chosen network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import JOURNAL, SignerOption, required_signer
from creditchain.cli.settings import Settings, settings
from creditchain.errors import RefusedError

if TYPE_CHECKING:
    from creditchain.chain.connect import Chain
    from creditchain.chain.deploy import Plan
    from creditchain.chain.deployments import Deployment


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(deploy)


def deploy(
    ctx: typer.Context,
    region: Annotated[str, typer.Option(help="Code of the region: YRD, JJJ, PRD, or one of --region-file.")] = "YRD",
    region_file: Annotated[Path | None, typer.Option(help="TOML file that describes further regions.")] = None,
    governor: Annotated[
        list[str] | None,
        typer.Option(help="Address that governs instead of the deployer; repeat for several."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Deploy anew, and forget the deployment in the file.")] = False,
    signer: SignerOption = None,
) -> None:
    """Deploy the contracts of a region and write deployments/<network>.json. Interrupted, run it again."""
    from creditchain.catalogue.regions import load_region
    from creditchain.chain.connect import connect
    from creditchain.chain.deployments import path_of, save_deployment
    from creditchain.chain.networks import load_network

    chosen = settings(ctx)
    named = load_region(region, region_file)
    with connect(load_network(chosen.network, chosen.networks_file), chosen.home) as chain:
        generation = _generation(chain, chosen, force)
        deployment = _deploy(chosen, chain, _plan(named.code, governor or [], generation), required_signer(signer))
    save_deployment(deployment, chosen.deployments)
    chosen.output.table(
        ["contract", "address", "block"],
        [[name, contract.address, contract.block] for name, contract in deployment.contracts.items()],
        title=f"{named.name_zh} {named.name_en} ({named.code}), chain {deployment.chain_id}",
        value=deployment.as_json(),
    )
    chosen.output.note(f"written to {path_of(chosen.deployments, deployment.network)}")


def _generation(chain: Chain, chosen: Settings, force: bool) -> int:
    """Which deployment of this region on this chain it will be. A file of another chain is not overwritten either."""
    from creditchain.chain.deployments import load_deployment, path_of

    path = path_of(chosen.deployments, chosen.network)
    if not path.exists():
        return 1
    if not force:
        raise RefusedError(
            "this network has a deployment already",
            found=str(path),
            hint="Use it; or deploy anew with --force, which leaves the old contracts and log behind.",
        )
    before = load_deployment(chosen.network, chosen.deployments)
    return before.generation + 1 if before.genesis == chain.genesis else 1


def _plan(region: str, governors: list[str], generation: int) -> Plan:
    from eth_utils.address import is_address, to_checksum_address

    from creditchain.chain.deploy import Plan
    from creditchain.errors import UsageError

    for address in governors:
        if not is_address(address):
            raise UsageError("--governor takes an address", expected="0x and 40 hex digits", found=address)
    return Plan(region, tuple(to_checksum_address(address) for address in governors), generation)


def _deploy(chosen: Settings, chain: Chain, plan: Plan, signer: str) -> Deployment:
    from creditchain.chain.deploy import deploy as run
    from creditchain.chain.probe import probe
    from creditchain.chain.signers import parse_signer
    from creditchain.home.journal import open_journal

    for remark in probe(chain):
        chosen.output.note(remark)
    with (
        open_journal(chosen.home / JOURNAL) as journal,
        chosen.output.progress(f"deploying {plan.region}", plan.steps) as bar,
    ):
        return run(chain, parse_signer(signer, chain), journal, plan, lambda _: bar.advance(bar.task_ids[0]))
