"""`creditchain govern roles | grant | revoke | close-contract | open-contract`: who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.addresses import address_of
from creditchain.cli.choices import names_of
from creditchain.cli.connecting import GovernorsOption, RpcOption, acting, open_region
from creditchain.cli.moments import shown
from creditchain.cli.sent import show_sent
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.vocabulary import AccessRole

RoleArgument = Annotated[str, typer.Argument(metavar="ROLE", help="admin, governor or canceller.")]
AccountArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="The account.")]
ContractArgument = Annotated[str, typer.Argument(metavar="CONTRACT", help="Its name, like NodeRegistry.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (roles, grant, revoke, close_contract, open_contract):
        group.command()(command)


def roles(ctx: typer.Context, rpc: RpcOption = None) -> None:
    """List who has which role, contracts that are closed, and functions opened to others, by the log's cells. 角色

    Accounts come from the entries of the log, and what holds now from its cells.
    """
    from creditchain.acts.standing_governance import standing_roles
    from creditchain.cli.bilingual import duration

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        found = standing_roles(region)
    functions = [{"contract": one.contract, "function": one.function, "role": one.role} for one in found.functions]
    listed: list[dict[str, Any]] = [
        {"role": one.role.label, "role_zh": one.role.zh, "account": one.account}
        | {"delay_seconds": one.delay, "since": shown(one.since)}
        for one in found.members
    ]
    chosen.output.table(
        ["role", "account", "delay", "since"],
        [
            [f"{one.role.label} {one.role.zh}", one.account, duration(one.delay), shown(one.since)]
            for one in found.members
        ],
        title=f"roles as of block {found.block}",
        value={"block": found.block, "members": listed, "closed": list(found.closed), "functions": functions},
    )
    for contract in found.closed:
        chosen.output.line(("bold", "closed 已停用"), f"  {contract}")
    for other in found.functions:
        chosen.output.line(("bold", "opened 另行开放"), f"  {other.contract}.{other.function} to role {other.role}")


def grant(
    ctx: typer.Context,
    role: RoleArgument,
    account: AccountArgument,
    delay_seconds: Annotated[
        int | None, typer.Option(min=0, help="How long its acts wait; by default the region's least for the role.")
    ] = None,
    signer: GovernorsOption = None,
) -> None:
    """Give an account a role. For admins; it may wait. 授予角色"""
    from creditchain.acts.granting import grant as run

    named, given = _role(role), address_of(account)
    with acting(settings(ctx), signer) as (region, outbox):
        show_sent(settings(ctx), run(region, outbox, named, given, delay_seconds))


def revoke(ctx: typer.Context, role: RoleArgument, account: AccountArgument, signer: GovernorsOption = None) -> None:
    """Take a role from an account. For admins; it may wait. 撤销角色"""
    from creditchain.acts.granting import revoke as run

    named, given = _role(role), address_of(account)
    with acting(settings(ctx), signer) as (region, outbox):
        show_sent(settings(ctx), run(region, outbox, named, given))


def close_contract(ctx: typer.Context, contract: ContractArgument, signer: GovernorsOption = None) -> None:
    """Let nobody call a contract's governed functions, until it is opened again. For admins; it may wait. 停用合约"""
    _set_closed(ctx, contract, signer, closed=True)


def open_contract(ctx: typer.Context, contract: ContractArgument, signer: GovernorsOption = None) -> None:
    """Open a contract that was closed. For admins; it may wait. 恢复合约"""
    _set_closed(ctx, contract, signer, closed=False)


def _set_closed(ctx: typer.Context, contract: str, signer: str | None, *, closed: bool) -> None:
    from creditchain.acts.granting import set_closed

    with acting(settings(ctx), signer) as (region, outbox):
        show_sent(settings(ctx), set_closed(region, outbox, contract, closed=closed))


def _role(text: str) -> AccessRole:
    from creditchain.vocabulary import AccessRole

    by_name = {one.label: one for one in AccessRole}
    return by_name[names_of("ROLE", text, by_name)[0]]
