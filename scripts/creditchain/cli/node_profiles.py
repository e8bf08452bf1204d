"""`creditchain node set-delivery-key`, `profile` and `keep-profile`: the key that deliveries are encrypted to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import GovernorsOption, acting, open_region
from creditchain.cli.files import ForceOption, load
from creditchain.cli.members_shown import NodeArgument, show_change
from creditchain.cli.settings import settings
from creditchain.errors import UsageError


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (set_delivery_key, profile, keep_profile):
        group.command()(command)


def set_delivery_key(
    ctx: typer.Context,
    node: NodeArgument,
    public_key: Annotated[
        str | None, typer.Argument(help="Its public key, age1…, as `keys new --kind delivery` shows it.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Deliveries to it are not encrypted any more.")] = False,
    signer: GovernorsOption = None,
) -> None:
    """Put the key that deliveries are encrypted to into a member's profile. 设定交付密钥

    The profile then has another digest, which goes on chain. The member needs the new profile: `node profile -o`.
    """
    from creditchain.acts.profiles import set_delivery_key as change
    from creditchain.home.layout import Home

    if (public_key is None) != none:
        raise UsageError("say which key", expected="either a public key, or --none")
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        show_change(chosen, change(region, outbox, Home.made(chosen.home), node, public_key))


def profile(
    ctx: typer.Context,
    node: NodeArgument,
    out: Annotated[Path | None, typer.Option("--output", "-o", help="File to write, for others to keep.")] = None,
    force: ForceOption = False,
) -> None:
    """Show a member's profile, whose digest is on chain; write it to a file. 成员档案"""
    from creditchain.acts.profiles import profile_of
    from creditchain.home.files import check_output, write_file
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    chosen = settings(ctx)
    if out is not None:
        check_output(out, overwrite=force)
    with open_region(chosen) as region:
        found = profile_of(region, Profiles(Home(chosen.home)), node)
    if out is not None:
        write_file(out, found.to_json(), overwrite=force)
    chosen.output.emit({"node": node, **found.as_json(), "digest": found.digest})


def keep_profile(
    ctx: typer.Context,
    node: NodeArgument,
    file: Annotated[Path, typer.Argument(help="The profile, as `node profile -o` wrote it.")],
) -> None:
    """Keep a member's profile in the home, if the chain has its digest. 保存成员档案"""
    from creditchain.acts.profiles import keep_profile as keep
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with open_region(chosen) as region:
        kept = load(file, lambda raw: keep(region, Home.made(chosen.home), node, raw))
    chosen.output.emit({"node": node, "file": str(kept)})
