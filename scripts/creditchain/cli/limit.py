"""`creditchain limit`: what governors set for the whole region, a cell each with an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import GovernorsOption, RpcOption, acting, open_region
from creditchain.cli.files import digits
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.limiting import StandingLimits
    from creditchain.cli.settings import Settings

group = typer.Typer(no_args_is_help=True, help="Limits of the region: open domains, age of deliveries, numbers. 限额")
DigestArgument = Annotated[
    str, typer.Argument(metavar="DIGEST", help="Digest of the number, from `creditchain tag exception`.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="limit")


@group.command("list")
def list_(ctx: typer.Context, rpc: RpcOption = None) -> None:
    """Show what holds now, as of the newest final block. 现行限额"""
    from creditchain.acts.limiting import standing_limits

    chosen = settings(ctx)
    with open_region(chosen, rpc) as region:
        found = standing_limits(region)
    _show(chosen, found)


@group.command()
def open_domains(
    ctx: typer.Context,
    domains: Annotated[str, typer.Argument(help="Domains separated by commas; empty for none.")],
    signer: GovernorsOption = None,
) -> None:
    """Set which domains the law lets be used without consent. For governors. 免授权数据域"""
    from creditchain.acts.limiting import set_open_domains
    from creditchain.cli.members_shown import domain_names
    from creditchain.documents import DOMAINS, domain_mask

    mask, chosen = domain_mask(DOMAINS[name] for name in domain_names(domains)), settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        _show(chosen, set_open_domains(region, outbox, mask))


@group.command()
def delivery_age(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How old a delivery may be when it is metered.")],
    signer: GovernorsOption = None,
) -> None:
    """Set how old a delivery may be when it is metered; older ones are flagged. For governors. 交付时效"""
    from creditchain.acts.limiting import set_delivery_age

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        _show(chosen, set_delivery_age(region, outbox, days * 86_400))


@group.command()
def accept(ctx: typer.Context, digest: DigestArgument, signer: GovernorsOption = None) -> None:
    """Accept a number that a register issued although its check digits are wrong. For governors. 接受号码"""
    _exception(ctx, digest, signer, accepted=True)


@group.command()
def refuse(ctx: typer.Context, digest: DigestArgument, signer: GovernorsOption = None) -> None:
    """No longer accept such a number. What was published of it stays. For governors. 不再接受号码"""
    _exception(ctx, digest, signer, accepted=False)


def _exception(ctx: typer.Context, digest: str, signer: str | None, *, accepted: bool) -> None:
    from creditchain.acts.limiting import set_exception

    given = digits(digest, "a digest")
    if len(given) != 32:
        raise UsageError("this is no digest", expected="0x and 64 hex digits", found=f"{len(given)} bytes")
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        _show(chosen, set_exception(region, outbox, given, accepted=accepted))


def _show(chosen: Settings, found: StandingLimits) -> None:
    from creditchain.documents import Domain

    chosen.output.emit(
        {
            "open_domains": [domain.label for domain in Domain if found.open_domains >> domain & 1],
            "delivery_age_seconds": found.delivery_age,
            "accepted_numbers": ["0x" + one.hex() for one in found.exceptions],
        }
    )
