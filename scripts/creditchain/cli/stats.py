"""`creditchain stats`: what a region's log says, counted; and statements of account between two members."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli import stats_account
from creditchain.cli.files import load
from creditchain.cli.output_files import ForceOption
from creditchain.cli.product_folders import Folders
from creditchain.cli.settings import settings
from creditchain.cli.stats_shown import Shown, show

group = typer.Typer(
    no_args_is_help=True,
    help="Statistics of the region's log: calls, batches, consents, disputes, loans; statements of account. 统计与对账",
)

ByOption = Annotated[str, typer.Option("--by", help="Dimensions, joined by commas; see above.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First month to count, YYYY-MM (in UTC+8).")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last month to count, YYYY-MM.")]
ChartOption = Annotated[
    Path | None,
    typer.Option("--chart", help="Also draw bars: a .png or .svg file. Needs pip install 'creditchain[charts]'."),
]
ListsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--list", help="An institution's list behind a report, for the breakdown; may be given several times."
    ),
]


@group.command()
def calls(
    ctx: typer.Context,
    by: ByOption = "month",
    first: FromOption = None,
    last: ToOption = None,
    products: Folders = None,
    chart: ChartOption = None,
    force: ForceOption = False,
) -> None:
    """Count metered deliveries by month, institution, kind, region, division, provider, via, product, purpose. 查询统计

    A call belongs to the month of its delivery; region, division and kind are the institution's. `without_consent`,
    `overdrawn`, `late`, `old` and `paused` say how many of the calls the ledger marked so.
    """
    show(settings(ctx), Shown("calls", by, first, last, products, chart, force))


@group.command()
def batches(
    ctx: typer.Context,
    by: ByOption = "month",
    first: FromOption = None,
    last: ToOption = None,
    products: Folders = None,
    chart: ChartOption = None,
    force: ForceOption = False,
) -> None:
    """Count anchored batches and their records by month, node, region, division, product. 锚定统计

    `declared_enterprises` adds up what each batch declares, so an enterprise counts in every batch that it is in.
    `spoiled` batches, broken or annulled ones, are counted among all, too.
    """
    show(settings(ctx), Shown("batches", by, first, last, products, chart, force))


@group.command()
def consents(
    ctx: typer.Context,
    by: ByOption = "month",
    first: FromOption = None,
    last: ToOption = None,
    chart: ChartOption = None,
    force: ForceOption = False,
) -> None:
    """Count consents by month, institution, kind, region, division, platform, purpose. 授权统计

    Each grant, revocation, pause and resumption counts in the month in which it happened. `taken_back`: by the
    enterprise, before it was granted.
    """
    show(settings(ctx), Shown("consents", by, first, last, None, chart, force))


@group.command()
def disputes(
    ctx: typer.Context,
    by: ByOption = "month",
    first: FromOption = None,
    last: ToOption = None,
    chart: ChartOption = None,
    force: ForceOption = False,
) -> None:
    """Count disputes and how long answers took by month of filing, node, region, division, platform. 异议统计

    `node` published the record, `platform` filed the dispute. An answer is in time within 20 days.
    """
    show(settings(ctx), Shown("disputes", by, first, last, None, chart, force))


@group.command()
def loans(
    ctx: typer.Context,
    by: ByOption = "month",
    first: FromOption = None,
    last: ToOption = None,
    lists: ListsOption = None,
    chart: ChartOption = None,
    force: ForceOption = False,
) -> None:
    """Add up reported loans by month, institution, kind, region, division. 放贷统计

    The last report of a month counts. How many loans were small, first-time or unsecured is in the lists that
    institutions keep; each --list is held against the digest in the log first.
    """
    from creditchain.packages.loan_list import parse_list

    read = tuple(load(path, parse_list) for path in lists or ())
    show(settings(ctx), Shown("loans", by, first, last, None, chart, force), read)


group.command()(stats_account.account)
group.command()(stats_account.prices)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="stats")
