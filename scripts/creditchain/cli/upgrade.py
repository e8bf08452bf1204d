"""`creditchain upgrade create | swap | adopt`: a contract's next version takes its predecessor's place."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.addresses import address_of
from creditchain.cli.connecting import GovernorsOption, SignerOption, acting, open_region
from creditchain.cli.settings import settings

group = typer.Typer(
    no_args_is_help=True, help="Replace a contract by its next version; all state stays in the log. 升级合约"
)
NameArgument = Annotated[str, typer.Argument(metavar="CONTRACT", help="Its name, like AnchorRegistry.")]
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="Where `upgrade create` made it.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="upgrade")


@group.command()
def create(ctx: typer.Context, name: NameArgument, signer: SignerOption = None) -> None:
    """Create the version of a contract that this package has. Anybody may; it may not write the log yet. 创建新版本"""
    from creditchain.acts.upgrading import create as run

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("creating: waiting for a final block"):
        address = run(region, outbox, name)
    chosen.output.emit({"contract": name, "address": address})


@group.command()
def swap(ctx: typer.Context, name: NameArgument, address: AddressArgument, signer: GovernorsOption = None) -> None:
    """Put a new version in its predecessor's place as a writer of the log. For governors; it may wait. 替换合约

    Governance is replaced in steps: contracts, log, `upgrade adopt`, roles. Run the same command after each.
    """
    from creditchain.acts.upgrading import swap as run

    chosen, given = settings(ctx), address_of(address)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("swapping: waiting for a final block"):
        step = run(region, outbox, name, given)
        listed = region.is_writer(given)
    if not listed:
        chosen.output.note("it waits: see `creditchain govern list`")
    chosen.output.emit({"contract": name, "address": given, "writes": listed, "step": step})


@group.command()
def adopt(ctx: typer.Context, name: NameArgument, address: AddressArgument) -> None:
    """Write the new version into the deployment file of this machine, once the log lists it. 采用新版本"""
    from creditchain.acts.upgrading import adopt as run
    from creditchain.chain.deployments import path_of

    chosen, given = settings(ctx), address_of(address)
    with open_region(chosen) as region:
        made = run(region, chosen.deployments, name, given)
    chosen.output.note(f"written to {path_of(chosen.deployments, made.network)}")
    chosen.output.emit({"contract": name, "address": given, "block": made.contracts[name].block})
