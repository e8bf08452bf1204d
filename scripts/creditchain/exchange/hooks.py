"""Routes for webhooks: where a member wants to hear of what happens, what it missed, and what could not be sent."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creditchain.acts.webhooks import (
    Hooks,
    WebhookShown,
    dead_letters,
    drop_webhooks,
    find_webhook,
    list_webhooks,
    members_told,
    remove_webhook,
    replay_events,
    require_address,
    set_webhook,
    watch_consent,
)
from creditchain.errors import InputError, Place
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.callers import member_of
from creditchain.exchange.operators import operator_of
from creditchain.exchange.problems import RETRY_SECONDS, HttpError, documented
from creditchain.exchange.queries import CURSOR, LIMIT, page_of
from creditchain.exchange.service import service_of
from creditchain.exchange.shapes import COUNT, NODE, answers, record, rows
from creditchain.packages.consent_file import CONSENT_FORMAT, parse_consent
from creditchain.packages.webhook import LONGEST_ADDRESS, WEBHOOK_FORMAT, EventKind, parse_webhook_order
from creditchain.posting.resolving import TooManyLookUpsError
from creditchain.store.events import MemberEvent, Sending

router = APIRouter(tags=["webhooks"])

_JSON: Final = "application/json"
_KINDS: Final = {"type": "array", "items": {"type": "string", "enum": [kind.value for kind in EventKind]}}
_ORDER: Final = {
    "type": "object",
    "required": ["format", "address", "kinds", "secret"],
    "additionalProperties": False,
    "properties": {
        "format": {"const": WEBHOOK_FORMAT},
        "address": {"type": "string", "maxLength": LONGEST_ADDRESS, "description": "https://HOST/PATH"},
        "kinds": _KINDS | {"description": "Which events; empty: all."},
        "secret": {"type": "string", "description": "whsec_ and base64 of 24 to 64 bytes, chosen by the member."},
    },
}
_NUMBER: Final = {"type": "integer", "minimum": 0}
_WEBHOOK: Final = {
    "type": "object",
    "required": ["id", "address", "kinds", "made_at", "waiting", "taken", "dead"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "address": {"type": "string"},
        "kinds": _KINDS,
        "made_at": _NUMBER | {"description": "Unix seconds."},
        "waiting": _NUMBER | {"description": "Events that are to be sent."},
        "taken": _NUMBER | {"description": "Events that the receiver took."},
        "dead": _NUMBER | {"description": "Events that were given up; replay sends them again."},
    },
}
_EVENT: Final = {
    "type": "object",
    "required": ["cursor", "id", "type", "timestamp", "data"],
    "properties": {
        "cursor": _NUMBER,
        "id": {"type": "string", "pattern": "^evt_[0-9a-f]{32}$"},
        "type": {"type": "string"},
        "timestamp": {"type": "string"},
        "data": {"type": "object"},
    },
}
_DEAD: Final = _EVENT | {
    "properties": {
        **_EVENT["properties"],  # type: ignore[dict-item]
        "attempts": _NUMBER,
        "status": {"type": ["integer", "null"], "description": "HTTP status of the last answer."},
        "trouble": {"type": ["string", "null"], "description": "Why the last attempt failed."},
    }
}
_ID: Final = {"name": "webhook", "in": "path", "required": True, "schema": {"type": "string"}}
_CONSENT_ID: Final = {
    "name": "consent", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
}  # fmt: skip

_TOLD: Final = record({"node": NODE, "waiting": COUNT, "taken": COUNT, "dead": COUNT})
_NODE: Final = {"name": "node", "in": "path", "required": True, "schema": NODE}


def _list(name: str, item: dict[str, Any]) -> dict[str, Any]:
    properties = {name: {"type": "array", "items": item}, "next": {"type": ["integer", "null"]}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _answers(schema: dict[str, Any], *errors: int) -> dict[int | str, dict[str, Any]]:
    answered = {"description": "Done", "content": {_JSON: {"schema": schema}}}
    return {200: answered, **documented(401, 429, 500, 503, *errors)}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {_JSON: {"schema": schema}}}}


@router.post("/v1/webhooks", responses=_answers(_WEBHOOK, 400, 408, 409, 413, 415, 422), openapi_extra=_body(_ORDER))
async def set_one(request: Request) -> dict[str, Any]:
    """Set a webhook: a new one, or kinds and secret of the one with this address. Harmless to repeat."""
    service, hooks = service_of(request), _hooks(request)
    member = await member_of(request, service)
    order = parse_webhook_order(await read_json_body(request, service.limits))
    try:
        await require_address(hooks, member.node, order)
    except TooManyLookUpsError as error:
        raise HttpError(
            429, "too-many-look-ups", error.message, expected=error.expected, hint=error.hint, retry_after=RETRY_SECONDS
        ) from error

    def made() -> WebhookShown:
        webhook = set_webhook(hooks, member.node, order, service.time())
        return find_webhook(hooks, member.node, webhook.id)

    return _webhook_json(await run_in_threadpool(made))


@router.get("/v1/webhooks", responses=_answers(_list("webhooks", _WEBHOOK)))
async def list_all(request: Request) -> dict[str, Any]:
    """The member's webhooks."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    found = await run_in_threadpool(list_webhooks, hooks, member.node)
    return {"webhooks": [_webhook_json(one) for one in found], "next": None}


@router.get("/v1/webhooks/{webhook}", responses=_answers(_WEBHOOK, 404), openapi_extra={"parameters": [_ID]})
async def show_one(request: Request) -> dict[str, Any]:
    """One webhook."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    return _webhook_json(await run_in_threadpool(find_webhook, hooks, member.node, _id(request)))


@router.delete(
    "/v1/webhooks/{webhook}", status_code=204, response_class=Response, openapi_extra={"parameters": [_ID]},
    responses=documented(401, 404, 429, 500, 503),
)  # fmt: skip
async def remove_one(request: Request) -> Response:
    """Remove a webhook. With the last one goes all that was kept for the member."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    await run_in_threadpool(remove_webhook, hooks, member.node, _id(request))
    return Response(status_code=204)


