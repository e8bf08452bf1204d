"""`creditchain query meter`: deliveries come to the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting
from creditchain.cli.files import load
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode, InputError, Place

if TYPE_CHECKING:
    from creditchain.acts.metering import MeterResult
    from creditchain.chain.consent_calls import Delivery


def meter(
    ctx: typer.Context,
    packages: Annotated[list[Path], typer.Argument(metavar="PACKAGE...", help="Delivered report packages.")],
    signer: SignerOption = None,
) -> int:
    """Write deliveries to the ledger, up to 100 in a transaction. A rejected one does not hold up the others. 计量

    Exit code 0: all are on the ledger. 5: one was rejected, which consumes nothing; the reason is shown.
    """
    from creditchain.acts import metering

    chosen, deliveries = settings(ctx), [_delivery(path) for path in packages]
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("metering: waiting for a final block"):
        results = metering.meter(region, outbox, deliveries)
    rows = [_row(path, one) for path, one in zip(packages, results, strict=True)]
    chosen.output.table(
        ["package", "request", "finding", "结论", "entry", "flags", "why"],
        [_cells(one) for one in rows],
        value=rows,
    )
    return ExitCode.OK if all(one.metered for one in results) else ExitCode.REFUSED


def _delivery(path: Path) -> Delivery:
    from creditchain.chain.consent_calls import Delivery
    from creditchain.packages.report_package import parse_report_package

    found = load(path, parse_report_package).delivery
    if found is None:
        raise InputError(
            "the package holds no delivery",
            hint="`creditchain query deliver`",
            place=Place(str(path), field="delivery"),
        )
    signatures = found.request_signature, found.receipt_signature, found.broker_signature
    return Delivery(found.request, found.receipt, *signatures)


def _row(path: Path, result: MeterResult) -> dict[str, Any]:
    from creditchain.consents.findings import MEANING
    from creditchain.vocabulary import MeterFlag

    shown = (MeterFlag.LATE, MeterFlag.OLD, MeterFlag.PAUSED)
    flagged = "".join(f", {str(flag.name).lower()}" for flag in shown if result.flags & flag)
    row: dict[str, Any] = {
        "file": str(path),
        "request": result.request,
        "metered": result.metered,
        "finding": result.finding.label,
        "zh": result.finding.zh,
        "entry": result.entry,
        "flags": int(result.flags) if result.metered else None,
        "why": MEANING[result.finding] + flagged,
    }
    return row if result.expected is None else row | {"expected": result.expected, "found": result.found}


def _cells(row: dict[str, Any]) -> list[object]:
    compared = f"; expected {row['expected']}, found {row['found']}" if row.get("expected") else ""
    shown = [row[name] for name in ("request", "finding", "zh", "entry", "flags")]
    return [row["file"], *shown, row["why"] + compared]
