"""The route for parts of reports: what one exchange asks another for, under an institution's request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.answering import Answered
from creditchain.acts.giving import give_part
from creditchain.exchange import measures
from creditchain.exchange.bodies import JSON, read_json_body
from creditchain.exchange.callers import require_acting, session_of
from creditchain.exchange.problems import HttpError, documented
from creditchain.exchange.reports import AGAIN, ANSWERED_BEFORE
from creditchain.exchange.service import service_of
from creditchain.log.reading import RegionReading
from creditchain.messages import QueryRequest
from creditchain.packages.report_part import ORDER_FORMAT, ORDER_MEMBERS, PART_FORMAT, parse_part_order
from creditchain.store.sessions import MemberSession

router = APIRouter(tags=["parts"])

_ORDER: dict[str, Any] = {
    "type": "object",
    "description": "What a provider asks for: request, node, entries (docs/format.md, section 7).",
    "required": ["format", *ORDER_MEMBERS],
    "additionalProperties": False,
    "properties": {"format": {"const": ORDER_FORMAT}, **{name: {} for name in ORDER_MEMBERS}},
}
_PART: dict[str, Any] = {
    "type": "object",
    "description": "The node's part of the report, countersigned (docs/format.md, section 7).",
    "required": ["format"],
    "properties": {"format": {"const": PART_FORMAT}},
}
_GIVEN = {"description": "The part, given", "headers": ANSWERED_BEFORE, "content": {JSON: {"schema": _PART}}}


@router.post(
    "/v1/parts",
    response_class=Response,
    responses={200: _GIVEN, **documented(400, 401, 403, 408, 410, 413, 415, 421, 422, 429, 500, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": _ORDER}}}},
)
async def give(request: Request) -> Response:
    """Give a node's part of a report to the provider of the request. The same order gets the same part again."""
    service = service_of(request)
    member = await session_of(request, service)
    order = parse_part_order(await read_json_body(request, service.limits))

    def given() -> Answered:
        seen = service.desk.sights.newest(service.desk.view_age)
        require_acting(member, seen.now)
        _require_provider(member, order.file.request, seen.now)
        return give_part(service.parts, order, seen)

    made = await run_in_threadpool(given)
    if not made.again:
        measures.PARTS.inc()
    return Response(made.package, media_type=JSON, headers={AGAIN: "yes" if made.again else "no"})


def _require_provider(member: MemberSession, request: QueryRequest, seen: RegionReading) -> None:
    """Only the provider that the institution asked, or its host, gets parts for its report."""
    if member.node == request.provider:
        return
    if seen.members.acts_for(member.address, request.provider, seen.facts.block.time):
        return
    raise HttpError(
        403,
        "not-the-provider",
        "the request is to another provider",
        expected=f"a session of node {request.provider}, or its host",
        found=f"a session of node {member.node}",
    )
