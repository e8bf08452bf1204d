"""`creditchain query ask`: an institution sends its request to an exchange, and gets the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.settings import settings


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
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Ask an exchange for a report, and write the package. 在线查询

    Signs in with the institution's key. If the connection breaks, run it again with the same request: the same report
    comes, and one use is counted. `creditchain verify` then checks it.
    """
    from creditchain.acts.preconditions import require_log
    from creditchain.client import ExchangeClient
    from creditchain.packages.report_package import parse_report_package
    from creditchain.packages.request_file import parse_request

    require_writable(out, force=force, inputs=(asked,))
    chosen, file = settings(ctx), load(asked, parse_request)
    with open_region(chosen) as region:
        require_log(region, file.request.domain.log_id)
        found, log_id = signer_of(region, signer), region.deployment.log_id
    authorities = None if ca is None else str(ca)
    with (
        ExchangeClient(url, log_id, file.request.institution, found, patience=patience, ca=authorities) as client,
        chosen.output.progress("asking the exchange"),
    ):
        answer = client.ask(file)
    package = parse_report_package(answer.package)
    save(out, answer.package, force=force)
    chosen.output.emit(
        {
            "written": str(out),
            "request": file.request.id,
            "report": package.report.commitment,
            "records": len(package.records),
            "answered_before": answer.again,
            "next": "creditchain verify",
        }
    )
