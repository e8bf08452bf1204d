"""`creditchain query broker`: a platform signs the request that it brokers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.settings import settings


def broker(
    ctx: typer.Context,
    request: Annotated[Path, typer.Argument(help="Request file that names this platform as its broker.")],
    out: OutOption,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Sign a request as the platform that brokers it. 经办查询"""
    from creditchain.acts.querying import countersign
    from creditchain.packages.request_file import parse_request

    chosen, file = settings(ctx), load(request, parse_request)
    require_writable(out, force=force, inputs=(request,))
    with open_region(chosen) as region:
        made = countersign(region, signer_of(region, signer), file)
    save(out, made.to_json(), force=force)
    chosen.output.emit({"written": str(out), "request": made.request.id, "next": "creditchain query deliver"})
