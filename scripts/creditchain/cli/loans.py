"""`creditchain loans`: what an institution lent in a month after queries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.handing import load
from creditchain.cli.settings import settings
from creditchain.errors import InputError, Place

if TYPE_CHECKING:
    from creditchain.chain.consents import ConsentReads, LoanTotal
    from creditchain.chain.region import Region

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
    correct: Annotated[bool, typer.Option("--correct", help="Correct what was reported for this month.")] = False,
    signer: SignerOption = None,
) -> None:
    """Report a month's loans: count, sum and a digest of the queries go on chain. The list stays in the home folder."""
    from creditchain.chain.consent_calls import ConsentCalls, LoanReport
    from creditchain.chain.consents import ConsentReads
    from creditchain.hashing import keccak256
    from creditchain.packages.loan_list import FOLDER, keep_list, read_queries

    chosen = settings(ctx)
    listed = () if queries is None else load(queries, lambda raw: read_queries(_text(raw)))
    if amount_fen >= 2**128:
        raise InputError("no sum of loans is as large", expected="less than 2^128 fen")
    with acting(chosen, signer) as (region, outbox):
        reads = ConsentReads(region)
        _require_metered(region, reads, institution, listed)
        revision = _revision(reads.loans(institution, month), month, correct)
        intent = f"loans {institution} {month} {revision}"
        name = keccak256(f"{intent} {region.deployment.log_id.hex()}".encode()).hex()[:32]
        kept = keep_list(chosen.home / FOLDER / f"{name}.json", listed)
        call = ConsentCalls(region.deployment).report_loans(
            LoanReport(institution, month, revision, count, amount_fen, kept.digest)
        )
        with chosen.output.progress("reporting: waiting for a final block"):
            outbox.submit(intent, call)
        total = reads.loans(institution, month, region.chain.final_block().number)
    chosen.output.emit(_shown(institution, month, total) | {"digest": kept.digest, "queries": len(listed)})


@group.command()
def show(ctx: typer.Context, institution: InstitutionOption, month: MonthOption) -> None:
    """What an institution reported for a month, as of the newest final block."""
    from creditchain.chain.consents import ConsentReads

    chosen = settings(ctx)
    with open_region(chosen) as region:
        total = ConsentReads(region).loans(institution, month, region.chain.final_block().number)
    chosen.output.emit(_shown(institution, month, total))


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InputError("the list is no text", expected="UTF-8") from error


def _require_metered(region: Region, reads: ConsentReads, institution: int, listed: tuple[bytes, ...]) -> None:
    """Loans follow queries that the ledger has, of this institution."""
    from creditchain.consents.errors import TermsError

    if not listed:
        return
    block = region.chain.head().number
    asked = {one.request: one.institution for one in reads.delivered(last=block)}
    for one in listed:
        if asked.get(one) != institution:
            raise TermsError(
                "a query of the list is not on the ledger as this institution's",
                expected=f"a metered query of node {institution}",
                found="0x" + one.hex() + (f", of node {asked[one]}" if one in asked else ", not metered"),
                place=Place(field="queries"),
            )


def _revision(total: LoanTotal | None, month: int, correct: bool) -> int:
    from creditchain.consents.errors import TermsError

    if total is not None and not correct:
        raise TermsError(
            f"the month {month} was reported already",
            expected="--correct, to correct it",
            found=f"{total.reports} report(s), {total.count} loans",
        )
    if total is None and correct:
        raise TermsError(f"the month {month} was not reported yet", hint="Leave out --correct.")
    return 0 if total is None else total.reports


def _shown(institution: int, month: int, total: LoanTotal | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "institution": institution,
        "month": month,
        "reports": 0 if total is None else total.reports,
    }
    if total is None:
        return shown
    return shown | {"count": total.count, "amount_fen": total.amount, "entry": total.entry}
