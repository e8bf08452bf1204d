"""`creditchain query meter`, `evidence`: deliveries on the ledger, and what anyone can prove of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, SignerOption, acting, open_region
from creditchain.cli.handing import digits, load, require_here, tell
from creditchain.cli.query import group
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode, InputError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.consent_calls import Delivery
    from creditchain.chain.consents import ConsentReads
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region
    from creditchain.log.views import LogEntry, Metered
    from creditchain.messages import DeliveryReceipt

#: Deliveries in one transaction: 100 take about six million gas.
_TOGETHER = 100


@dataclass(frozen=True)
class _Item:
    """A package to meter."""

    file: Path
    delivery: Delivery


@group.command()
def meter(
    ctx: typer.Context,
    packages: Annotated[list[Path], typer.Argument(metavar="PACKAGE...", help="Delivered report packages.")],
    signer: SignerOption = None,
) -> int:
    """Write deliveries to the ledger, up to 100 in a transaction. One that does not fit does not sink the others. 计量

    Exit code 0: all are on the ledger. 5: one was rejected, which consumes nothing; the reason is shown.
    """
    from creditchain.chain.clock import await_time

    chosen = settings(ctx)
    items = [_Item(path, _delivery(path)) for path in packages]
    rows: list[dict[str, Any]] = []
    with acting(chosen, signer) as (region, outbox):
        for item in items:
            require_here(region, item.delivery.request.domain, "QueryLedger")
        await_time(region.chain, max(item.delivery.receipt.delivered_at for item in items))
        for start in range(0, len(items), _TOGETHER):
            with chosen.output.progress("metering: waiting for a final block"):
                rows += _meter(region, outbox, items[start : start + _TOGETHER])
    chosen.output.table(
        ["package", "request", "finding", "结论", "entry", "flags", "why"],
        [_cells(one) for one in rows],
        value=rows,
    )
    return ExitCode.OK if all(one["metered"] for one in rows) else ExitCode.REFUSED


@group.command()
def evidence(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Report package, request file, or 0xID of a request.")],
    rpc: RpcOption = None,
) -> int:
    """What the chain says of a request: the delivery, and its proof down to the root of the region's log. 查询证据

    Exit code 0: metered. 1: another receipt was metered, or the receipt's time is over and nothing was. 3: nothing yet.
    """
    from creditchain.chain.consents import ConsentReads

    chosen = settings(ctx)
    request, receipt, domain = _asked(query)
    with open_region(chosen, rpc) as region:
        if domain is not None:
            require_here(region, domain, "QueryLedger")
        block = region.chain.final_block()
        reads = ConsentReads(region)
        metered = reads.metered(request, block.number)
        shown: dict[str, Any] = {"request": request, "block": block.number, "block_time": block.time}
        if metered is None:
            code = _unmetered(shown, receipt, block.time)
        else:
            shown |= _proof(region, reads, request, metered, block.number)
            code = _metered(shown, receipt, metered)
    tell(chosen.output, shown)
    return code


def _cells(row: dict[str, Any]) -> list[object]:
    compared = f"; expected {row['expected']}, found {row['found']}" if row.get("expected") else ""
    shown = [row[name] for name in ("request", "finding", "zh", "entry", "flags")]
    return [row["file"], *shown, row["why"] + compared]


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
    return Delivery(found.request, found.receipt, found.request_signature, found.receipt_signature)


def _meter(region: Region, outbox: Outbox, items: Sequence[_Item]) -> Iterator[dict[str, Any]]:
    """Meter what is not on the ledger yet, in one transaction, and say of each what came of it."""
    from creditchain.chain.consent_calls import ConsentCalls
    from creditchain.chain.consents import ConsentReads

    reads = ConsentReads(region)
    waiting = [item for item in items if not _is(reads.metered(item.delivery.request.id), item.delivery.receipt)]
    rejected = {}
    if waiting:
        call = ConsentCalls(region.deployment).meter([item.delivery for item in waiting])
        receipt = outbox.submit(_intent(outbox, waiting), call)
        rejected = {id(waiting[one.index]): one.finding for one in reads.rejected(receipt.logs)}
    for item in items:
        yield _row(region, reads, item, rejected.get(id(item)))


def _intent(outbox: Outbox, items: Sequence[_Item]) -> str:
    """One name for one attempt: after a crash it is gone on with; what was rejected can be handed in again."""
    from creditchain.hashing import keccak256

    digest = keccak256(b"".join(item.delivery.receipt.struct_hash() for item in items)).hex()
    attempt = 0
    while outbox.state(f"meter {digest} {attempt}") == "final":
        attempt += 1
    return f"meter {digest} {attempt}"


def _row(region: Region, reads: ConsentReads, item: _Item, finding: Any) -> dict[str, Any]:
    from creditchain.consents.findings import MEANING
    from creditchain.vocabulary import Finding, MeterFlag

    delivery = item.delivery
    row: dict[str, Any] = {"file": str(item.file), "request": delivery.request.id, "metered": finding is None}
    if finding is not None:
        said = {"finding": finding.label, "zh": finding.zh, "entry": None, "flags": None}
        return row | said | {"why": MEANING[finding], **_explained(region, delivery, finding)}
    found = reads.metered(delivery.request.id)
    flags = MeterFlag(found.flags & 7) if found is not None else MeterFlag(0)
    named = {MeterFlag.OVERDRAWN: Finding.OVERDRAWN, MeterFlag.OPEN: Finding.WITHOUT_CONSENT}
    known = next((named[flag] for flag in named if flags & flag), Finding.FITS)
    late = ", late" if flags & MeterFlag.LATE else ""
    place = {"entry": found.entry if found is not None else None, "flags": int(flags)}
    return row | {"finding": known.label, "zh": known.zh, **place, "why": MEANING[known] + late}


def _explained(region: Region, delivery: Delivery, finding: Any) -> dict[str, str | None]:
    """What was expected and found, where judging here comes to the ledger's finding."""
    from creditchain.consents.errors import QueryRefusedError
    from creditchain.consents.judging import judge
    from creditchain.evidence.query import view_of

    time = delivery.receipt.delivered_at
    try:
        judge(delivery.request, view_of(region, delivery.request, delivery.request_signature, time))
    except QueryRefusedError as error:
        if error.finding == finding:
            return {"expected": error.expected, "found": error.found}
    return {}


