"""Who calls: the session that a bearer token names (RFC 6750)."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Service
from creditchain.log.reading import RegionReading
from creditchain.store.sessions import MemberSession
from creditchain.vocabulary import Role

_SCHEME = "bearer"


def token_of(request: Request) -> bytes | None:
    """The session token of a call, 32 bytes; None if it brings none."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        token = bytes.fromhex(text.strip()) if scheme.lower() == _SCHEME else b""
    except ValueError:
        return None
    return token if len(token) == 32 else None


async def member_of(request: Request, service: Service) -> MemberSession:
    """The member that calls. Raises HttpError: 401, or 429 if it calls too often."""
    found = await session_of(request, service)
    # Asks the chain, so not to be called where all calls wait.
    if not await run_in_threadpool(service.door.still_acts, found):
        raise _not_signed_in()
    return found


async def session_of(request: Request, service: Service) -> MemberSession:
    """The session of the member that calls, whose key may act no more: see `require_acting`. Raises as `member_of`."""
    token = token_of(request)
    found = None if token is None else await run_in_threadpool(service.door.session, token)
    if found is None:
        raise _not_signed_in()
    service.member_rate.count(f"node {found.node}")
    return found


async def member_as(request: Request, service: Service, role: Role) -> MemberSession:
    """The member that calls, if it has this role. Raises HttpError: as `member_of`; 403 for another role."""
    member = await member_of(request, service)
    node = await run_in_threadpool(service.desk.region.node, member.node)
    if node is None or node.role != role:
        raise HttpError(
            403,
            f"not-a-{role.label}",
            f"this is for a {role.label}",
            expected=f"a session of a {role.label}",
            found=f"a session of node {member.node}",
        )
    return member


def require_acting(member: MemberSession, seen: RegionReading) -> None:
    """Raise HttpError (401) if the key of a session acts for its node no more, as of the newest block."""
    if not seen.members.acts_for(member.address, member.node, seen.facts.block.time):
        raise _not_signed_in()


def _not_signed_in() -> HttpError:
    return HttpError(
        401,
        "not-signed-in",
        "this call needs a session",
        expected="Authorization: Bearer TOKEN, of a session that is not over",
        hint="Sign in: POST /v1/challenges, then POST /v1/sessions.",
    )
