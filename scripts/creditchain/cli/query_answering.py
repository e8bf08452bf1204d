"""`creditchain query deliver`: a provider answers a request with a report, and promises to meter it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings


def deliver(
    ctx: typer.Context,
    asked: Annotated[Path, typer.Argument(metavar="REQUEST", help="Request file.", show_default=False)],
    report: Annotated[Path, typer.Option(help="Report package, as `creditchain report assemble` writes it.")],
    out: OutOption,
    meter_within: Annotated[
        int, typer.Option(min=0, max=3600, help="Seconds within which you promise to meter.")
    ] = 1800,
    view_age: Annotated[int, typer.Option(min=1, help="Seconds that the newest block may be old.")] = 120,
    products: Folders = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Answer a request: judge it by a fresh view of the chain, sign the receipt, write the package. 交付报告

    Refuses what the ledger would not meter, and a report that would fail its verification. Nothing is consumed then.
    """
    from creditchain.acts import delivering
    from creditchain.catalogue.products import catalogue
    from creditchain.packages.report_package import parse_report_package
    from creditchain.packages.request_file import parse_request

    require_writable(out, force=force, inputs=(asked, report))
    chosen, file, package = settings(ctx), load(asked, parse_request), load(report, parse_report_package)
    known = {one.ref: one for one in catalogue(folders_of(products))}
    with open_region(chosen) as region:
        found = signer_of(region, signer)
        made, receipt = delivering.deliver(
            region, found, file, package, known, meter_within=meter_within, view_age=view_age
        )
    save(out, made.to_json(), force=force)
    chosen.output.emit(
        {
            "written": str(out),
            "request": receipt.request,
            "report": receipt.report,
            "delivered_at": receipt.delivered_at,
            "meter_by": receipt.meter_by,
            "next": "creditchain query meter",
        },
    )
