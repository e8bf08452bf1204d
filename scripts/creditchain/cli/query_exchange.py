"""`creditchain query ask` and `open`: an institution gets a report from an exchange, and opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load
from creditchain.cli.keeping import KeepOption, keep_copy
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

DeliveryKeysOption = Annotated[
    list[str] | None,
    typer.Option(
        "--delivery-key",
        envvar="CREDITCHAIN_DELIVERY_KEY",
        help="Secret key that opens deliveries, keystore:PATH or env:VARIABLE. Repeat it for the key before.",
    ),
]


def ask(
    ctx: typer.Context,
    asked: Annotated[Path, typer.Argument(metavar="REQUEST", help="Request file.", show_default=False)],
    url: Annotated[str, typer.Option("--exchange", help="Address of the provider's exchange, https://…")],
    out: OutOption,
    patience: Annotated[
        float, typer.Option(min=0.0, help="Seconds for which to try again what may pass, such as a busy exchange.")
    ] = 60.0,
    ca: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Certificates (PEM) that the exchange's has to follow from."),
    ] = None,
    delivery_keys: DeliveryKeysOption = None,
    keep: KeepOption = True,
    products: Folders = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Ask an exchange for a report, and write the package. 在线查询

    Signs in with the institution's key. If the connection breaks, run it again with the same request: the same report
    comes, and one use is counted. `creditchain verify` then checks it. If the institution's profile names a delivery
    key, the report comes encrypted to it; without --delivery-key it is written as it came, for `query open`. The home
    keeps a sealed copy of what it can read, for as long as the consent allows.
    """
    from creditchain.acts.preconditions import require_log
    from creditchain.client import ExchangeClient
    from creditchain.home.keystores import load_delivery_key
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles
    from creditchain.packages.request_file import parse_request

    require_writable(out, force=force, inputs=(asked,))
    folders = folders_of(products)
    chosen, file = settings(ctx), load(asked, parse_request)
    keys = [load_delivery_key(one) for one in delivery_keys or []]
    institution = file.request.institution
    with open_region(chosen) as region:
        require_log(region, file.request.domain.log_id)
        found, log_id = signer_of(region, signer), region.deployment.log_id
        profile = Profiles(Home(chosen.home)).profile(region.members().profile_digest(institution))
    known = None if profile is None else profile.to_json()
    authorities = None if ca is None else str(ca)
    with (
        ExchangeClient(
            url, log_id, institution, found, patience=patience, ca=authorities, keys=keys, profile=known
        ) as client,
        chosen.output.progress("asking the exchange"),
    ):
        answer = client.ask(file)
    told: dict[str, object] = {"next": "creditchain query open"}
    if answer.opened:
        told = _told(answer.package)
        if keep:
            keep_copy(chosen, answer.package, folders)
    save(out, answer.package, force=force)
    chosen.output.emit(
        {
            "written": str(out),
            "request": file.request.id,
            "answered_before": answer.again,
            "encrypted": answer.encrypted,
            **told,
        }
    )


def open_(
    ctx: typer.Context,
    delivery: Annotated[Path, typer.Argument(metavar="FILE", help="A delivery, encrypted.", show_default=False)],
    out: OutOption,
    delivery_keys: DeliveryKeysOption = None,
    keep: KeepOption = True,
    products: Folders = None,
    force: ForceOption = False,
) -> None:
    """Open a delivery that was encrypted to the institution's key, and write the package. 解密报告

    For deliveries that another one fetched, such as the institution's host, who cannot read them.
    """
    from creditchain.home.keystores import load_delivery_key
    from creditchain.packages.encrypted import decrypt

    if not delivery_keys:
        raise UsageError("a key opens the delivery", hint="Say which with --delivery-key or CREDITCHAIN_DELIVERY_KEY.")
    require_writable(out, force=force, inputs=(delivery,))
    keys, folders, chosen = [load_delivery_key(one) for one in delivery_keys], folders_of(products), settings(ctx)
    package = load(delivery, lambda raw: decrypt(raw, keys))
    told = _told(package)
    if keep:
        keep_copy(chosen, package, folders)
    save(out, package, force=force)
    chosen.output.emit({"written": str(out), **told})


def _told(package: bytes) -> dict[str, object]:
    """What is said of a package. Raises PackageError."""
    from creditchain.packages.report_package import parse_report_package

    found = parse_report_package(package)
    return {"report": found.report.commitment, "records": len(found.records), "next": "creditchain verify"}
