"""`creditchain upload`: look at an upload before it is anchored, without chain, signer or key."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.fault_report import ReportOption, reporting
from creditchain.cli.files import ForceOption
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.reading_options import EncodingOption, HeaderRowOption, MappingOption, SheetOption, reading_of
from creditchain.cli.settings import settings
from creditchain.cli.subject_options import governed_numbers
from creditchain.cli.upload_view import described, show
from creditchain.errors import ExitCode

if TYPE_CHECKING:
    from creditchain.batch.errors import Problem

group = typer.Typer(no_args_is_help=True, help="Uploads: check a file before it is anchored, map its columns. 上传文件")
mappings = typer.Typer(no_args_is_help=True, help="Mappings: your own columns become a product's fields. 字段映射")


def register(app: typer.Typer) -> None:
    """Add the groups."""
    group.add_typer(mappings, name="mapping")
    app.add_typer(group, name="upload")


UploadArgument = Annotated[
    str,
    typer.Argument(help="JSON Lines, CSV, .xlsx or Parquet file, or folder of files with manifest.csv; or its URL."),
]
ProductOption = Annotated[str, typer.Option(help="name/version, or a product file.")]


@group.command()
def check(
    ctx: typer.Context,
    upload: UploadArgument,
    product: ProductOption,
    report_errors: ReportOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = 1,
    mapping: MappingOption = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Number of processes; 0 for one on each core.")] = 0,
    products: Folders = None,
    governed: Annotated[
        bool, typer.Option("--governed", help="Ask the chain which numbers governors accepted, as `anchor` does.")
    ] = False,
) -> int:
    """Report every fault of a file and summarise its content. Writes nothing, and asks no chain. 上传前检查

    Exit code 0: `anchor` would take the file; 4: it has faults.
    """
    from creditchain.acts.checking_uploads import check_upload
    from creditchain.batch.accepting.rules import Rules, day_in_china
    from creditchain.batch.making.task import BatchLimits
    from creditchain.batch.readers.upload import find_upload
    from creditchain.catalogue.products import load_product
    from creditchain.catalogue.regions import number_exceptions

    output = settings(ctx).output
    kind = load_product(product, folders_of(products))
    reading = reading_of(encoding, sheet, header_row, mapping, kind)
    found = find_upload(upload, reading)
    accepted = number_exceptions() | (governed_numbers(settings(ctx)) if governed else frozenset())
    with reporting(report_errors, upload, product, mapping) as report, output.stages() as watch:

        def tell(problem: Problem) -> None:
            if report is not None:
                report(found.name, problem)

        rules = Rules(kind, latest=day_in_china(time.time()), exceptions=accepted)
        checked = check_upload(found, rules, limits=BatchLimits(workers=workers), report=tell, watch=watch)
    value = described(found.name, kind.ref, reading, checked)
    if output.as_json:
        output.emit(value)
    else:
        show(output, found.name, checked)
    return ExitCode.OK if checked.clean else ExitCode.BAD_INPUT


@mappings.command("new")
def new_mapping(
    ctx: typer.Context,
    product: ProductOption,
    source: Annotated[str, typer.Option("--from", help="A table with your columns: CSV, .xlsx or Parquet.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="The mapping to write.")],
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = 1,
    products: Folders = None,
    force: ForceOption = False,
) -> None:
    """Draft a mapping from a table's header: matching columns are filled in, the rest is left to you. 起草映射文件"""
    from creditchain.acts.drafting_mappings import draft_mapping
    from creditchain.batch.readers.upload import find_upload
    from creditchain.catalogue.products import load_product
    from creditchain.home.files import check_output, write_file

    check_output(out, overwrite=force, inputs=[Path(source)])
    kind = load_product(product, folders_of(products))
    draft = draft_mapping(find_upload(source, reading_of(encoding, sheet, header_row, None, kind)), kind)
    write_file(out, draft.text, overwrite=force)
    settings(ctx).output.emit({"mapping": str(out), "filled": list(draft.filled), "unfilled": list(draft.open)})
