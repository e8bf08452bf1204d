"""Who calls: the session that a bearer token names (RFC 6750)."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Service
from creditchain.store.sessions import MemberSession

_SCHEME = "bearer"


def token_of(request: Request) -> bytes | None:
    """The session token of a call, 32 bytes; None if it brings none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        token = bytes.fromhex(text.strip()) if scheme.lower() == _SCHEME else b""
    except ValueError:
        return None
    return token if len(token) == 32 else None


def _session(service: Service, token: bytes) -> MemberSession | None:
    """Asks chain and database, so not to be called where all calls wait."""
    return service.door.session(token, service.time())


async def member_of(request: Request, service: Service) -> MemberSession:
    """The member that calls. Raises HttpError: 401, or 429 if it calls too often."""
    token = token_of(request)
    found = None if token is None else await run_in_threadpool(_session, service, token)
    if found is None:
        raise HttpError(
            401,
            "not-signed-in",
            "this call needs a session",
            expected="Authorization: Bearer TOKEN, of a session that is not over",
            hint="Sign in: POST /v1/challenges, then POST /v1/sessions.",
        )
    service.member_rate.count(f"node {found.node}")
    return found
