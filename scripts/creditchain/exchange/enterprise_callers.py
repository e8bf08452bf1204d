"""Which enterprise calls: by its own session, or through a platform that vouched for it on paper."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts.enterprise_view import Asker
from creditchain.exchange.callers import member_of, token_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Service
from creditchain.store.enterprise_sessions import EnterpriseSession
from creditchain.vocabulary import Role


async def asker_of(request: Request, service: Service) -> Asker:
    """The enterprise that calls, or the platform that calls for one.

    Raises:
        HttpError: 401 without a session, 403 for a member that is no platform, 429 if it calls too often.
    """
    token = token_of(request)
    found = None if token is None else await run_in_threadpool(_session, service, token)
    if found is not None:
        for key in found.keys:  # all: another session by some of them is no other enterprise
            service.member_rate.count(f"key {key}")
        return Asker(keys=found.keys)
    member = await member_of(request, service)
    node = await run_in_threadpool(service.desk.region.node, member.node)
    if node is None or node.role != Role.PLATFORM:
        raise HttpError(
            403,
            "not-an-enterprise",
            "this is for enterprises",
            expected="a session of an enterprise, or of a platform",
            found="another member's session",
            hint="An enterprise signs in at POST /v1/enterprise/sessions.",
        )
    return Asker(platform=member.node)


def _session(service: Service, token: bytes) -> EnterpriseSession | None:
    return service.enterprises.door.session(token)
