"""The route for consents that concern whoever asks."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts.consents_of import ConsentsPage, GrantedConsent, consents_page
from creditchain.consents.standing import standing
from creditchain.exchange.callers import member_of
from creditchain.exchange.problems import documented
from creditchain.exchange.queries import CURSOR, LIMIT, page_of
from creditchain.exchange.service import service_of
from creditchain.packages.delivery import message_json
from creditchain.packages.parts import hexed

router = APIRouter(tags=["consents"])

_NUMBER: Final = {"type": "integer", "minimum": 0}
_DIGEST: Final = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_CONSENT: Final = {
    "type": "object",
    "required": ["id", "message", "entry", "granted_at", "state", "used", "revoked_at", "paused"],
    "properties": {
        "id": _DIGEST,
        "message": {"type": "object", "description": "The consent as it was signed (docs/format.md, section 6)."},
        "entry": _NUMBER | {"description": "Index of its entry in the log."},
        "granted_at": _NUMBER | {"description": "Unix seconds."},
        "state": {"type": "string", "description": "How it stands at the time of the block."},
        "used": _NUMBER | {"description": "Deliveries that were metered."},
        "revoked_at": _NUMBER | {"description": "Unix seconds; 0: it was not."},
        "paused": {"type": "boolean"},
    },
}
_PAGE: Final = {
    "type": "object",
    "required": ["consents", "next", "block", "time"],
    "properties": {
        "consents": {"type": "array", "items": _CONSENT},
        "next": {"type": ["integer", "null"], "description": "Cursor of the next page; null: this is the last."},
        "block": _NUMBER | {"description": "The final block as of which this is so."},
        "time": _NUMBER | {"description": "Its time, unix seconds."},
    },
}


@router.get(
    "/v1/consents",
    responses={
        200: {"description": "Some consents", "content": {"application/json": {"schema": _PAGE}}},
        **documented(401, 422, 429, 500, 503),
    },
    openapi_extra={"parameters": [CURSOR, LIMIT]},
)
async def list_consents(request: Request) -> dict[str, Any]:
    """Consents for the institution that asks, or that the platform which asks endorsed; as of a final block."""
    service = service_of(request)
    member = await member_of(request, service)
    cursor, most = page_of(request)
    return _page_json(await run_in_threadpool(consents_page, service.desk.region, member.node, cursor, most))


def _page_json(page: ConsentsPage) -> dict[str, Any]:
    consents = [_consent_json(one, page.block.time) for one in page.consents]
    return {"consents": consents, "next": page.next, "block": page.block.number, "time": page.block.time}


def _consent_json(one: GrantedConsent, time: int) -> dict[str, Any]:
    return {
        "id": hexed(one.message.id),
        "message": message_json(one.message),
        "entry": one.entry,
        "granted_at": one.granted_at,
        "state": standing(one.state, time).value,
        "used": one.state.used,
        "revoked_at": one.state.revoked_at,
        "paused": one.state.paused,
    }
