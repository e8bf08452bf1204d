"""`creditchain node suspend` and similar commands: governors change a member."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import GovernorsOption, acting
from creditchain.cli.members_shown import NodeArgument, UntilOption, domain_names, show_change
from creditchain.cli.moments import seconds_of
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (suspend, reinstate, retire, set_domains, extend, move, answer_for, compromise):
        group.command()(command)


def suspend(ctx: typer.Context, node: NodeArgument, signer: GovernorsOption = None) -> None:
    """Stop a node from acting, until it is reinstated. 暂停成员"""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.suspend(region, outbox, node))


def reinstate(ctx: typer.Context, node: NodeArgument, signer: GovernorsOption = None) -> None:
    """Let a suspended node act again. 恢复成员"""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.reinstate(region, outbox, node))


def retire(
    ctx: typer.Context,
    node: NodeArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that this is for ever.")] = False,
    signer: GovernorsOption = None,
) -> None:
    """End a membership for ever. What the node published stays. 退出"""
    from creditchain.acts import changing_members

    if not yes:
        raise UsageError("a retired node never comes back", hint="Say --yes if that is what you want.")
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.retire(region, outbox, node))


def set_domains(
    ctx: typer.Context,
    node: NodeArgument,
    domains: Annotated[str, typer.Argument(help="Domains separated by commas; empty for none.")],
    signer: GovernorsOption = None,
) -> None:
    """Set which domains a node may publish from now on. 设定数据域"""
    from creditchain.acts import changing_members
    from creditchain.documents import DOMAINS, domain_mask

    mask = domain_mask(DOMAINS[name] for name in domain_names(domains))
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.set_domains(region, outbox, node, mask))


def extend(
    ctx: typer.Context,
    node: NodeArgument,
    until: UntilOption = None,
    resident: Annotated[bool, typer.Option("--resident", help="No end date any more.")] = False,
    signer: GovernorsOption = None,
) -> None:
    """Set the end of a guest's membership. 设定期限"""
    from creditchain.acts import changing_members

    if (until is None) != resident:
        raise UsageError("say until when", expected="either --until, or --resident")
    end = seconds_of(until)
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.set_end(region, outbox, node, end))


def move(
    ctx: typer.Context,
    node: NodeArgument,
    host: Annotated[int, typer.Option(help="Number of the node that hosts it from now on.")],
    signer: GovernorsOption = None,
) -> None:
    """Move a virtual node to another host. What the former host did for it stays. 更换托管"""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.move(region, outbox, node, host))


def answer_for(
    ctx: typer.Context,
    node: NodeArgument,
    by: Annotated[int, typer.Option(help="Number of the node that answers from now on.")],
    signer: GovernorsOption = None,
) -> None:
    """Name the node that answers for the records of a retired one. 指定代答节点"""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.set_answerer(region, outbox, node, by))


def compromise(
    ctx: typer.Context,
    node: NodeArgument,
    since: Annotated[str | None, typer.Option(help="Since when: date and time with time zone.")] = None,
    until: Annotated[str | None, typer.Option(help="The last moment; left out while it lasts.")] = None,
    key: Annotated[str | None, typer.Option(help="Address of a key that the node once had.")] = None,
    only: Annotated[bool, typer.Option("--only", help="This replaces all that was declared of the key.")] = False,
    none: Annotated[bool, typer.Option("--none", help="Nothing of what was declared of the key is so.")] = False,
    signer: GovernorsOption = None,
) -> None:
    """Declare when a node's key was in other hands. While it lasts, the node is suspended. 密钥泄露

    It is suspended until its key is replaced. What the key did then is not verified any more.
    A correction: --only, or --none.
    """
    from creditchain.acts import changing_members

    if (since is None) != none or (none and (until is not None or only)):
        raise UsageError("say when the key was in other hands", expected="either --since, or --none")
    interval = (seconds_of(since), seconds_of(until))
    with acting(settings(ctx), signer) as (region, outbox):
        known = [] if only or none else changing_members.known_intervals(region, node, key)
        given = [] if none else changing_members.with_interval(known, *interval)
        show_change(settings(ctx), changing_members.declare_stolen(region, outbox, node, given, key))
