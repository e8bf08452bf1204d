"""What every call passes through: counting, limits, and a wall before faults that nobody foresaw."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from creditchain.exchange import measures
from creditchain.exchange.problems import HttpError, internal, problem
from creditchain.exchange.rates import Rate
from creditchain.exchange.service import Limits

_log = logging.getLogger(__name__)

Next = Callable[[Request], Awaitable[Response]]
#: Methods that are counted by their names.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Whoever watches the service is never turned away.
_FREE = ("/healthz", "/readyz", "/metrics")


class Guard:
    """Counts calls, and turns away those that are too many."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._under_way = limits, 0
        self._rate = Rate(limits.address_a_minute)

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """Answer a call."""
        begun = time.perf_counter()
        if request.url.path in _FREE:
            return await call_next(request)
        self._under_way += 1
        try:
            response = await self._answered(request, call_next)
        finally:
            self._under_way -= 1
        route = getattr(request.scope.get("route"), "path", "none")
        # A caller may invent methods, and a label lives as long as the process.
        method = request.method if request.method in _METHODS else "other"
        measures.CALLS.labels(route, method, response.status_code).inc()
        measures.SECONDS.labels(route).observe(time.perf_counter() - begun)
        return response

    async def _answered(self, request: Request, call_next: Next) -> Response:
        try:
            self._require_room(request)
        except HttpError as refused:
            measures.PROBLEMS.labels(refused.code).inc()
            return problem(refused)
        try:
            return await call_next(request)
        except Exception:
            _log.exception("a call failed in a way that nobody foresaw")
            return internal()

    def _require_room(self, request: Request) -> None:
        if self._under_way > self._limits.at_once:
            raise HttpError(503, "busy", "too many calls are under way", retry_after=1)
        self._rate.count(request.client.host if request.client else "")


def guard(app: FastAPI, limits: Limits) -> None:
    """Let every call of an application pass through a guard."""
    app.middleware("http")(Guard(limits))