def _is(metered: Metered | None, receipt: DeliveryReceipt) -> bool:
    """Whether the ledger has the delivery of exactly this receipt."""
    return metered is not None and metered.receipt == receipt.struct_hash()[:24]


def _asked(text: str) -> tuple[bytes, DeliveryReceipt | None, Any]:
    """Which request, and its receipt if the file holds one."""
    from creditchain.packages.reading import format_of
    from creditchain.packages.report_package import parse_report_package
    from creditchain.packages.request_file import REQUEST_FORMAT, parse_request

    if text.startswith("0x") and len(text) == 66:
        return digits(text, "a request's id"), None, None
    path = Path(text)
    if not path.is_file():
        raise UsageError("this names no request", expected="a package, a request file, or 0x and 64 hex digits")
    if path.stat().st_size < 1 << 18 and load(path, format_of) == REQUEST_FORMAT:
        request = load(path, parse_request).request
        return request.id, None, request.domain
    delivery = load(path, parse_report_package).delivery
    if delivery is None:
        raise InputError("the package holds no delivery", place=Place(str(path), field="delivery"))
    return delivery.request.id, delivery.receipt, delivery.request.domain


def _unmetered(shown: dict[str, Any], receipt: DeliveryReceipt | None, time: int) -> int:
    if receipt is None:
        shown |= {"state": "not metered", "state_zh": "未计量"}
        return ExitCode.COULD_NOT_CHECK
    overdue = time > receipt.meter_by
    said = ("overdue", "逾期未计量") if overdue else ("promised", "已承诺")
    shown |= {"meter_by": receipt.meter_by, "state": said[0], "state_zh": said[1]}
    return ExitCode.NOT_VALID if overdue else ExitCode.COULD_NOT_CHECK


def _metered(shown: dict[str, Any], receipt: DeliveryReceipt | None, metered: Metered) -> int:
    shown |= {"state": "metered", "state_zh": "已计量"}
    if receipt is None or _is(metered, receipt):
        return ExitCode.OK
    shown |= {"state": "another delivery was metered", "state_zh": "该请求对应另一次交付"}
    return ExitCode.NOT_VALID


def _proof(region: Region, reads: ConsentReads, request: bytes, metered: Metered, block: int) -> dict[str, Any]:
    """The delivery, its item in the log entry, the entry in the log: each with its inclusion proof.

    Raises LyingEndpointError where events and log contradict each other.
    """
    from creditchain.chain.errors import LyingEndpointError
    from creditchain.log.entries import QueriesBody, delivery_item
    from creditchain.merkle import inclusion_proof, root
    from creditchain.messages import DeliveryReceipt

    entries: Sequence[LogEntry] = region.entries(block)
    entry = entries[metered.entry] if metered.entry < len(entries) else None
    events = reads.delivered(first=entry.block, last=entry.block) if entry is not None else ()
    found = [one for one in events if one.entry == metered.entry]
    domain = reads.domain("QueryLedger")
    receipts = [
        DeliveryReceipt(domain, one.request, one.report, one.delivered_at, one.meter_by).struct_hash() for one in found
    ]
    items = [delivery_item(receipt, one.flags) for receipt, one in zip(receipts, found, strict=True)]
    index = next((place for place, one in enumerate(found) if one.request == request), None)
    if entry is None or index is None or entry.body_hash != QueriesBody(root(items), len(items)).body_hash():
        raise LyingEndpointError("the ledger's events do not give its log entry", expected=f"entry {metered.entry}")
    one = found[index]
    return {
        "institution": one.institution,
        "provider": one.provider,
        "consent": one.consent,
        "report": one.report,
        "delivered_at": one.delivered_at,
        "meter_by": one.meter_by,
        "metered_at": entry.time,
        "flags": one.flags,
        "receipt": receipts[index],
        "transaction": one.transaction_hash,
        "item": {
            "index": index,
            "size": len(items),
            "root": root(items),
            "proof": _hexed(inclusion_proof(items, index)),
        },
        "entry": {
            "index": entry.index,
            "hash": entry.hash,
            "size": len(entries),
            "root": region.log_root(block),
            "proof": _hexed(inclusion_proof([one.hash for one in entries], entry.index)),
        },
    }


def _hexed(path: Sequence[bytes]) -> list[str]:
    return ["0x" + sibling.hex() for sibling in path]
