"""What every call passes through: an id, a line in the log, counting, limits, a wall before faults nobody foresaw."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request, Response

from creditchain.exchange import measures
from creditchain.exchange.problems import HttpError, internal, problem
from creditchain.exchange.rates import Rate
from creditchain.exchange.service import Limits
from creditchain.faults import told

_log = logging.getLogger(__name__)

Next = Callable[[Request], Awaitable[Response]]
#: Methods that are counted by their names.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Whoever watches the service is never turned away.
_FREE = ("/healthz", "/readyz", "/metrics")
#: The header that names a call, in its answer; the log has the same.
REQUEST_ID = "X-Request-ID"


class Guard:
    """Counts calls, and turns away those that are too many."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._under_way, self._sending = limits, 0, 0
        self._rate = Rate(limits.address_a_minute)

    async def __call__(self, request: Request, call_next: Next) -> Response:
        """Answer a call."""
        begun, name = time.perf_counter(), secrets.token_hex(8)
        free = request.url.path in _FREE
        if free:
            response = await self._guarded(request, call_next)
        else:
            self._under_way += 1
            try:
                response = await self._answered(request, call_next)
            finally:
                self._under_way -= 1
        response.headers[REQUEST_ID] = name
        route = getattr(request.scope.get("route"), "path", "none")
        # A caller may invent methods, and a label lives as long as the process.
        method = request.method if request.method in _METHODS else "other"
        seconds = time.perf_counter() - begun
        if not free:
            measures.CALLS.labels(route, method, response.status_code).inc()
            measures.SECONDS.labels(route).observe(seconds)
        call = {"route": route, "method": method, "status": response.status_code, "seconds": round(seconds, 4)}
        code = getattr(request.state, "code", None)
        _log.log(logging.DEBUG if free else logging.INFO, "call", extra=call | {"code": code, "request": name})
        return response

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While a caller sends its body it takes nobody's place: that may be slow. Raises HttpError (503)."""
        if self._sending >= self._limits.sending_at_once:
            raise _busy()
        self._sending += 1
        self._under_way -= 1
        try:
            yield
        finally:
            self._sending -= 1
            self._under_way += 1
        if self._under_way > self._limits.at_once:
            raise _busy()

    async def _answered(self, request: Request, call_next: Next) -> Response:
        try:
            self._require_room(request)
        except HttpError as refused:
            measures.PROBLEMS.labels(refused.code).inc()
            request.state.code = refused.code
            return problem(refused)
        return await self._guarded(request, call_next)

    async def _guarded(self, request: Request, call_next: Next) -> Response:
        try:
            return await call_next(request)
        except Exception as error:
            _log.error("a call failed in a way that nobody foresaw: %s", told(error))
            request.state.code = "internal"
            return internal()

    def _require_room(self, request: Request) -> None:
        if self._under_way > self._limits.at_once:
            raise _busy()
        self._rate.count(request.client.host if request.client else "")


def _busy() -> HttpError:
    return HttpError(503, "busy", "too many calls are under way", retry_after=1)


def guard(app: FastAPI, limits: Limits) -> None:
    """Let every call of an application pass through a guard."""
    app.state.guard = Guard(limits)
    app.middleware("http")(app.state.guard)


def guard_of(request: Request) -> Guard:
    """The guard that a call passed."""
    found: Guard = request.app.state.guard
    return found
