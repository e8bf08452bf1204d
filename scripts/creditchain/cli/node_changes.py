"""`creditchain node suspend` and similar commands: governors change a member."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting
from creditchain.cli.members_shown import NodeArgument, UntilOption, domain_names, show_change
from creditchain.cli.moments import seconds_of
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (suspend, reinstate, retire, set_domains, extend, compromise):
        group.command()(command)


def suspend(ctx: typer.Context, node: NodeArgument, signer: SignerOption = None) -> None:
    """Stop a node from acting, until it is reinstated."""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.suspend(region, outbox, node))


def reinstate(ctx: typer.Context, node: NodeArgument, signer: SignerOption = None) -> None:
    """Let a suspended node act again."""
    from creditchain.acts import changing_members

    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.reinstate(region, outbox, node))


def retire(
    ctx: typer.Context,
    node: NodeArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that this is for ever.")] = False,
    signer: SignerOption = None,
) -> None:
    """End a membership for ever. What the node published stays."""
    from creditchain.acts import changing_members

    if not yes:
        raise UsageError("a retired node never comes back", hint="Say --yes if that is what you want.")
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.retire(region, outbox, node))


def set_domains(
    ctx: typer.Context,
    node: NodeArgument,
    domains: Annotated[str, typer.Argument(help="Domains separated by commas; empty for none.")],
    signer: SignerOption = None,
) -> None:
    """Set which domains a node may publish from now on."""
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
    signer: SignerOption = None,
) -> None:
    """Set the end of a guest's membership."""
    from creditchain.acts import changing_members

    if (until is None) != resident:
        raise UsageError("say until when", expected="either --until, or --resident")
    end = seconds_of(until)
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.set_end(region, outbox, node, end))


def compromise(
    ctx: typer.Context,
    node: NodeArgument,
    since: Annotated[str, typer.Option(help="Since when the key is compromised: date and time with time zone.")],
    signer: SignerOption = None,
) -> None:
    """Declare a node's key compromised. Suspends the node until its key is replaced."""
    from creditchain.acts import changing_members

    start = seconds_of(since)
    with acting(settings(ctx), signer) as (region, outbox):
        show_change(settings(ctx), changing_members.mark_compromised(region, outbox, node, start))