@router.post(
    "/v1/webhooks/{webhook}/replay", openapi_extra={"parameters": [_ID, CURSOR]},
    responses=_answers({"type": "object", "properties": {"replayed": _NUMBER}}, 404, 422),
)  # fmt: skip
async def replay(request: Request) -> dict[str, int]:
    """Send a webhook all events after a cursor again, under their ids."""
    service, hooks = service_of(request), _hooks(request)
    member = await member_of(request, service)
    cursor, _ = page_of(request)

    def replayed() -> int:
        return replay_events(hooks, member.node, _id(request), cursor, service.time())

    return {"replayed": await run_in_threadpool(replayed)}


@router.get(
    "/v1/webhooks/{webhook}/dead", openapi_extra={"parameters": [_ID, CURSOR, LIMIT]},
    responses=_answers(_list("events", _DEAD), 404, 422),
)  # fmt: skip
async def list_dead(request: Request) -> dict[str, Any]:
    """The events that were given up for a webhook."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    cursor, most = page_of(request)
    found = await run_in_threadpool(dead_letters, hooks, member.node, _id(request), cursor, most)
    return {"events": [_dead_json(one) for one in found], "next": _next([one.event for one in found], most)}


@router.get(
    "/v1/events", responses=_answers(_list("events", _EVENT), 422), openapi_extra={"parameters": [CURSOR, LIMIT]}
)
async def list_events(request: Request) -> dict[str, Any]:
    """What happened since the member has webhooks, also what went out already; of the last 30 days."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    cursor, most = page_of(request)
    found = await run_in_threadpool(hooks.events.after, member.node, cursor, most)
    return {"events": [_event_json(one) for one in found], "next": _next(found, most)}


@router.put(
    "/v1/consents/{consent}/watch", status_code=204, response_class=Response,
    openapi_extra=_body({"type": "object", "required": ["format"], "properties": {"format": {"const": CONSENT_FORMAT}}})
    | {"parameters": [_CONSENT_ID]},
    responses=documented(400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503),
)  # fmt: skip
async def watch(request: Request) -> Response:
    """Hear of new warning records under a consent, which the body holds as its file. Harmless to repeat."""
    service, hooks = service_of(request), _hooks(request)
    member = await member_of(request, service)
    file = parse_consent(await read_json_body(request, service.limits))
    if request.path_params["consent"] != "0x" + file.message.id.hex():
        raise InputError("the body is another consent", expected="the one in the path", place=Place(field="message"))
    await run_in_threadpool(lambda: watch_consent(hooks, member.node, file, service.time()))
    return Response(status_code=204)


@router.delete(
    "/v1/consents/{consent}/watch", status_code=204, response_class=Response,
    responses=documented(401, 404, 429, 500, 503), openapi_extra={"parameters": [_CONSENT_ID]},
)  # fmt: skip
async def unwatch(request: Request) -> Response:
    """Hear of new warning records under a consent no more."""
    hooks, member = _hooks(request), await member_of(request, service_of(request))
    try:
        consent = bytes.fromhex(request.path_params["consent"].removeprefix("0x"))
    except ValueError:
        consent = b""
    if not await run_in_threadpool(hooks.watches.unwatch, member.node, consent):
        raise HttpError(404, "not-watched", "this member does not watch such a consent")
    return Response(status_code=204)


@router.get(
    "/v1/operator/webhooks", tags=["operator"], responses=answers(200, rows(_TOLD), 401, 403, 429, 500, 503)
)  # fmt: skip
async def list_members_told(request: Request) -> list[dict[str, int]]:
    """The members that have webhooks here, and how many events wait for each, were taken, or given up."""
    service = await operator_of(request)
    found = await run_in_threadpool(members_told, service.hooks)
    return [
        {"node": member, **{state.value: count for state, count in counts.items()}} for member, counts in found.items()
    ]


@router.delete(
    "/v1/operator/webhooks/{node}", tags=["operator"], openapi_extra={"parameters": [_NODE]},
    responses=answers(200, record({"dropped": COUNT}), 401, 403, 404, 429, 500, 503),
)  # fmt: skip
async def drop_of_member(request: Request) -> dict[str, int]:
    """Remove all webhooks of a member, with all that was kept for it. It may set others."""
    service = await operator_of(request)
    text = str(request.path_params["node"])
    member = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return {"dropped": await run_in_threadpool(drop_webhooks, service.hooks, member)}


def _hooks(request: Request) -> Hooks:
    return service_of(request).hooks


def _id(request: Request) -> str:
    return str(request.path_params["webhook"])


def _webhook_json(one: WebhookShown) -> dict[str, Any]:
    webhook = one.webhook
    kinds = [kind.value for kind in webhook.kinds]
    counts = {state.value: count for state, count in one.counts.items()}
    return {
        "id": webhook.id, "address": webhook.address, "kinds": kinds, "made_at": webhook.made_at, **counts,
    }  # fmt: skip


def _event_json(one: MemberEvent) -> dict[str, Any]:
    return {"cursor": one.number, "id": one.id, **json.loads(one.body)}


def _dead_json(one: Sending) -> dict[str, Any]:
    return _event_json(one.event) | {"attempts": one.attempts, "status": one.status, "trouble": one.trouble}


def _next(found: list[MemberEvent], most: int) -> int | None:
    """The cursor of the next page; None where this one was not full."""
    return found[-1].number if len(found) == most else None
