"""`creditchain sample`: synthetic uploads, for trying things out and for benchmarks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.output_files import ForceOption
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.report_choices import day_of_report
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.cli.output import Output
    from creditchain.sample import Form, Sample


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sample)


def sample(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write; a folder with --all-products.")],
    records: Annotated[
        int | None,
        typer.Option(help="How many documents; by default all that the enterprises have, or 10,000."),
    ] = None,
    enterprises: Annotated[
        int | None,
        typer.Option(help="How many enterprises; by default as many as have so many records."),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The day, YYYY-MM-DD, on which the sample is made: nothing in it is later.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same documents.")] = 0,
    product: Annotated[str, typer.Option(help="name/version, or a product file.")] = "registry-basic/1",
    all_products: Annotated[
        bool, typer.Option("--all-products", help="Write a file for each product of the catalogue.")
    ] = False,
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv or parquet; by default what the file's name says.")
    ] = None,
    force: ForceOption = False,
    products: Folders = None,
) -> None:
    """Write a synthetic upload about made-up enterprises of the three regions, each with one life. 样例"""
    from creditchain.catalogue.products import catalogue, load_product
    from creditchain.home.files import check_output
    from creditchain.sample import DEFAULT_RECORDS, FORMS, LAST_DAY, Form, Sample, form_of

    if form is not None and form not in FORMS:
        raise UsageError("a format that is not known", expected=", ".join(FORMS), found=form)
    if all_products:
        chosen, kind = catalogue(folders_of(products)), Form(form or "jsonl")
        paths = [out / f"{found.name}-{found.version}.{kind}" for found in chosen]
    else:
        chosen, paths = [load_product(product, folders_of(products))], [out]
        kind = Form(form) if form else form_of(out)
    count = DEFAULT_RECORDS if records is None and enterprises is None else records
    day = LAST_DAY if as_of is None else day_of_report(as_of)
    output = settings(ctx).output
    for path in paths:
        check_output(path, overwrite=force)
    written = [
        _write(output, Sample(found, count, enterprises, seed, day), path, kind, force=force)
        for found, path in zip(chosen, paths, strict=True)
    ]
    output.table(["file", "product", "records", "bytes", "seconds"], written)


def _write(output: Output, sample: Sample, path: Path, kind: Form, *, force: bool) -> list[object]:
    from creditchain.sample import write_sample

    began = time.monotonic()
    with output.progress(sample.product.ref, sample.size) as bar:
        size = write_sample(sample, path, kind, lambda rows: bar.advance(bar.task_ids[0], rows), overwrite=force)
    return [str(path), sample.product.ref, sample.size, size, round(time.monotonic() - began, 2)]
