"""The route by which a member hands over its profile, which names the key that deliveries are encrypted to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.profiles import keep_profile
from creditchain.exchange.bodies import JSON, read_json_body
from creditchain.exchange.callers import member_of
from creditchain.exchange.problems import documented
from creditchain.exchange.service import service_of
from creditchain.packages.profile_file import PROFILE_FORMAT

router = APIRouter(tags=["members"])

_PROFILE: dict[str, Any] = {
    "type": "object",
    "description": "A profile (docs/format.md, section 7). The chain has its digest.",
    "required": ["format"],
    "properties": {"format": {"const": PROFILE_FORMAT}},
}


@router.put(
    "/v1/members/{node}/profile",
    status_code=204,
    response_class=Response,
    responses=documented(400, 401, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": _PROFILE}}}},
)
async def put_profile(
    request: Request, node: Annotated[int, Path(ge=1, lt=1 << 24, description="Number of the member.")]
) -> Response:
    """Hand over a member's profile. Anybody who is signed in may: it has to have the digest that the chain has."""
    service = service_of(request)
    await member_of(request, service)
    raw = await read_json_body(request, service.limits)
    desk = service.desk
    await run_in_threadpool(keep_profile, desk.region, desk.home, node, raw)
    return Response(status_code=204)
