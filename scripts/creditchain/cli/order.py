"""`creditchain order`: requests that somebody at the provider looks at before they are answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli import order_answering
from creditchain.cli.connecting import SignerOption
from creditchain.cli.files import digits, load, read_file
from creditchain.cli.keeping import KeepOption, keep_copy
from creditchain.cli.order_options import CaOption, NodeOption, OrderArgument, UrlOption, client_of, show_order
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.query_exchange import DeliveryKeysOption
from creditchain.cli.settings import settings

group = typer.Typer(no_args_is_help=True, help="Orders, which an officer of the provider looks at. 订单")


def register(app: typer.Typer) -> None:
    """Add the group."""
    order_answering.register(group)
    app.add_typer(group, name="order")


@group.command()
def place(
    ctx: typer.Context,
    asked: Annotated[Path, typer.Argument(metavar="REQUEST", help="Request file.", show_default=False)],
    url: UrlOption,
    paper: Annotated[Path | None, typer.Option(help="Scan of the paper that the enterprise signed.")] = None,
    consent: Annotated[Path | None, typer.Option(help="Consent file, which holds the salt of that paper.")] = None,
    ca: CaOption = None,
    signer: SignerOption = None,
) -> None:
    """Place an order: a signed request, and the scan of a paper consent if there is one. 发起订单

    If the connection breaks, run it again: the same request is the same order.
    """
    from creditchain.errors import UsageError
    from creditchain.packages.consent_file import parse_consent
    from creditchain.packages.order_file import OrderFile, parse_order
    from creditchain.packages.request_file import parse_request

    if (paper is None) != (consent is None):
        raise UsageError("a scan needs the consent that it belongs to", expected="--paper and --consent together")
    file = OrderFile(load(asked, parse_request))
    if paper is not None and consent is not None:
        file = OrderFile(file.request, load(consent, parse_consent).paper_salt, read_file(paper))
    parse_order(file.to_json())  # what the exchange would refuse is refused here
    with client_of(ctx, url, file.request.request.institution, ca, signer) as client:
        show_order(settings(ctx), client.place(file))


@group.command("list")
def list_(
    ctx: typer.Context, url: UrlOption, node: NodeOption, ca: CaOption = None, signer: SignerOption = None
) -> None:
    """List orders: your own, or as the provider all that were placed with you. 订单列表"""
    with client_of(ctx, url, node, ca, signer) as client:
        listed = client.orders()
    rows = [[one.get("order"), one.get("institution"), one.get("state"), one.get("deadline")] for one in listed]
    settings(ctx).output.table(["order", "institution", "state", "deadline"], rows, value=listed)


@group.command()
def show(
    ctx: typer.Context,
    order: OrderArgument,
    url: UrlOption,
    node: NodeOption,
    request: Annotated[Path | None, typer.Option(help="Write the signed request to this file.")] = None,
    paper: Annotated[Path | None, typer.Option(help="Write the scan of the paper consent to this file.")] = None,
    ca: CaOption = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Show how far an order has come; write what was ordered to files, to look at. 查看订单"""
    from creditchain.packages.order_file import parse_order

    for out in (request, paper):
        if out is not None:
            require_writable(out, force=force)
    with client_of(ctx, url, node, ca, signer) as client:
        found = client.order(digits(order, "the order"))
        file = parse_order(client.ordered(digits(order, "the order"))) if request or paper else None
    if file is not None and request is not None:
        save(request, file.request.to_json(), force=force)
    if file is not None and paper is not None and file.paper is not None:
        save(paper, file.paper, force=force)
    show_order(settings(ctx), found)


@group.command()
def receive(
    ctx: typer.Context,
    order: OrderArgument,
    url: UrlOption,
    node: NodeOption,
    out: OutOption,
    delivery_keys: DeliveryKeysOption = None,
    keep: KeepOption = True,
    ca: CaOption = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Fetch what was delivered for an order, write it, and then say that it has arrived. 接收报告"""
    from creditchain.home.keystores import load_delivery_key

    require_writable(out, force=force)
    keys, chosen = [load_delivery_key(one) for one in delivery_keys or []], settings(ctx)
    with client_of(ctx, url, node, ca, signer, keys) as client:
        answer = client.fetch(digits(order, "the order"))
        if keep and answer.opened:
            keep_copy(chosen, answer.package, ())
        save(out, answer.package, force=force)  # durable before the exchange forgets it
        found = client.received(digits(order, "the order"))
    following = "verify" if answer.opened else "query open"
    show_order(
        chosen, {"written": str(out), "encrypted": answer.encrypted, **found, "next": f"creditchain {following}"}
    )
