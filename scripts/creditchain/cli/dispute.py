"""`creditchain dispute`: an enterprise objects to a record; the publisher answers within 20 days (art. 25)."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.naming import NamedRecord, ReasonOption, RecordArgument, named_record
from creditchain.cli.record import described
from creditchain.cli.settings import settings
from creditchain.errors import UsageError
from creditchain.vocabulary import DisputeState, EntryKind

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.log.views import Correction

group = typer.Typer(no_args_is_help=True, help="Disputes about records: file, answer, list. 异议处理")


class Answer(StrEnum):
    """What a publisher may answer."""

    CORRECTED = "corrected"
    UPHELD = "upheld"
    UNRESOLVED = "unresolved"


def register(app: typer.Typer) -> None:
    """Add the group."""
    # What enterprises sign themselves adds itself to the group.
    importlib.import_module("creditchain.cli.dispute_signed")
    app.add_typer(group, name="dispute")


@group.command()
def file(
    ctx: typer.Context,
    record: RecordArgument,
    platform: Annotated[int, typer.Option(help="The platform that files, by its node number.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Mark a record as disputed, at once. For platforms, in the name of the enterprise."""
    from creditchain.home.reasons import keep_reason

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        named = named_record(record, region)
        intent = f"dispute {named} {_round(region, named)}"
        kept = keep_reason(chosen.home, f"{intent} {region.deployment.log_id.hex()}", reason)
        call = region.calls.file_dispute(platform, named.node, named.leaf, kept.digest)
        with chosen.output.progress("filing: waiting for a final block"):
            outbox.submit(intent, call)
        state = region.record(named.node, named.leaf, region.chain.final_block().number)
    chosen.output.emit(described(state) | {"reason_file": str(kept.path), "reason_digest": kept.digest})


@group.command()
def answer(
    ctx: typer.Context,
    record: RecordArgument,
    outcome: Annotated[Answer, typer.Option(help="What came of it.")],
    reason: ReasonOption,
    correction: Annotated[
        str | None, typer.Option("--correction", help="Package of the correcting record, when corrected.")
    ] = None,
    signer: SignerOption = None,
) -> None:
    """Answer an open dispute: corrected, upheld or unresolved. For the node that published the record."""
    from creditchain.home.reasons import keep_reason

    if (outcome is Answer.CORRECTED) != (correction is not None):
        raise UsageError(
            "corrected needs the correcting record, the other outcomes have none", hint="--correction FILE"
        )
    chosen = settings(ctx)
    state = DisputeState[outcome.name]
    with acting(chosen, signer) as (region, outbox):
        named = named_record(record, region)
        given = _correction(correction, region) if correction is not None else None
        intent = f"answer {named} {_round(region, named)}"
        kept = keep_reason(chosen.home, f"{intent} {region.deployment.log_id.hex()}", reason)
        call = region.calls.answer_dispute(named.node, named.leaf, state, kept.digest, given)
        with chosen.output.progress("answering: waiting for a final block"):
            outbox.submit(intent, call)
        found = region.record(named.node, named.leaf, region.chain.final_block().number)
    chosen.output.emit(described(found) | {"reason_file": str(kept.path), "reason_digest": kept.digest})


@group.command("list")
def list_disputes(
    ctx: typer.Context,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open ones whose answer was due.")] = False,
    open_only: Annotated[bool, typer.Option("--open", help="Only open ones.")] = False,
    node: Annotated[int | None, typer.Option(help="Only about records of this node.")] = None,
) -> None:
    """The last dispute of every record that was ever disputed, from the region's log."""
    chosen = settings(ctx)
    with open_region(chosen) as region:
        block = region.chain.final_block()
        found = [one for one in _disputes(region, block.number) if node in (None, one["node"])]
    for one in found:
        one["overdue"] = one["state"] == DisputeState.OPEN.label and one["due_at"] < block.time
    kept = [
        one
        for one in found
        if (one["overdue"] or not overdue) and (one["state"] == DisputeState.OPEN.label or not open_only)
    ]
    kept.sort(key=lambda one: one["due_at"])
    chosen.output.table(
        ["node", "leaf", "platform", "state", "状态", "filed", "due", "overdue"],
        [
            [
                one["node"],
                one["leaf"],
                one["platform"],
                one["state"],
                one["state_zh"],
                _day(one["filed_at"]),
                _day(one["due_at"]),
                "overdue 逾期" if one["overdue"] else "",
            ]
            for one in kept
        ],
        title=f"disputes as of block {block.number}",
        value=kept,
    )


def _disputes(region: Region, block: int) -> list[dict[str, Any]]:
    """Fold the log's dispute entries: the last one of each record says how things stand."""
    last: dict[tuple[int, bytes], dict[str, Any]] = {}
    for entry in region.entries(block):
        if entry.kind != EntryKind.DISPUTE or entry.body is None:
            continue
        state, key = DisputeState(entry.body["state"]), (entry.body["node"], entry.body["leaf"])
        filed_at = entry.time if state is DisputeState.OPEN or key not in last else last[key]["filed_at"]
        last[key] = {
            "node": key[0],
            "leaf": key[1],
            "platform": entry.body["platform"],
            "state": state.label,
            "state_zh": state.zh,
            "filed_at": filed_at,
            "due_at": entry.body["due_at"],
            "answered_at": 0 if state is DisputeState.OPEN else entry.time,
        }
    return list(last.values())


def _round(region: Region, named: NamedRecord) -> int:
    """Which dispute of the record this is about: a record can be disputed again, and each time is an act of its own."""
    return region.record(named.node, named.leaf).disputed_at


def _correction(text: str, region: Region) -> Correction:
    from creditchain.log.views import Correction

    later = named_record(text, region)
    if later.package is None:
        raise UsageError("a correction is proven", expected="a package file", found="a name", hint="--correction FILE")
    batch = later.package.batch
    return Correction(batch.root, batch.index, later.leaf, batch.proof)


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
