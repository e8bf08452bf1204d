"""`creditchain network` and `creditchain devnet`: known networks, and local chains for development."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.settings import Settings, settings
from creditchain.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from creditchain.chain.devnet import Running

REGIONS = ("YRD", "JJJ", "PRD")

networks = typer.Typer(no_args_is_help=True, help="Networks by name: list, show. 网络")
devnet = typer.Typer(help="Real Anvil chains on this machine that keep their state. 开发网")


def register(app: typer.Typer) -> None:
    """Add the groups."""
    app.add_typer(networks, name="network")
    app.add_typer(devnet, name="devnet")


@networks.command("list")
def list_(ctx: typer.Context) -> None:
    """List the known networks. 网络列表"""
    from creditchain.chain.networks import load_networks

    chosen = settings(ctx)
    found = load_networks(chosen.networks_file).values()
    rows = [[n.name, n.kind, n.url, n.chain_id or "any", n.fees, n.confirmations] for n in found]
    columns = ["network", "kind", "url", "chain_id", "fees", "confirmations"]
    chosen.output.table(columns, rows, value=[asdict(network) for network in found])


@networks.command()
def show(ctx: typer.Context) -> None:
    """Show the chosen network: its settings, and the present state of its chain. 查看网络"""
    from creditchain.chain.connect import connect
    from creditchain.chain.deployments import load_deployment
    from creditchain.chain.fees import suggest
    from creditchain.chain.networks import load_network

    chosen = settings(ctx)
    network = load_network(chosen.network, chosen.networks_file)
    described = asdict(network)
    with connect(network, chosen.home) as chain:
        head, final, fee = chain.head(), chain.final_block(), suggest(chain)
        described |= {
            "chain": chain.chain_id,
            "genesis": "0x" + chain.genesis.hex(),
            "development_keys": "accepted" if chain.local else "refused",
            "newest_block": head.number,
            "final_block": final.number,
            "fee": {"limit_wei": fee.limit, "tip_wei": fee.tip},
        }
    try:
        described["region"] = load_deployment(chosen.network, chosen.deployments).region
    except ConfigError:
        described["region"] = None
    chosen.output.emit(described)


@devnet.callback(invoke_without_command=True)
def start(
    ctx: typer.Context,
    region: Annotated[
        list[str] | None, typer.Option(help="Regions to start a chain for; all three by default.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Leave them running; stop them with `devnet stop`.")] = False,
) -> None:
    """Start one Anvil chain for each region. Without --detach they run until Ctrl-C. The home keeps their state."""
    if ctx.invoked_subcommand is not None:
        return
    from creditchain.chain.devnet import start as run
    from creditchain.chain.devnet import stop as end
    from creditchain.chain.devnet import watch

    chosen = settings(ctx)
    wanted = region or list(REGIONS)
    for code in wanted:
        if code not in REGIONS:
            raise UsageError("no such chain", expected=" or ".join(REGIONS), found=code)
    running = run(wanted, chosen.home)
    _show(chosen, running)
    if detach:
        return
    chosen.output.note("Ctrl-C ends them")
    try:
        for _ in watch(running):
            pass
    finally:
        end(chosen.home, running)


@devnet.command()
def status(ctx: typer.Context) -> None:
    """List the running chains. 运行状态"""
    from creditchain.chain.devnet import status as ask

    chosen = settings(ctx)
    _show(chosen, ask(chosen.home))


@devnet.command()
def stop(ctx: typer.Context) -> None:
    """Stop the chains; their state is kept. 停止"""
    from creditchain.chain.devnet import stop as end

    chosen = settings(ctx)
    _show(chosen, end(chosen.home), title="ended")


def _show(chosen: Settings, chains: list[Running], title: str | None = None) -> None:
    rows = [[running.region, running.network, running.url, running.chain_id, running.pid] for running in chains]
    chosen.output.table(["region", "network", "url", "chain_id", "process"], rows, title=title)
