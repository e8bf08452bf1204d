"""Governors launch products, whose batches can then be anchored, and withdraw them for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import RefusedError
from creditchain.log.views import LaunchedProduct
from creditchain.products import Product
from creditchain.vocabulary import ProductState


@dataclass(frozen=True, slots=True)
class RegionProduct:
    """A product of a region, and the file of it that is known here; None if its digest is not that of any."""

    launched: LaunchedProduct
    product: Product | None


def list_launched(region: Region, known: Iterable[Product]) -> list[RegionProduct]:
    """Every product that was ever launched, in that order, as of the newest final block."""
    products = {product.number: product for product in known}
    return [
        RegionProduct(one, found if (found := products.get(one.number)) and one.is_of(found.digest) else None)
        for one in region.products(region.chain.final_block().number)
    ]


def launch(region: Region, outbox: Outbox, product: Product) -> LaunchedProduct:
    """Launch a product. One that is launched already is left as it is.

    Raises:
        RefusedError: its number belongs to another product, or it is withdrawn.
        TransactionError: the signer is no governor.
    """
    found = region.product(product.number)
    if found.state is not ProductState.NONE and not found.is_of(product.digest):
        raise RefusedError(
            "the number belongs to another product of this region",
            expected=f"{product.ref}, 0x{product.digest.hex()}",
            found=f"number {product.number}, 0x{found.digest.hex()}…",
            hint="A changed product needs another version and number.",
        )
    if found.state is ProductState.WITHDRAWN:
        raise RefusedError("the product is withdrawn for ever", hint="Another version can be launched.")
    call = region.calls.launch_product(product.number, product.digest)

    def launched() -> bool:
        return region.product(product.number).state is not ProductState.NONE

    outbox.submit(f"launch {product.number} {product.digest.hex()}", call, already_done=launched)
    return region.product(product.number)


def withdraw(region: Region, outbox: Outbox, number: int) -> LaunchedProduct:
    """Withdraw a product for ever: its batches can no longer be anchored. One that is withdrawn is left as it is.

    Raises:
        RefusedError: it was never launched.
        TransactionError: the signer is no governor.
    """

    def withdrawn() -> bool:
        return region.product(number).state is ProductState.WITHDRAWN

    if region.product(number).state is ProductState.NONE:
        raise RefusedError("no such product was launched", found=f"number {number}")
    outbox.submit(f"withdraw {number}", region.calls.withdraw_product(number), already_done=withdrawn)
    return region.product(number)
