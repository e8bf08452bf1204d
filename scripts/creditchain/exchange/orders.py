"""Routes of orders: an institution places one and fetches what was delivered, the provider's officer looks at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from creditchain.acts import ordering
from creditchain.exchange.bodies import JSON, read_json_body
from creditchain.exchange.callers import member_of
from creditchain.exchange.problems import HttpError, documented
from creditchain.exchange.reports import require_asker
from creditchain.exchange.service import Service, service_of
from creditchain.packages.encrypted import AGE_MEDIA_TYPE, is_encrypted
from creditchain.packages.order_file import DECLINE_FORMAT, ORDER_FORMAT, ORDER_MEMBERS, parse_order
from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object
from creditchain.store.orders import Order, OrderState, unknown
from creditchain.store.sessions import MemberSession

router = APIRouter(tags=["orders"])

_T = TypeVar("_T")

_ORDER_FILE: dict[str, Any] = {
    "type": "object",
    "description": "An order file (docs/format.md, section 7): a signed request, and the scan of a paper consent.",
    "required": ["format", *ORDER_MEMBERS],
    "additionalProperties": False,
    "properties": {"format": {"const": ORDER_FORMAT}, **{name: {} for name in ORDER_MEMBERS}},
}
_TIME = {"type": "integer", "description": "Unix seconds."}
_ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["order", "institution", "provider", "state", "deadline", "times", "reason"],
    "properties": {
        "order": {"type": "string", "pattern": "^0x[0-9a-f]{64}$", "description": "Id of the request."},
        "institution": {"type": "integer"},
        "provider": {"type": "integer"},
        "state": {"enum": [state.value for state in OrderState]},
        "deadline": _TIME,
        "times": {"type": "object", "description": "When it came to each state.", "additionalProperties": _TIME},
        "reason": {"type": ["string", "null"], "description": "Why it was declined."},
    },
}
_DECLINE: dict[str, Any] = {
    "type": "object",
    "required": ["format", "reason"],
    "additionalProperties": False,
    "properties": {"format": {"const": DECLINE_FORMAT}, "reason": {"type": "string", "minLength": 1, "maxLength": 500}},
}
_LIST: dict[str, Any] = {
    "type": "object",
    "required": ["orders"],
    "properties": {"orders": {"type": "array", "items": _ORDER}},
}
_ERRORS = (401, 404, 409, 422, 429, 500, 503)
_BODY_ERRORS = (400, 401, 404, 408, 409, 413, 415, 422, 429, 500, 503)
OrderId = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", description="Id of the order: that of its request.")]


def _json(schema: dict[str, Any], what: str = "Done") -> dict[str, Any]:
    return {"description": what, "content": {JSON: {"schema": schema}}}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


@router.post(
    "/v1/orders",
    status_code=201,
    responses={200: _json(_ORDER, "It was placed before"), 201: _json(_ORDER), **documented(403, 421, *_BODY_ERRORS)},
    openapi_extra=_body(_ORDER_FILE),
)
async def place(request: Request) -> Response:
    """Place an order. The same one again is the same order."""
    service = service_of(request)
    member = await member_of(request, service)
    file = parse_order(await read_json_body(request, service.limits))

    def placed() -> tuple[Order, bool]:
        seen = service.desk.sights.newest(service.desk.view_age).now
        require_asker(member, file.request.request, seen)
        return ordering.place(service.order_book, file, seen, service.time())

    made, fresh = await run_in_threadpool(placed)
    return JSONResponse(_shown(made), 201 if fresh else 200)


@router.get("/v1/orders", responses={200: _json(_LIST), **documented(*_ERRORS)})
async def list_orders(request: Request) -> dict[str, Any]:
    """The newest orders: the member's own; for the provider, all that are placed here."""
    service = service_of(request)
    member = await member_of(request, service)

    def listed() -> list[Order]:
        whose = None if _is_provider(service, member) else member.node
        return service.order_book.orders.listed(member=whose)

    return {"orders": [_shown(one) for one in await run_in_threadpool(listed)]}


@router.get("/v1/orders/{order}", responses={200: _json(_ORDER), **documented(*_ERRORS)})
async def get(request: Request, order: OrderId) -> dict[str, Any]:
    """How far an order has come."""
    return _shown(await _found(request, order, lambda _, found: found))


