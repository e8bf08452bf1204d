"""`creditchain node accept`, `rotate` and `replace`: a node gets another key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import GovernorsOption, SignerOption, acting, open_region, required_signer
from creditchain.cli.files import ForceOption, load
from creditchain.cli.members_shown import NodeArgument, show_change
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

NewSignerOption = Annotated[
    str | None, typer.Option(help="The new key, if it is at hand: it accepts on the spot. Written like --signer.")
]
AcceptanceOption = Annotated[
    Path | None, typer.Option(help="The new key's acceptance, if it is elsewhere: what `node accept` wrote there.")
]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (accept, rotate, replace):
        group.command()(command)


def accept(
    ctx: typer.Context,
    node: NodeArgument,
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="How long the acceptance is valid.")] = 24,
    force: ForceOption = False,
    signer: SignerOption = None,
) -> None:
    """As a new operator: accept to act for a node. The file is for `node rotate` or `node replace`. 接受委任"""
    from creditchain.acts.handing_over import accept as sign
    from creditchain.chain.signers import parse_signer
    from creditchain.home.files import check_output, write_file

    check_output(out, overwrite=force)
    with open_region(settings(ctx)) as region:
        made = sign(region, node, parse_signer(required_signer(signer), region.chain), hours * 3600)
    write_file(out, made.to_json(), overwrite=force)
    settings(ctx).output.emit(
        {"file": str(out), "node": node, "operator": made.operator, "until": shown(made.deadline)}
    )


def rotate(
    ctx: typer.Context,
    node: NodeArgument,
    new_signer: NewSignerOption = None,
    acceptance: AcceptanceOption = None,
    signer: SignerOption = None,
) -> None:
    """As the node's operator: let another key act for the node. 轮换密钥"""
    _hand_over(ctx, node, new_signer, acceptance, signer, by_governors=False)


def replace(
    ctx: typer.Context,
    node: NodeArgument,
    new_signer: NewSignerOption = None,
    acceptance: AcceptanceOption = None,
    signer: GovernorsOption = None,
) -> None:
    """Give a node another key, after loss or theft. Ends an open compromise; does not reinstate. 更换密钥"""
    _hand_over(ctx, node, new_signer, acceptance, signer, by_governors=True)


def _hand_over(
    ctx: typer.Context, node: int, new_signer: str | None, file: Path | None, signer: str | None, *, by_governors: bool
) -> None:
    from creditchain.acts.handing_over import accept as sign
    from creditchain.acts.handing_over import hand_over
    from creditchain.chain.signers import parse_signer
    from creditchain.packages.acceptance_file import parse_acceptance

    if (new_signer is None) == (file is None):
        raise UsageError("the new key must accept", expected="either --new-signer or --acceptance")
    given = load(file, parse_acceptance) if file is not None else None
    with acting(settings(ctx), signer) as (region, outbox):
        acceptance = given or sign(region, node, parse_signer(str(new_signer), region.chain))
        changed = hand_over(region, outbox, node, acceptance, by_governors=by_governors)
    show_change(settings(ctx), changed)
