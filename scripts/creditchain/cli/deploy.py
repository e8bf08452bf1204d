"""`creditchain deploy`: a region's contracts on the chosen network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, journal_of, required_signer
from creditchain.cli.settings import settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(deploy)


def deploy(
    ctx: typer.Context,
    region: Annotated[str, typer.Option(help="Code of the region: YRD, JJJ, PRD, or one of --region-file.")] = "YRD",
    region_file: Annotated[Path | None, typer.Option(help="TOML file that describes further regions.")] = None,
    governor: Annotated[
        list[str] | None,
        typer.Option(help="Address of a governor; repeat for each. Several own a Safe and decide together."),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(min=1, help="How many governors decide; by default as the region says (3 of 4).")
    ] = None,
    canceller: Annotated[
        list[str] | None, typer.Option(help="Address that can stop what governors decide; no governor's. Repeatable.")
    ] = None,
    admin_delay: Annotated[
        int | None,
        typer.Option(min=0, help="Seconds that decisions about roles and writers wait; by default as the region says."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Deploy again, and replace the deployment in the file.")
    ] = False,
    signer: SignerOption = None,
) -> None:
    """Deploy a region's contracts and write deployments/<network>.json. If interrupted, run it again. 部署"""
    from creditchain.acts.deploying import deploy_region, governing_of, prepare
    from creditchain.catalogue.regions import load_region
    from creditchain.chain.connect import connect
    from creditchain.chain.deployments import path_of
    from creditchain.chain.networks import load_network
    from creditchain.chain.signers import parse_signer

    chosen = settings(ctx)
    named = load_region(region, region_file)
    with connect(load_network(chosen.network, chosen.networks_file), chosen.home) as chain:
        found = parse_signer(required_signer(signer), chain)
        governing = governing_of(named, governor or [], threshold, canceller or [], admin_delay)
        prepared = prepare(chain, named, governing, chosen.deployments, anew=force)
        for remark in prepared.remarks:
            chosen.output.note(remark)
        with (
            journal_of(chosen) as journal,
            chosen.output.progress(f"deploying {named.code}", prepared.plan.steps) as bar,
        ):
            deployment = deploy_region(chain, found, journal, prepared, lambda _: bar.advance(bar.task_ids[0]))
    chosen.output.table(
        ["contract", "address", "block"],
        [[name, contract.address, contract.block] for name, contract in deployment.contracts.items()],
        title=f"{named.name_zh} {named.name_en} ({named.code}), chain {deployment.chain_id}",
        value=deployment.as_json(),
    )
    chosen.output.note(f"written to {path_of(chosen.deployments, deployment.network)}")
