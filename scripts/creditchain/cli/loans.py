"""`creditchain loans`: what an institution lent in a month after queries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.files import load, text_of
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.chain.consents import LoanTotal
    from creditchain.packages.loan_list import Breakdown

_SUM = re.compile(r"([0-9]{1,10}):([0-9]{1,39})", re.ASCII)

group = typer.Typer(no_args_is_help=True, help="Monthly loans that followed queries: report, show. 放贷统计")

InstitutionOption = Annotated[int, typer.Option(help="The institution, by its node number.")]
_PART = "Of these, as COUNT:FEN, to"
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
    small: Annotated[str | None, typer.Option(help=f"{_PART} small and micro enterprises 小微.")] = None,
    first_time: Annotated[str | None, typer.Option(help=f"{_PART} enterprises that had none before 首贷.")] = None,
    unsecured: Annotated[str | None, typer.Option(help="Likewise, on credit alone 信用贷.")] = None,
    correct: Annotated[bool, typer.Option("--correct", help="Correct the report of this month.")] = False,
    signer: SignerOption = None,
) -> None:
    """Report a month's loans: count, sum and a digest of queries and breakdown go on chain; the list stays here. 报送

    Give all three parts of the breakdown, 0:0 where there is none, or none of them. Whoever gets the list from you can
    hold it against the chain: `creditchain stats loans --list FILE`.
    """
    from creditchain.acts.lending import Loans, report_loans
    from creditchain.home.layout import Home
    from creditchain.packages.loan_list import read_queries

    chosen = settings(ctx)
    listed = () if queries is None else load(queries, lambda raw: read_queries(text_of(raw)))
    broken_down = _breakdown((small, first_time, unsecured))
    loans = Loans(institution, month, count, amount_fen, listed, broken_down)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("reporting: waiting for a final block"):
        made = report_loans(region, outbox, Home(chosen.home), loans, correct=correct)
    chosen.output.emit(_shown(institution, month, made.total) | {"digest": made.digest, "queries": len(listed)})


def _breakdown(parts: tuple[str | None, ...]) -> Breakdown | None:
    from creditchain.packages.loan_list import Breakdown, LoanSum

    given = [part for part in parts if part is not None]
    if not given:
        return None
    found = [_SUM.fullmatch(part) for part in given]
    sums = [LoanSum(int(one[1]), int(one[2])) for one in found if one is not None]
    if len(sums) != len(parts):
        expected = "--small, --first-time and --unsecured, each as COUNT:FEN; or none of them"
        raise UsageError("this is no breakdown", expected=expected)
    return Breakdown(*sums)


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
