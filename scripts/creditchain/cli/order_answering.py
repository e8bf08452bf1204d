"""`creditchain order accept` and `decline`: what the provider's officer does."""

from __future__ import annotations

from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption
from creditchain.cli.files import digits
from creditchain.cli.order_options import CaOption, NodeOption, OrderArgument, UrlOption, client_of, show_order
from creditchain.cli.settings import settings


def register(group: typer.Typer) -> None:
    """Add the commands."""
    for command in (accept, decline):
        group.command()(command)


def accept(
    ctx: typer.Context, order: OrderArgument, url: UrlOption, node: NodeOption, ca: CaOption = None,
    signer: SignerOption = None,
) -> None:  # fmt: skip
    """As the provider's officer, take on an order; it is answered soon after. 接单"""
    with client_of(ctx, url, node, ca, signer) as client:
        show_order(settings(ctx), client.accept(digits(order, "the order")))


def decline(
    ctx: typer.Context,
    order: OrderArgument,
    url: UrlOption,
    node: NodeOption,
    reason: Annotated[str, typer.Option(help="Why, for the institution. Name no enterprise.")],
    ca: CaOption = None,
    signer: SignerOption = None,
) -> None:
    """As the provider's officer, turn an order down. 拒单"""
    with client_of(ctx, url, node, ca, signer) as client:
        show_order(settings(ctx), client.decline(digits(order, "the order"), reason))
