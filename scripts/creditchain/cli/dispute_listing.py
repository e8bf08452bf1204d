"""`creditchain dispute list`: every filing, and which answers are overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import open_region
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings
from creditchain.vocabulary import DisputeState

if TYPE_CHECKING:
    from creditchain.log.disputes import LoggedDispute


def list_disputes(
    ctx: typer.Context,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open disputes whose answer is overdue.")] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Only open disputes.")] = False,
    node: Annotated[int | None, typer.Option(help="Only disputes about records of this node.")] = None,
) -> None:
    """List all disputes, from the region's log. 异议列表"""
    from creditchain.acts import disputing

    chosen = settings(ctx)
    with open_region(chosen) as region:
        block, found = disputing.list_disputes(region)
    kept = [
        one
        for one in found
        if node in (None, one.node)
        and (one.overdue(block.time) or not overdue)
        and (one.state is DisputeState.OPEN or not open_only)
    ]
    chosen.output.table(
        ["node", "leaf", "filing", "platform", "state", "filed", "due", "overdue"],
        [_row(one, block.time) for one in kept],
        title=f"disputes as of block {block.number}",
        value=[_json(one, block.time) for one in kept],
    )


def _row(one: LoggedDispute, time: int) -> list[object]:
    overdue = "overdue 逾期" if one.overdue(time) else ""
    named = (one.node, one.leaf, one.number, one.platform, f"{one.state.label} {one.state.zh}")
    return [*named, shown(one.filed_at), shown(one.due_at), overdue]


def _json(one: LoggedDispute, time: int) -> dict[str, Any]:
    return {
        "node": one.node,
        "leaf": one.leaf,
        "filing": one.number,
        "platform": one.platform,
        "entry": one.entry,
        "state": one.state.label,
        "state_zh": one.state.zh,
        "filed_at": one.filed_at,
        "due_at": one.due_at,
        "answered_at": one.answered_at,
        "successor": one.successor,
        "overdue": one.overdue(time),
    }
