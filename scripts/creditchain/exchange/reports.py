"""The route for asking for a report: a signed request comes, package and receipt go back in the same round trip."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.answering import Answered, answer
from creditchain.acts.webhooks import note_delivery
from creditchain.exchange import measures
from creditchain.exchange.bodies import JSON, read_json_body
from creditchain.exchange.callers import require_acting, session_of
from creditchain.exchange.problems import HttpError, documented
from creditchain.exchange.service import service_of
from creditchain.log.reading import RegionReading
from creditchain.messages import QueryRequest
from creditchain.packages.encrypted import AGE_MEDIA_TYPE, is_encrypted
from creditchain.packages.request_file import REQUEST_FORMAT, REQUEST_MEMBERS, parse_request
from creditchain.store.sessions import MemberSession

router = APIRouter(tags=["reports"])

_REQUEST: dict[str, Any] = {
    "type": "object",
    "description": "A request file, signed by the institution (docs/format.md, section 7).",
    "required": ["format", "log_id", *REQUEST_MEMBERS],
    "additionalProperties": False,
    "properties": {"format": {"const": REQUEST_FORMAT}, "log_id": {}, **{name: {} for name in REQUEST_MEMBERS}},
}
_PACKAGE: dict[str, Any] = {
    "type": "object",
    "description": "A report package (docs/format.md, section 7), with consent, request and receipt.",
    "required": ["format"],
}
AGAIN = "Creditchain-Answered-Before"
ANSWERED_BEFORE: dict[str, Any] = {
    AGAIN: {"description": "yes: the same request was answered with this before", "schema": {"enum": ["yes", "no"]}}
}
_ANSWERED = {
    "description": "The report, delivered",
    "headers": ANSWERED_BEFORE,
    "content": {
        JSON: {"schema": _PACKAGE},
        AGE_MEDIA_TYPE: {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "The same package, encrypted to the key in the institution's profile (age).",
            }
        },
    },
}


@router.post(
    "/v1/reports",
    response_class=Response,
    responses={200: _ANSWERED, **documented(400, 401, 403, 408, 409, 410, 413, 415, 421, 422, 429, 500, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": _REQUEST}}}},
)
async def ask(request: Request) -> Response:
    """Ask for a report. The same request gets the same answer again, and uses the consent once.

    It comes encrypted if the institution's profile has a key for that, whoever's session asks.
    """
    service = service_of(request)
    member = await session_of(request, service)
    file = parse_request(await read_json_body(request, service.limits))

    def answered() -> Answered:
        seen = service.desk.sights.newest(service.desk.view_age)
        require_acting(member, seen.now)
        require_asker(member, file.request, seen.now)
        return answer(service.desk, file, seen, partial(note_delivery, service.hooks))

    made = await run_in_threadpool(answered)
    if not made.again:
        measures.DELIVERED.inc()
    media_type = AGE_MEDIA_TYPE if is_encrypted(made.package) else JSON
    return Response(made.package, media_type=media_type, headers={AGAIN: "yes" if made.again else "no"})


def require_asker(member: MemberSession, request: QueryRequest, seen: RegionReading) -> None:
    """Only the institution, its host or its broker gets the report: a request is no secret, but a report is."""
    if member.node in (request.institution, request.via):
        return
    if seen.members.acts_for(member.address, request.institution, seen.facts.block.time):
        return
    raise HttpError(
        403,
        "not-the-asker",
        "the request is another institution's",
        expected=f"a session of node {request.institution}, its host or its broker",
        found=f"a session of node {member.node}",
    )
