"""`creditchain evidence`: what a verifier needs of a region, under a checkpoint, so that it asks no endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.facts_options import RegionFactsOption, signed_in
from creditchain.cli.files import ForceOption, load
from creditchain.cli.settings import settings
from creditchain.errors import CreditchainError, Place

group = typer.Typer(no_args_is_help=True, help="Facts under a checkpoint: for packages, and for a whole region. 证据")

CheckpointFile = Annotated[Path, typer.Option("--checkpoint", help="Checkpoint file, signed.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="evidence")


@group.command()
def refresh(
    ctx: typer.Context,
    packages: Annotated[list[Path], typer.Argument(help="Package files, which are written anew.")],
    checkpoint: CheckpointFile,
    region_facts: RegionFactsOption = None,
    rpc: RpcOption = None,
) -> None:
    """Put into packages what their verification needs under a checkpoint, in the place of what they had. 更新证据"""
    from creditchain.acts.showing_facts import with_facts
    from creditchain.home.files import write_file
    from creditchain.packages.report_package import parse_any

    chosen = settings(ctx)
    given = [(path, load(path, parse_any)) for path in packages]
    made = []
    with open_region(chosen, rpc) as region, chosen.output.stages() as watch:
        signed = signed_in(chosen, region, checkpoint, region_facts, watch)
        for path, package in given:
            try:
                made.append((path, with_facts(region, signed, package).to_json()))
            except CreditchainError as error:
                raise error.at(Place(str(path))) from None
    for path, content in made:
        write_file(path, content, overwrite=True)
    rows = [[str(path), len(content)] for path, content in made]
    chosen.output.table(["package", "bytes"], rows)


@group.command()
def region(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    checkpoint: CheckpointFile,
    force: ForceOption = False,
    rpc: RpcOption = None,
) -> None:
    """Write what all packages of the region share under a checkpoint: members, products, key epochs, books. 区域事实

    Whoever verifies many packages keeps this file; packages then need not carry it.
    """
    from creditchain.acts.showing_facts import region_facts as run
    from creditchain.checkpoints.facts import facts_digest
    from creditchain.home.files import check_output, write_file

    check_output(out, overwrite=force, inputs=[checkpoint])
    chosen = settings(ctx)
    with open_region(chosen, rpc) as opened, chosen.output.stages() as watch:
        content = run(signed_in(chosen, opened, checkpoint, None, watch))
    write_file(out, content, overwrite=force)
    chosen.output.emit({"file": str(out), "digest": facts_digest(content), "bytes": len(content)})
