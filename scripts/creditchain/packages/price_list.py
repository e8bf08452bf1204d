"""A provider's price list: what each report product costs. Requests carry its digest as their `terms`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from creditchain.errors import Place
from creditchain.hashing import keccak256
from creditchain.packages.fields import Fields, PackageError

PRICE_LIST_FORMAT: Final = "creditchain/price-list@1"
#: Limits of a file: bytes, products, tiers of a product, fen for a delivery.
MOST_BYTES: Final = 1 << 18
MOST_PRODUCTS: Final = 1000
MOST_TIERS: Final = 100
MOST_FEN: Final = 10**12
_PRODUCT: Final = re.compile(r"[a-z0-9-]{1,56}/[1-9][0-9]{0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tier:
    """From the delivery with this number in a month on, a delivery costs so much."""

    first: int  #: from 1
    fen: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of a provider, by product (name/version); the tiers of a product ascend from delivery 1."""

    provider: int
    prices: Mapping[str, tuple[Tier, ...]]
    digest: bytes  #: keccak-256 of the file's bytes

    def amount(self, product: str, count: int) -> int | None:
        """What so many deliveries in one month cost, in fen; None if the list has no price for the product."""
        tiers = self.prices.get(product)
        if tiers is None:
            return None
        ends = [*(tier.first - 1 for tier in tiers[1:]), count]
        return sum(tier.fen * max(0, min(end, count) - tier.first + 1) for tier, end in zip(tiers, ends, strict=True))


def parse_price_list(raw: bytes) -> PriceList:
    """Parse a price list, a TOML file. Raises PackageError with the field."""
    if len(raw) > MOST_BYTES:
        raise PackageError("the price list is too long", expected=f"at most {MOST_BYTES} bytes")
    try:
        whole = tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:  # text that is not UTF-8, too
        raise PackageError("this is not TOML", expected="a price list in TOML, in UTF-8") from error
    fields = Fields(whole, "", ("format", "provider", "prices"))
    fields.choice("format", [PRICE_LIST_FORMAT])
    prices = fields.mapping("prices")
    if not 1 <= len(prices) <= MOST_PRODUCTS:
        raise PackageError("no prices, or too many", expected=f"1 to {MOST_PRODUCTS}", place=Place(field="prices"))
    return PriceList(
        fields.number("provider", least=1, most=2**32 - 1),
        {_product(name): _tiers(value, f"prices.{name}") for name, value in prices.items()},
        keccak256(raw),
    )


def _product(name: str) -> str:
    if not _PRODUCT.fullmatch(name):
        raise PackageError(
            "this does not name a product", expected='"name/version" in quotes', place=Place(field="prices")
        )
    return name


def _tiers(value: Any, path: str) -> tuple[Tier, ...]:
    if isinstance(value, int):
        return (Tier(1, _fen({"fen": value}, path)),)
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_TIERS:
        expected = f"fen for a delivery, or 1 to {MOST_TIERS} of {{ from, fen }}"
        raise PackageError("the value has the wrong shape", expected=expected, place=Place(field=path))
    tiers: list[Tier] = []
    for place, item in enumerate(value):
        inside = f"{path}[{place}]"
        least = 1 if not tiers else tiers[-1].first + 1
        first = Fields(item, inside, ("from", "fen")).number(
            "from", least=least, most=least if not tiers else 2**53 - 1
        )
        tiers.append(Tier(first, _fen({"fen": item["fen"]}, inside)))
    return tuple(tiers)


def _fen(value: Mapping[str, Any], path: str) -> int:
    return Fields(value, path, ("fen",)).number("fen", most=MOST_FEN)
