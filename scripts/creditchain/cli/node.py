"""`creditchain node`: members of the region. Changes are for governors; a node rotates its own key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from creditchain.cli import node_admit, node_changes, node_closing, node_keys, node_profiles
from creditchain.cli.connecting import open_region
from creditchain.cli.members_shown import NodeArgument, described
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.log.views import NodeInfo

group = typer.Typer(no_args_is_help=True, help="Members of the region: admit, list, suspend, rotate keys. 成员")


def register(app: typer.Typer) -> None:
    """Add the group."""
    for module in (node_admit, node_changes, node_closing, node_keys, node_profiles):
        module.register(group)
    app.add_typer(group, name="node")


@group.command("list")
def list_(ctx: typer.Context) -> None:
    """List all nodes, with their names if this machine knows them. 成员列表"""
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    chosen = settings(ctx)
    profiles = Profiles(Home(chosen.home))
    with open_region(chosen) as region:
        nodes = region.nodes(region.chain.final_block().number)
    listed = [described(info, profiles) for info in nodes]
    rows = [_row(info, one) for info, one in zip(nodes, listed, strict=True)]
    chosen.output.table(["node", "name 名称", "role 角色", "division 区划", "domains 领域"], rows, value=listed)


@group.command()
def show(ctx: typer.Context, node: NodeArgument) -> None:
    """Show everything that the chain says about a node. 查看成员"""
    from creditchain.acts.changing_members import require_node
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    chosen = settings(ctx)
    with open_region(chosen) as region:
        block = region.chain.final_block().number
        found = described(require_node(region, node, block), Profiles(Home(chosen.home)))
        found["acts_now"] = region.is_active(node, block)
        found["answered_by"] = region.members(block).answerer(node)
        found["compromises"] = [
            {"key": each.key, "since": shown(each.since), "until": shown(each.until)}
            for each in region.compromises(node, block)
        ]
    chosen.output.emit(found)


def _row(info: NodeInfo, one: dict[str, Any]) -> list[object]:
    """A node in the list: both names, and the domains in Chinese, which is short."""
    from creditchain.documents import Domain
    from creditchain.vocabulary import NodeStatus, Role

    return [
        info.number,
        f"{one['name']}\n{one['name_zh']}".strip(),
        f"{Role(info.role).zh} {one['role']}\n{NodeStatus(info.status).zh} {one['status']}",
        f"{info.division}" + (f"\nhost {info.host}" if info.host else ""),
        " ".join(domain.zh for domain in Domain if info.domains >> domain & 1),
    ]
