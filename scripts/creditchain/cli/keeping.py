"""The sealed copy that commands keep in the home of a report which they receive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from creditchain.cli.settings import Settings

KeepOption = Annotated[
    bool, typer.Option("--keep/--no-keep", help="Keep the report in the home too, sealed, until `query purge`.")
]


def keep_copy(chosen: Settings, package: bytes, folders: Sequence[Path]) -> None:
    """Keep a sealed copy in the home; `folders`: of products. Raises PackageError, StorageError."""
    from creditchain.acts.keeping_reports import keep_report
    from creditchain.catalogue.products import catalogue
    from creditchain.home.layout import Home
    from creditchain.packages.report_package import parse_report_package

    products = {one.ref: one for one in catalogue(folders)}
    keep_report(Home.made(chosen.home), parse_report_package(package), package, products)
