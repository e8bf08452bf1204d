"""`creditchain govern list | cancel | show`: what waits, stopping it, and who governs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.addresses import address_of
from creditchain.cli.bilingual import duration
from creditchain.cli.connecting import GovernorsOption, RpcOption, SignerOption, acting, open_region
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.waiting import Waiting

OperationArgument = Annotated[str, typer.Argument(metavar="OPERATION", help="Its id, as `govern list` shows it.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("list")(list_)
    group.command()(cancel)
    group.command()(show)
    group.command()(replace_owner)


def list_(ctx: typer.Context, rpc: RpcOption = None) -> None:
    """List what was scheduled in the last 37 days: what it does, how long it waits, what became of it. 待执行操作"""
    from creditchain.acts.waiting import list_operations
    from creditchain.chain.clock import now

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        found, time = list_operations(region), now(region.chain)
    rows = [_described(one, time) for one in found]
    chosen.output.table(
        ["operation", "what", "state", "due", "left"],
        [[row["operation"], row["what"], row["state"], row["due"], duration(row["seconds_left"])] for row in rows],
        value=rows,
    )


def cancel(ctx: typer.Context, operation: OperationArgument, signer: SignerOption = None) -> None:
    """Stop an operation before it is carried out. For cancellers; also for whoever scheduled it. 否决"""
    from creditchain.acts import waiting

    _act(ctx, operation, signer, waiting.cancel, "cancelled")


def carry_out(ctx: typer.Context, operation: str, signer: str | None) -> None:
    """Carry out an operation that is due."""
    from creditchain.acts import waiting

    _act(ctx, operation, signer, waiting.carry_out, "done")


def show(
    ctx: typer.Context,
    accounts: Annotated[list[str] | None, typer.Argument(metavar="[ADDRESS...]", help="Accounts to ask about.")] = None,
    rpc: RpcOption = None,
) -> None:
    """Show who governs: the governors' Safe, how long their decisions wait, and which roles accounts have. 查看治理"""
    from creditchain.acts.standing_governance import standing_governance

    chosen = settings(ctx)
    asked = [address_of(one) for one in accounts or ()]
    with open_region(chosen, rpc) as region:
        found = standing_governance(region, asked)
    if found.state is None:
        chosen.output.note("single keys govern this region: for development only")
    state = found.state
    chosen.output.emit(
        {
            "safe": found.safe,
            "owners": [] if state is None else list(state.owners),
            "threshold": 1 if state is None else state.threshold,
            "next_nonce": None if state is None else state.nonce,
            "admin_delay_seconds": found.admin_delay,
            "roles": [
                {"account": one.account, "role": one.role.label, "delay_seconds": one.delay, "since": shown(one.since)}
                for one in found.members
            ],
        }
    )


def replace_owner(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Address of the key that is lost or stolen.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Address of the key that takes its place.")],
    signer: GovernorsOption = None,
) -> None:
    """Put another key in the place of a governor's. To be proposed: only the governors together can. 更换治理密钥"""
    from creditchain.acts.governing import replace_owner as run

    given = address_of(old), address_of(new)
    with acting(settings(ctx), signer) as (region, outbox):
        run(region, outbox, *given)


def _act(ctx: typer.Context, operation: str, signer: str | None, act: Any, state: str) -> None:
    from creditchain.acts.waiting import find_operation

    identity = _id(operation)
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        found = find_operation(region, identity)
        with chosen.output.progress("waiting for a final block"):
            receipt = act(region, outbox, found)
    transaction = receipt.transaction_hash or b""
    chosen.output.emit({"operation": identity, "what": found.words, "state": state, "transaction": transaction})


def _id(text: str) -> bytes:
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise UsageError("this names no operation", expected="0x and 64 hex digits", found=text)
    return found


def _described(one: Waiting, time: int) -> dict[str, Any]:
    state = one.state_at(time)
    return {
        "operation": "0x" + one.id.hex(),
        "what": one.words,
        "by": one.caller,
        "state": state,
        "due": shown(one.due),
        "seconds_left": max(0, one.due - time) if state == "waiting" else 0,
        "entry": one.entry,
    }
