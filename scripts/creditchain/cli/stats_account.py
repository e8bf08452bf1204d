"""`creditchain stats account` and `prices`: what an institution owes a provider for a month, and by which prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.account_shown import checked, shown
from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption, require_writable, save
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from creditchain.cli.settings import Settings
    from creditchain.packages.price_list import PriceList

PricesOption = Annotated[Path, typer.Option("--prices", help="The provider's price list, see `stats prices`.")]


def prices(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Price list, a TOML file.")],
    products: Folders = None,
) -> None:
    """Check a price list, and show its prices and its digest, which requests carry as their terms. 价目表

    A product that no file is known for is named: deliveries of it cannot be charged here.
    """
    from creditchain.packages.price_list import parse_price_list

    chosen, listed = settings(ctx), load(file, parse_price_list)
    known = set(_products(products).values())
    rows = [
        {"product": name, "from_delivery": tier.first, "price_fen": tier.fen, "known": name in known}
        for name, tiers in sorted(listed.prices.items())
        for tier in tiers
    ]
    chosen.output.emit({"provider": listed.provider, "digest": listed.digest, "prices": rows})


def account(
    ctx: typer.Context,
    price_list: PricesOption,
    institution: Annotated[int | None, typer.Option(min=1, help="Who asked, by its node number.")] = None,
    provider: Annotated[int | None, typer.Option(min=1, help="Who delivered, by its node number.")] = None,
    month: Annotated[str | None, typer.Option(help="Month of the deliveries, YYYY-MM (in UTC+8).")] = None,
    out: Annotated[Path | None, typer.Option("--output", "-o", help="Statement to write.")] = None,
    check: Annotated[Path | None, typer.Option("--check", help="Hold this statement against the log instead.")] = None,
    products: Folders = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> int:
    """Make a month's statement of account from the log, or check one. 对账单

    Each product's deliveries are charged by the price list whose digest their requests carry, in whole fen. Shown apart
    and not charged: deliveries under other terms, those that the ledger marked OVERDRAWN, LATE, OLD or PAUSED, and
    products without a price. The provider signs with --signer.

    --check counts again as of the same entry of the log. Exit code 1: the log says otherwise, or the provider did not
    sign it.
    """
    if check is not None:
        return _check(settings(ctx), check, price_list, products)
    if institution is None or provider is None or month is None:
        raise UsageError("say whose account", expected="--institution, --provider and --month; or --check FILE")
    _make(settings(ctx), (institution, provider, month), price_list, products, (out, signer, force))
    return ExitCode.OK


def _make(
    chosen: Settings,
    parties: tuple[int, int, str],
    price_list: Path,
    products: str | None,
    written: tuple[Path | None, str | None, bool],
) -> None:
    from creditchain.acts.accounting import Parties, make_account
    from creditchain.statistics.months import read_month

    institution, provider, month = parties
    out, signer, force = written
    if out is not None:
        require_writable(out, force=force, inputs=(price_list,))
    whose, listed = Parties(institution, provider, read_month(month)), _read_prices(price_list)
    with open_region(chosen) as region:
        key = None if signer is None else signer_of(region, signer)
        made = make_account(region, whose, listed, _products(products), key)
    if out is not None:
        save(out, made.file.to_json(), force=force)
    result = shown(made.file.account) | {"month_over": made.month_over, "signed": bool(made.file.signature)}
    chosen.output.emit(result | ({} if out is None else {"written": str(out)}))


def _check(chosen: Settings, file: Path, price_list: Path, products: str | None) -> int:
    from creditchain.acts.accounting import check_account
    from creditchain.packages.account_file import parse_account

    statement, listed = load(file, parse_account), _read_prices(price_list)
    with open_region(chosen) as region:
        found = check_account(region, statement, listed, _products(products))
    chosen.output.emit(shown(statement.account) | checked(found))
    return ExitCode.OK if found.holds else ExitCode.NOT_VALID


def _read_prices(path: Path) -> PriceList:
    from creditchain.packages.price_list import parse_price_list

    return load(path, parse_price_list)


def _products(folders: str | None) -> dict[bytes, str]:
    """Names of the products whose files are known here, by digest."""
    from creditchain.catalogue.products import catalogue

    return {one.digest: one.ref for one in catalogue(folders_of(folders) or None)}
