"""The application: routes, errors, limits, and the OpenAPI description of all of it."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from creditchain import __version__
from creditchain.errors import CreditchainError
from creditchain.exchange import (
    complaints,
    consents,
    enterprise_sessions,
    enterprises,
    health,
    hooks,
    measures,
    members,
    operators,
    orders,
    pages,
    parts,
    regulators,
    relays,
    reports,
    sessions,
    shared,
)
from creditchain.exchange.guarding import guard
from creditchain.exchange.problems import HttpError, code_of, problem
from creditchain.exchange.service import Service

_PARTS = (
    *(sessions, members, reports, parts, orders, consents, hooks, shared),
    *(enterprise_sessions, enterprises, relays, complaints, regulators, operators, health),
)
_DESCRIPTION = "/v1/openapi.json"
_SUMMARY = "Verifiable enterprise credit reports: data and proof in one round trip. 征信链交换服务"
_CODES = {404: ("not-found", "there is nothing at this address"), 405: ("method", "not with this method")}


def make_app(service: Service) -> FastAPI:
    """The ASGI application of a service."""
    app = FastAPI(
        title="creditchain exchange", version=__version__, summary=_SUMMARY, openapi_url=_DESCRIPTION,
        docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.service = service
    for part in _PARTS:
        app.include_router(part.router)
    if service.pages is not None:
        app.include_router(pages.router)
    app.add_exception_handler(CreditchainError, _counted)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    guard(app, service.limits)
    return app


def paths() -> frozenset[str]:
    """The addresses that an exchange serves, as templates."""
    parts = (*_PARTS, pages)
    return frozenset({_DESCRIPTION, *(str(getattr(one, "path", "")) for part in parts for one in part.router.routes)})


async def _counted(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, CreditchainError):
        raise error
    request.state.code = code_of(error)
    measures.PROBLEMS.labels(code_of(error)).inc()
    return problem(error)


async def _wrong_parameter(request: Request, _error: Exception) -> JSONResponse:
    """A parameter of the address. What was sent is not repeated."""
    request.state.code = "parameter"
    measures.PROBLEMS.labels("parameter").inc()
    return problem(HttpError(422, "parameter", "a parameter of the address has the wrong shape"))


async def _framework_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses: an unknown path, another method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, title = _CODES.get(status, ("http", "the call cannot be answered"))
    request.state.code = code
    answer = problem(HttpError(status, code, title))
    answer.headers.update(getattr(error, "headers", None) or {})
    methods = _methods(request)
    if status == 405 and methods:
        answer.headers["Allow"] = ", ".join(sorted(methods))
    return answer


def _methods(request: Request) -> set[str]:
    """All methods of an address among the parts. The framework itself names those of the first route there alone."""
    routes = [one for part in (*_PARTS, pages) for one in part.router.routes if isinstance(one, Route)]
    return {method for one in routes if one.matches(request.scope)[0] != Match.NONE for method in one.methods or ()}
