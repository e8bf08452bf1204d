"""`creditchain dispute file`, `answer`: what nodes do about a dispute."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, acting
from creditchain.cli.naming import ReasonOption, RecordArgument, named_record
from creditchain.cli.record_state import described
from creditchain.cli.settings import settings
from creditchain.errors import UsageError
from creditchain.vocabulary import DisputeState


class DisputeOutcome(StrEnum):
    """What a publisher may answer."""

    CORRECTED = "corrected"
    UPHELD = "upheld"
    UNRESOLVED = "unresolved"


def file(
    ctx: typer.Context,
    record: RecordArgument,
    platform: Annotated[int, typer.Option(help="The platform that files, by its node number.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Mark a record as disputed at once. For platforms, on behalf of the enterprise. 提出异议"""
    from creditchain.acts.disputing import file_dispute
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("filing: waiting for a final block"):
        named = named_record(record, region)
        made = file_dispute(region, outbox, Home(chosen.home), named, platform, reason)
    kept = {"filing": made.filing, "reason_file": str(made.reason.path), "reason_digest": made.reason.digest}
    chosen.output.emit(described(made.state) | kept)


def answer(
    ctx: typer.Context,
    record: RecordArgument,
    outcome: Annotated[DisputeOutcome, typer.Option(help="What came of it.")],
    reason: ReasonOption,
    filing: Annotated[int | None, typer.Option(min=1, help="Number of the filing, if several are open.")] = None,
    correction: Annotated[
        str | None, typer.Option("--correction", help="Package of the correcting record, if corrected.")
    ] = None,
    signer: SignerOption = None,
) -> None:
    """Answer a dispute: corrected, upheld or unresolved. For the publisher. 答复异议

    Before it is corrected, the record is superseded by the correcting one (`record supersede`).
    """
    from creditchain.acts.disputing import answer_dispute
    from creditchain.home.layout import Home

    if (outcome is DisputeOutcome.CORRECTED) != (correction is not None):
        raise UsageError(
            "corrected needs the correcting record, the other outcomes have none", hint="--correction FILE"
        )
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("answering: waiting for a final block"):
        named = named_record(record, region)
        later = None if correction is None else named_record(correction, region)
        if later is not None and later.package is None:
            raise UsageError(
                "a correction is proven", expected="a package file", found="a name", hint="--correction FILE"
            )
        given = None if later is None else later.package
        made = answer_dispute(
            *(region, outbox, Home(chosen.home), named, DisputeState[outcome.name], reason),
            filing=filing,
            correction=given,
        )
    kept = {"filing": made.filing, "reason_file": str(made.reason.path), "reason_digest": made.reason.digest}
    chosen.output.emit(described(made.state) | kept)
