"""`creditchain product launch | withdraw | launched`: which products a region has. For governors; anyone may look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import GovernorsOption, acting, open_region
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.log.views import LaunchedProduct

ProductArgument = Annotated[str, typer.Argument(help="name/version, or a product file.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command()(launch)
    group.command()(withdraw)
    group.command()(launched)


def launch(
    ctx: typer.Context, product: ProductArgument, products: Folders = None, signer: GovernorsOption = None
) -> None:
    """Launch a product: its batches can be anchored from now on. For governors. 上线"""
    from creditchain.acts.launching import launch as run
    from creditchain.catalogue.products import load_product

    found = load_product(product, folders_of(products))
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        done = run(region, outbox, found)
    chosen.output.emit(_shown(done, found.ref))


def withdraw(
    ctx: typer.Context, product: ProductArgument, products: Folders = None, signer: GovernorsOption = None
) -> None:
    """Withdraw a product for ever: its batches can no longer be anchored; old ones stay. For governors. 下线"""
    from creditchain.acts.launching import withdraw as run
    from creditchain.catalogue.products import load_product

    found = load_product(product, folders_of(products))
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        done = run(region, outbox, found.number)
    chosen.output.emit(_shown(done, found.ref))


def launched(ctx: typer.Context, products: Folders = None) -> None:
    """List every product that the region ever launched, and whether its file is the one known here. 已上线产品"""
    from creditchain.acts.launching import list_launched
    from creditchain.catalogue.products import catalogue

    chosen = settings(ctx)
    known = catalogue(folders_of(products))
    with open_region(chosen) as region:
        found = list_launched(region, known)
    chosen.output.table(
        ["number", "product", "state", "状态"],
        [
            [
                one.launched.number,
                one.product.ref if one.product else "",
                one.launched.state.label,
                one.launched.state.zh,
            ]
            for one in found
        ],
        value=[_shown(one.launched, one.product.ref if one.product else None) for one in found],
    )


def _shown(launched: LaunchedProduct, ref: str | None) -> dict[str, Any]:
    return {
        "number": launched.number,
        "product": ref,
        "state": launched.state.label,
        "digest_start": "0x" + launched.digest.hex(),
    }
