"""Routes for signing in: a challenge, its signed answer, and the end of a session."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.signing_in import CHALLENGE_SECONDS
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.callers import member_of, token_of
from creditchain.exchange.problems import documented
from creditchain.exchange.service import service_of
from creditchain.packages.parts import hexed
from creditchain.packages.sign_in import SIGN_IN_FORMAT, parse_sign_in

router = APIRouter(tags=["sessions"])

_DIGEST = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_TIME = {"type": "integer", "minimum": 0, "maximum": 2**40 - 1, "description": "Unix seconds."}
_NODE = {"type": "integer", "minimum": 0, "maximum": 2**24 - 1}
_SIGN_IN = {
    "type": "object",
    "required": ["format", "node", "challenge", "issued_at", "signature"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": SIGN_IN_FORMAT},
        "node": _NODE | {"description": "Who signs in, by its node number."},
        "challenge": _DIGEST,
        "issued_at": _TIME,
        "signature": {
            "type": "string",
            "pattern": "^0x[0-9a-f]{128}$",
            "description": "By the node's operator, or its host's, over SignIn (EIP-712), 64 bytes (EIP-2098).",
        },
    },
}
_CHALLENGE = {
    "type": "object",
    "required": ["challenge", "exchange", "log_id", "seconds"],
    "properties": {
        "challenge": _DIGEST,
        "exchange": _NODE | {"description": "The node that serves here; the signed message names it."},
        "log_id": _DIGEST,
        "seconds": {"type": "integer", "description": "For which it may be answered."},
    },
}
_SESSION = {
    "type": "object",
    "required": ["token", "until"],
    "properties": {"token": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "until": _TIME},
}


def _answers(status: int, schema: dict[str, Any], *errors: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": "Done", "content": {"application/json": {"schema": schema}}}, **documented(*errors)}


@router.post("/v1/challenges", responses=_answers(200, _CHALLENGE, 429, 500, 503))
async def challenge(request: Request) -> dict[str, Any]:
    """Ask for a challenge to sign in with."""
    service = service_of(request)
    time = await run_in_threadpool(service.time)
    return {
        "challenge": hexed(service.door.challenge(time)),
        "exchange": service.door.node,
        "log_id": hexed(service.desk.region.deployment.log_id),
        "seconds": CHALLENGE_SECONDS,
    }


@router.post(
    "/v1/sessions",
    status_code=201,
    responses=_answers(201, _SESSION, 400, 401, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _SIGN_IN}}}},
)
async def sign_in(request: Request) -> dict[str, Any]:
    """Answer a challenge, and get the token of a session."""
    service = service_of(request)
    body = parse_sign_in(await read_json_body(request, service.limits))

    def opened() -> tuple[bytes, int]:
        return service.door.sign_in(body.node, body.challenge, body.issued_at, body.signature, service.time())

    token, until = await run_in_threadpool(opened)
    return {"token": token.hex(), "until": until}


@router.delete(
    "/v1/sessions/current", status_code=204, response_class=Response, responses=documented(401, 429, 500, 503)
)
async def sign_out(request: Request) -> Response:
    """End the session whose token is sent."""
    service = service_of(request)
    await member_of(request, service)
    token = token_of(request)
    if token is not None:
        await run_in_threadpool(service.door.sessions.close, token)
    return Response(status_code=204)
