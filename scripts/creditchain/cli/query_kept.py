"""`creditchain query kept`, `purge` and `staff`: what an institution keeps of its queries, and for how long."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.files import digits, is_id, load
from creditchain.cli.output_files import ForceOption, require_writable, save
from creditchain.cli.settings import settings
from creditchain.errors import CreditchainError, ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from creditchain.cli.output import Output
    from creditchain.home.received import Received


_COLUMNS = ["request", "provider", "delivered_at", "until", "last_day"]


def kept(
    ctx: typer.Context,
    opened: Annotated[
        str | None, typer.Option("--open", metavar="0xID", help="Write the report for this request, with --out.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write it.")] = None,
    force: ForceOption = False,
) -> int:
    """List the reports that `query ask` keeps in the home, and until when; --open writes one of them. 已保存报告

    They lie sealed in the home folder, each under a key of its own, until `query purge` destroys them.
    """
    from creditchain.acts.keeping_reports import kept_reports, open_kept
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    home = Home.existing(chosen.home)
    if (opened is None) != (out is None):
        raise UsageError("--open and --out go together")
    if opened is None or out is None:
        found = kept_reports(home)
        chosen.output.table(
            _COLUMNS,
            [_row(one) for one in found.reports],
            value=[_shown(one) for one in found.reports],
            title="kept reports",
        )
        return _worst(chosen.output, found.faults)
    request = digits(opened, "a request's id")
    require_writable(out, force=force)
    save(out, open_kept(home, request), force=force)
    chosen.output.emit({"written": str(out), "request": request})
    return int(ExitCode.OK)


def purge(ctx: typer.Context) -> int:
    """Destroy kept reports that may not be kept any longer. Run it once a day. 清除到期报告

    A report goes when the days that its consent allows are over, or when the retention of a record in it is. Copies
    outside of the home are not found. A report that cannot be looked at or removed is an error by itself, and the exit
    code is then not 0; all others go.
    """
    from creditchain.acts.keeping_reports import purge_due
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    done = purge_due(Home.existing(chosen.home), int(time.time()))
    chosen.output.table(
        _COLUMNS,
        [_row(one.report) for one in done.removed],
        value=[_shown(one.report) for one in done.removed],
        title="destroyed reports",
    )
    return _worst(chosen.output, done.faults)


def staff(
    ctx: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Request file, or 0xDIGEST of the member of staff in a request.")
    ],
) -> None:
    """Say who of the staff asked: opens the digest in a request. Only the home that signed it can. 查询人员"""
    from creditchain.acts.keeping_reports import staff_of
    from creditchain.home.layout import Home
    from creditchain.packages.request_file import parse_request

    chosen = settings(ctx)
    home = Home.existing(chosen.home)
    if is_id(query):
        digest = digits(query, "a digest")
    elif Path(query).is_file():
        digest = load(Path(query), parse_request).request.staff
    else:
        raise UsageError("this names no request", expected="a request file, or 0x and 64 hex digits")
    name = staff_of(home, digest)
    chosen.output.emit({"staff": name, "digest": digest})


def _worst(output: Output, faults: Sequence[CreditchainError]) -> int:
    """Tell what was wrong with single reports; the worst of their exit codes."""
    for one in faults:
        output.error(one)
    return int(max((one.exit_code for one in faults), default=ExitCode.OK))


def _row(one: Received) -> list[object]:
    from creditchain.times import moment

    until = "" if one.until is None else moment(one.until)
    return [one.request, one.provider, moment(one.delivered_at), until, one.last_day or ""]


def _shown(one: Received) -> dict[str, object]:
    return {
        "request": one.request,
        "institution": one.institution,
        "provider": one.provider,
        "delivered_at": one.delivered_at,
        "until": one.until,
        "last_day": None if one.last_day is None else one.last_day.isoformat(),
    }
