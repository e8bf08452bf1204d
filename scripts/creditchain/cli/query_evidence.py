"""`creditchain query evidence`: what the chain says of a request, and what anyone can prove of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.files import digits, is_id, load
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode, InputError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.evidence.delivery import Inclusion, MeteredDelivery
    from creditchain.messages import DeliveryReceipt, LogDomain

#: Files of requests are at most as large as this; report packages may be much larger.
_LARGEST_REQUEST = 1 << 18


@dataclass(frozen=True)
class _Asked:
    """A request by its id, with its receipt and domain where a file has them."""

    request: bytes
    receipt: DeliveryReceipt | None = None
    domain: LogDomain | None = None


def evidence(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Report package, request file, or 0xID of a request.")],
    rpc: RpcOption = None,
) -> int:
    """Show the delivery for a request, with its proof up to the root of the region's log. 查询证据

    Exit code 0: metered. 1: another receipt was metered, or the receipt's time is over and nothing was. 3: nothing yet.
    """
    from creditchain.acts.tracing import QueryState, trace

    chosen, asked = settings(ctx), _asked(query)
    with open_region(chosen, rpc) as region:
        found = trace(region, asked.request, asked.receipt, asked.domain)
    shown: dict[str, Any] = {"request": asked.request, "block": found.block.number, "block_time": found.block.time}
    if found.delivery is not None:
        shown |= _proof(found.delivery)
    elif asked.receipt is not None:
        shown |= {"meter_by": asked.receipt.meter_by}
    chosen.output.emit(shown | {"state": found.state.value, "state_zh": found.state.zh})
    codes = {
        QueryState.METERED: ExitCode.OK,
        QueryState.ANOTHER_METERED: ExitCode.NOT_VALID,
        QueryState.OVERDUE: ExitCode.NOT_VALID,
    }
    return codes.get(found.state, ExitCode.COULD_NOT_CHECK)


def _asked(text: str) -> _Asked:
    """Which request, and its receipt if the file holds one."""
    from creditchain.packages.reading import format_of
    from creditchain.packages.report_package import parse_report_package
    from creditchain.packages.request_file import REQUEST_FORMAT, parse_request

    if is_id(text):
        return _Asked(digits(text, "a request's id"))
    path = Path(text)
    if not path.is_file():
        raise UsageError("this does not name a request", expected="a package, a request file, or 0x and 64 hex digits")
    if path.stat().st_size < _LARGEST_REQUEST and load(path, format_of) == REQUEST_FORMAT:
        request = load(path, parse_request).request
        return _Asked(request.id, None, request.domain)
    delivery = load(path, parse_report_package).delivery
    if delivery is None:
        raise InputError("the package holds no delivery", place=Place(str(path), field="delivery"))
    return _Asked(delivery.request.id, delivery.receipt, delivery.request.domain)


def _proof(proven: MeteredDelivery) -> dict[str, Any]:
    item, entry = proven.delivered.item, proven.delivered.entry
    names = ("institution", "provider", "via", "nonce", "consent", "report", "receipt", "terms")
    return {name: getattr(item, name) for name in (*names, "delivered_at", "meter_by", "flags")} | {
        "metered_at": entry.time,
        "transaction": entry.transaction_hash,
        "item": proven.delivered.index,
        "entry": _inclusion(proven.entry)
        | {"hash": entry.hash, "writer": entry.writer, "body": entry.data, "writes": entry.writes},
    }


def _inclusion(found: Inclusion) -> dict[str, Any]:
    proof = ["0x" + sibling.hex() for sibling in found.siblings]
    return {"index": found.index, "size": found.size, "root": found.root, "proof": proof}
