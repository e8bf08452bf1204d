"""Routes by which an enterprise's signed messages reach the chain: the exchange's signer pays, signatures decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts import filing
from creditchain.acts.consenting import ConsentOnChain, granted_consent
from creditchain.acts.enterprise_view import Asker, relayed_consent
from creditchain.acts.preconditions import require_log
from creditchain.acts.revoking import relay_revocation, relay_turn
from creditchain.chain.outbox import Outbox
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.enterprise_callers import asker_of
from creditchain.exchange.enterprises import CONSENT, consent_shown
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Service, service_of
from creditchain.exchange.shapes import COUNT, DIGEST, TIME, answers, file_of, record, takes
from creditchain.packages.consent_file import (
    PAUSE_FORMAT,
    RESUMPTION_FORMAT,
    REVOCATION_FORMAT,
    RevocationFile,
    TurnFile,
    parse_revocation,
    parse_turn,
)
from creditchain.packages.filing_file import FILING_FORMAT, FilingFile, parse_filing
from creditchain.store.daily_counts import DailyAct

router = APIRouter(tags=["enterprise"])

_T = TypeVar("_T")

_ERRORS = (400, 401, 403, 408, 409, 413, 415, 421, 422, 429, 500, 503)
_MESSAGE = {"log_id": DIGEST, "message": {"type": "object"}, "signature": {"type": "string"}}
_TURN = {"oneOf": [file_of(PAUSE_FORMAT, _MESSAGE), file_of(RESUMPTION_FORMAT, _MESSAGE)]}
_FILING = file_of(
    FILING_FORMAT,
    {
        "log_id": DIGEST,
        "message": {"type": "object"},
        "reason": {"type": "object"},
        "key_signature": {"type": "string"},
        "endorsement": {"type": "string"},
    },
)
_FILED = record({"filings": COUNT, "open": COUNT, "filed_at": TIME, "due_at": TIME})


@router.post("/v1/enterprise/turns", responses=answers(200, CONSENT, *_ERRORS), openapi_extra=takes(_TURN))
async def turn(request: Request) -> dict[str, Any]:
    """Bring a signed pause or resumption to the chain. 暂停或恢复授权

    Answered once it is final. Sent again, the same file has the same effect once. One at a time, and so many a day.
    """
    service = service_of(request)
    asker = await asker_of(request, service)
    file = parse_turn(await read_json_body(request, service.limits))

    def relayed(outbox: Outbox) -> dict[str, Any]:
        return _shown(service, relay_turn(service.desk.region, outbox, file))

    return await run_in_threadpool(_relayed_of, service, asker, file, relayed)


@router.post(
    "/v1/enterprise/revocations",
    responses=answers(200, CONSENT, *_ERRORS),
    openapi_extra=takes(file_of(REVOCATION_FORMAT, _MESSAGE)),
)
async def revocation(request: Request) -> dict[str, Any]:
    """Bring a signed revocation to the chain, for ever. 撤销授权"""
    service = service_of(request)
    asker = await asker_of(request, service)
    file = parse_revocation(await read_json_body(request, service.limits))

    def relayed(outbox: Outbox) -> dict[str, Any]:
        return _shown(service, relay_revocation(service.desk.region, outbox, file))

    return await run_in_threadpool(_relayed_of, service, asker, file, relayed)


@router.post("/v1/enterprise/disputes", responses=answers(200, _FILED, *_ERRORS), openapi_extra=takes(_FILING))
async def dispute(request: Request) -> dict[str, Any]:
    """File a dispute that the enterprise signed and a platform endorsed; the record is marked at once. 提出异议

    The reason stays off the chain. The answer is due within 20 days.
    """
    service = service_of(request)
    asker = await asker_of(request, service)
    file = parse_filing(await read_json_body(request, service.limits))
    _require_endorser(asker, file)

    def relayed(outbox: Outbox) -> dict[str, Any]:
        state = filing.relay(service.desk.region, outbox, file)
        told = {"filings": state.filings, "open": state.open}
        return told | {"filed_at": state.filed_at, "due_at": state.due_at}

    return await run_in_threadpool(_relayed, service, asker, f"key {file.message.key}", relayed)


def _relayed_of(service: Service, asker: Asker, file: TurnFile | RevocationFile, relay: Callable[[Outbox], _T]) -> _T:
    """What is brought to the chain about the caller's own consent, or one that the platform endorsed.

    Nobody else has the exchange pay.
    """
    require_log(service.desk.region, file.message.domain.log_id)
    consent = relayed_consent(service.desk.region, asker, file.message.consent)
    return _relayed(service, asker, f"consent {consent.id.hex()}", relay)


def _relayed(service: Service, asker: Asker, about: str, relay: Callable[[Outbox], _T]) -> _T:
    """What is brought to the chain: one at a time of each that asks, and so many a day, since the exchange pays."""
    allowed = asker.allowed(service.limits.relays_a_day, about)
    with service.enterprises.relays.held(asker.names(about)):
        service.enterprises.counts.take(DailyAct.RELAY, allowed, service.time())
        return relay(service.enterprises.outbox())


def _require_endorser(asker: Asker, file: FilingFile) -> None:
    """Nobody has the exchange pay for what another one signed."""
    if not asker.platform and file.message.key not in asker.keys:
        raise HttpError(403, "not-your-key", "another key signed this", expected="one by a key that signed in")
    if asker.platform not in (0, file.message.platform):
        raise HttpError(
            403,
            "not-the-endorser",
            "another platform endorsed this",
            expected=f"a session of node {file.message.platform}, or of the enterprise",
            found=f"a session of node {asker.platform}",
        )


def _shown(service: Service, found: ConsentOnChain) -> dict[str, Any]:
    if found.state is None:  # pragma: no cover - it was granted, and grants stay
        raise TypeError("the consent is not on the chain")
    return consent_shown(granted_consent(service.desk.region, found.id), found.state, found.block.time)
