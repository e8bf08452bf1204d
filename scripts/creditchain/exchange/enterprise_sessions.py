"""Routes by which an enterprise signs in and out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.callers import token_of
from creditchain.exchange.enterprise_callers import asker_of
from creditchain.exchange.problems import documented
from creditchain.exchange.service import service_of
from creditchain.exchange.shapes import DIGEST, TIME, answers, file_of, record, rows, takes
from creditchain.packages.enterprise_calls import ENTERPRISE_SIGN_IN_FORMAT, MOST_KEYS, parse_enterprise_sign_in

router = APIRouter(tags=["enterprise"])

_KEY = record(
    {
        "consent": DIGEST | {"description": "A granted consent with this key."},
        "signature": {
            "type": "string",
            "description": "By the consent's key, or its wallet contract (ERC-1271), over EnterpriseSignIn (EIP-712).",
        },
    }
)
_SIGN_IN = file_of(
    ENTERPRISE_SIGN_IN_FORMAT,
    {"challenge": DIGEST, "issued_at": TIME, "keys": rows(_KEY) | {"minItems": 1, "maxItems": MOST_KEYS}},
)
_SESSION = record({"token": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "until": TIME})


@router.post(
    "/v1/enterprise/sessions",
    status_code=201,
    responses=answers(201, _SESSION, 400, 401, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra=takes(_SIGN_IN),
)
async def sign_in(request: Request) -> dict[str, Any]:
    """Sign in as an enterprise: by the keys of consents that were granted. 企业登录"""
    service = service_of(request)
    body = parse_enterprise_sign_in(await read_json_body(request, service.limits))

    def opened() -> tuple[bytes, int]:
        return service.enterprises.door.sign_in(body, service.time())

    token, until = await run_in_threadpool(opened)
    return {"token": token.hex(), "until": until}


@router.delete(
    "/v1/enterprise/sessions/current", status_code=204, response_class=Response,
    responses=documented(401, 403, 429, 500, 503),
)  # fmt: skip
async def sign_out(request: Request) -> Response:
    """End the session whose token is sent."""
    service = service_of(request)
    await asker_of(request, service)
    token = token_of(request)
    if token is not None:
        await run_in_threadpool(service.enterprises.door.sessions.close, token)
    return Response(status_code=204)
