"""`creditchain loans`: what an institution lent in a month after queries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.files import load, text_of
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.chain.consents import LoanTotal

group = typer.Typer(no_args_is_help=True, help="Monthly loans that followed queries: report, show. 放贷统计")

InstitutionOption = Annotated[int, typer.Option(help="The institution, by its node number.")]
MonthOption = Annotated[int, typer.Option(help="YYYYMM, a month that is over (in UTC+8).")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="loans")


@group.command()
def report(
    ctx: typer.Context,
    institution: InstitutionOption,
    month: MonthOption,
    count: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Number of loans.")],
    amount_fen: Annotated[int, typer.Option(min=0, help="Their sum in fen.")],
    queries: Annotated[
        Path | None, typer.Option(help="The queries that they followed: a text file, the id of a request a line.")
    ] = None,
    correct: Annotated[bool, typer.Option("--correct", help="Correct the report of this month.")] = False,
    signer: SignerOption = None,
) -> None:
    """Report a month's loans: count, sum and a digest of the queries go on chain; the list stays here. 报送"""
    from creditchain.acts.lending import Loans, report_loans
    from creditchain.home.layout import Home
    from creditchain.packages.loan_list import read_queries

    chosen = settings(ctx)
    listed = () if queries is None else load(queries, lambda raw: read_queries(text_of(raw)))
    loans = Loans(institution, month, count, amount_fen, listed)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("reporting: waiting for a final block"):
        made = report_loans(region, outbox, Home(chosen.home), loans, correct=correct)
    chosen.output.emit(_shown(institution, month, made.total) | {"digest": made.digest, "queries": len(listed)})


@group.command()
def show(ctx: typer.Context, institution: InstitutionOption, month: MonthOption) -> None:
    """Show what an institution reported for a month, as of the newest final block. 查看报送"""
    from creditchain.acts.lending import loans_of

    chosen = settings(ctx)
    with open_region(chosen) as region:
        total = loans_of(region, institution, month)
    chosen.output.emit(_shown(institution, month, total))


def _shown(institution: int, month: int, total: LoanTotal | None) -> dict[str, Any]:
    reports = 0 if total is None else total.reports
    shown: dict[str, Any] = {"institution": institution, "month": month, "reports": reports}
    if total is None:
        return shown
    return shown | {"count": total.count, "amount_fen": total.amount, "entry": total.entry}