@router.get("/v1/orders/{order}/file", responses={200: _json(_ORDER_FILE), **documented(410, *_ERRORS)})
async def get_file(request: Request, order: OrderId) -> dict[str, Any]:
    """What was ordered, for whoever at the provider has to look at it."""

    def read(service: Service, found: Order) -> dict[str, Any]:
        file = ordering.order_file(service.order_book, found)
        if file is None:
            raise ordering.OrderForgottenError("the order is over, and its file is not kept any more")
        return dict(json.loads(file.to_json()))

    return await _found(request, order, read)


@router.get(
    "/v1/orders/{order}/delivery",
    response_class=Response,
    responses={
        200: {"description": "The report", "content": {JSON: {}, AGE_MEDIA_TYPE: {}}},
        **documented(410, *_ERRORS),
    },
)
async def get_delivery(request: Request, order: OrderId) -> Response:
    """What was delivered: a report package, encrypted if the institution's profile has a key for that."""
    content = await _found(request, order, lambda service, found: ordering.fetch(service.order_book, found))
    return Response(content, media_type=AGE_MEDIA_TYPE if is_encrypted(content) else JSON)


@router.post("/v1/orders/{order}/receipt", responses={200: _json(_ORDER), **documented(*_ERRORS)})
async def receive(request: Request, order: OrderId) -> dict[str, Any]:
    """Say that the delivery has arrived; it is forgotten here."""

    def received(service: Service, found: Order) -> Order:
        return ordering.receive(service.order_book, found.request, service.time())

    return _shown(await _found(request, order, received, by_provider=False))


@router.post("/v1/orders/{order}/acceptance", responses={200: _json(_ORDER), **documented(403, *_ERRORS)})
async def accept(request: Request, order: OrderId) -> dict[str, Any]:
    """As the provider, take on an order; it is answered soon after."""

    def accepted(service: Service, found: Order) -> Order:
        return ordering.accept(service.order_book, found.request, service.time())

    return _shown(await _found(request, order, accepted, by_institution=False))


@router.post(
    "/v1/orders/{order}/decline",
    responses={200: _json(_ORDER), **documented(403, *_BODY_ERRORS)},
    openapi_extra=_body(_DECLINE),
)
async def decline(request: Request, order: OrderId) -> dict[str, Any]:
    """As the provider, turn an order down, with a reason."""
    reason = read_object(await read_json_body(request, service_of(request).limits), DECLINE_FORMAT, ("reason",))
    text = reason.raw("reason")

    def declined(service: Service, found: Order) -> Order:
        given = text if isinstance(text, str) else ""
        return ordering.decline(service.order_book, found.request, given, service.time())

    return _shown(await _found(request, order, declined, by_institution=False))


async def _found(
    request: Request,
    order: str,
    act: Callable[[Service, Order], _T],
    *,
    by_institution: bool = True,
    by_provider: bool = True,
) -> _T:
    """What `act` makes of an order, if the caller is one of its two sides, and this is for that side."""
    service = service_of(request)
    member = await member_of(request, service)

    def found() -> _T:
        known = service.order_book.orders.find(bytes.fromhex(order[2:]))
        provides = _is_provider(service, member)
        if known is None or not (provides or _is_asker(service, member, known)):
            raise unknown()
        if not (by_provider and provides) and not (by_institution and _is_asker(service, member, known)):
            raise HttpError(403, "not-this-side", "this is for the other side of the order")
        return act(service, known)

    return await run_in_threadpool(found)


def _is_provider(service: Service, member: MemberSession) -> bool:
    return member.node == service.desk.node


def _is_asker(service: Service, member: MemberSession, order: Order) -> bool:
    if member.node in (order.institution, order.broker):
        return True
    return service.desk.sights.acts_for(member.address, order.institution)


def _shown(order: Order) -> dict[str, Any]:
    return {
        "order": hexed(order.request),
        "institution": order.institution,
        "provider": order.provider,
        "state": order.state.value,
        "deadline": order.deadline,
        "times": {state.value: time for state, time in order.times.items()},
        "reason": order.reason,
    }
