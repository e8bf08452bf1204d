"""Routes for what others need besides reports: lists of leaves for auditors, product files, facts of the region."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from creditchain.acts.sharing import LeavesFound, find_leaves, region_facts
from creditchain.exchange.bodies import JSON
from creditchain.exchange.callers import member_of
from creditchain.exchange.problems import HttpError, documented
from creditchain.exchange.service import service_of
from creditchain.vocabulary import Role

router = APIRouter(tags=["shared"])

LIST = "application/octet-stream"
TOML = "application/toml"
_ROOT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BYTES = {"type": "string", "format": "binary"}
_PRODUCTS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["product", "number", "digest"],
        "properties": {
            "product": {"type": "string", "description": "name/version"},
            "number": {"type": "integer"},
            "digest": {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
        },
    },
}


def _answer(media_type: str, schema: dict[str, Any], what: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": what, "content": {media_type: {"schema": schema}}}}


@router.get(
    "/v1/leaves/{root}",
    response_class=Response,
    responses={**_answer(LIST, _BYTES, "Keys of 69 bytes, in order"), **documented(401, 403, 404, 429, 500, 503)},
)
async def leaves(request: Request, root: str) -> Response:
    """The list of leaves of a batch, by its root in hex. For regulators alone: leaves name tags."""
    service = service_of(request)
    member = await member_of(request, service)

    def found() -> LeavesFound | None:
        info = service.desk.sights.newest(service.desk.view_age).now.members.node(member.node)
        if info is None or info.role != Role.REGULATOR:
            raise HttpError(403, "not-an-auditor", "only regulators get lists of leaves", expected="a regulator")
        if not _ROOT.fullmatch(root):
            return None
        return find_leaves(service.shared, service.desk.region.deployment.log_id, bytes.fromhex(root))

    listed = await run_in_threadpool(found)
    if listed is None:
        raise HttpError(404, "not-found", "there is no such batch here", expected="a root in hex of a batch")
    return StreamingResponse(listed.blocks(), media_type=LIST, headers={"Content-Length": str(listed.length)})


@router.get("/v1/products", responses={**_answer(JSON, _PRODUCTS, "All products"), **documented(401, 429, 500, 503)})
async def products(request: Request) -> list[dict[str, Any]]:
    """The products that this exchange knows."""
    service = service_of(request)
    await member_of(request, service)
    known = sorted(service.desk.products.values(), key=lambda one: one.number)
    return [{"product": one.ref, "number": one.number, "digest": "0x" + one.digest.hex()} for one in known]


@router.get(
    "/v1/products/{name}/{version}",
    response_class=Response,
    responses={**_answer(TOML, {"type": "string"}, "The file"), **documented(401, 404, 429, 500, 503)},
)
async def product(request: Request, name: str, version: str) -> Response:
    """A product's file. Who gets it computes its digest, and compares that with the region's log."""
    service = service_of(request)
    await member_of(request, service)
    path = service.shared.products.get(f"{name}/{version}")
    if path is None:
        raise HttpError(404, "not-found", "there is no such product here")
    return Response(await run_in_threadpool(path.read_bytes), media_type=TOML)


@router.get(
    "/v1/region",
    response_class=Response,
    responses={
        **_answer(JSON, {"type": "object", "required": ["format"]}, "Facts under a checkpoint"),
        **documented(401, 404, 429, 500, 503),
    },
)
async def region(request: Request) -> Response:
    """What packages of the region share under its last signed checkpoint (docs/format.md, section 10)."""
    service = service_of(request)
    await member_of(request, service)
    facts = await run_in_threadpool(region_facts, service.shared)
    if facts is None:
        raise HttpError(404, "not-found", "this exchange serves no facts of the region")
    return Response(facts, media_type=JSON)
