"""Routes for complaints: an enterprise complains, the operator answers, a regulator sees how long that took. 投诉"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts.enterprise_view import consents_seen, owned_consent
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.callers import member_as
from creditchain.exchange.due import STATE, Due, due_of
from creditchain.exchange.enterprise_callers import asker_of
from creditchain.exchange.enterprises import named_consent
from creditchain.exchange.operators import operator_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.queries import CURSOR, LIMIT, page_of
from creditchain.exchange.service import Service, service_of
from creditchain.exchange.shapes import (
    COUNT,
    DIGEST,
    TIME,
    answers,
    file_of,
    or_null,
    parameter,
    record,
    rows,
    takes,
)
from creditchain.packages.complaint_file import (
    COMPLAINT_ANSWER_FORMAT,
    COMPLAINT_FORMAT,
    parse_complaint,
    parse_complaint_answer,
)
from creditchain.packages.parts import hexed
from creditchain.packages.reading import LONGEST_TEXT
from creditchain.store.complaints import Complaint
from creditchain.store.daily_counts import DailyAct
from creditchain.vocabulary import Role

router = APIRouter()

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_TIMES = {
    "number": COUNT,
    "filed_at": TIME,
    "due_at": TIME | {"description": "30 days after it was filed (art. 26)."},
    "overdue": {"type": "boolean"},
    "answered_at": or_null(TIME),
}
_WORDS = or_null({"type": "string"})
_COMPLAINT = record(
    _TIMES
    | {
        "consent": DIGEST,
        "text": _WORDS | {"description": "null: its key is lost."},
        "answer": _WORDS | {"description": "null: there is none, or its key is lost."},
    }
)
_NEXT = or_null(COUNT) | {"description": "`cursor` of the next page; null: this is the last one."}
_LIST = record({"complaints": rows(_COMPLAINT), "next": _NEXT})
_WITHOUT_WORDS = record({"complaints": rows(record(_TIMES)), "next": _NEXT})
_PAGE = {"parameters": [STATE, CURSOR, LIMIT]}
_BODY = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)


@router.post(
    "/v1/enterprise/complaints",
    tags=["enterprise"],
    status_code=201,
    responses=answers(201, _COMPLAINT, 409, *_BODY),
    openapi_extra=takes(file_of(COMPLAINT_FORMAT, {"consent": DIGEST, "text": _TEXT})),
)
async def complain(request: Request) -> dict[str, Any]:
    """Complain about what this exchange did. The same words again are the same complaint. So many a day. 投诉"""
    service = service_of(request)
    asker = await asker_of(request, service)
    file = parse_complaint(await read_json_body(request, service.limits))

    def filed() -> dict[str, Any]:
        owned_consent(service.desk.region, asker, file.consent)
        time = service.time()
        allowed = asker.allowed(service.limits.complaints_a_day, f"consent {file.consent.hex()}")
        service.enterprises.counts.take(DailyAct.COMPLAINT, allowed, time)
        return _shown(service.complaints.file(file.consent, file.text, time), time)

    return await run_in_threadpool(filed)


@router.get(
    "/v1/enterprise/complaints",
    tags=["enterprise"],
    responses=answers(200, _LIST, 401, 403, 422, 429, 500, 503),
    openapi_extra={
        "parameters": [parameter("consent", DIGEST, "Only this consent; a platform has to name one."), CURSOR, LIMIT]
    },
)
async def own_complaints(request: Request) -> dict[str, Any]:
    """The enterprise's complaints, and what was answered, the oldest first. 投诉答复"""
    service = service_of(request)
    asker = await asker_of(request, service)
    named, (cursor, most) = named_consent(request, asker), page_of(request)

    def looked() -> dict[str, Any]:
        _, seen = consents_seen(service.desk.region, asker, named)
        time = service.time()
        found = service.complaints.of([one.consent.id for one in seen], cursor, most)
        return {"complaints": [_shown(one, time) for one in found], "next": _next(found, most)}

    return await run_in_threadpool(looked)


@router.get(
    "/v1/operator/complaints",
    tags=["operator"],
    responses=answers(200, _LIST, 401, 403, 422, 429, 500, 503),
    openapi_extra=_PAGE,
)
async def complaints(request: Request) -> dict[str, Any]:
    """The complaints of enterprises about this exchange, the oldest first. 投诉清单"""
    service = await operator_of(request)
    due, (cursor, most) = due_of(request), page_of(request)

    def looked() -> dict[str, Any]:
        time = service.time()
        found = _found(service, due, cursor, most, time)
        return {"complaints": [_shown(one, time) for one in found], "next": _next(found, most)}

    return await run_in_threadpool(looked)


@router.post(
    "/v1/operator/complaints/{number}/answer",
    tags=["operator"],
    responses=answers(200, _COMPLAINT, 404, 409, *_BODY),
    openapi_extra=takes(file_of(COMPLAINT_ANSWER_FORMAT, {"text": _TEXT})),
)
async def answer(request: Request, number: str) -> dict[str, Any]:
    """Answer a complaint, once. 答复投诉"""
    service = await operator_of(request)
    if not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise HttpError(404, "not-found", "there is no such complaint")
    text = parse_complaint_answer(await read_json_body(request, service.limits))

    def answered() -> dict[str, Any]:
        time = service.time()
        return _shown(service.complaints.answer(int(number), text, time), time)

    return await run_in_threadpool(answered)


@router.get(
    "/v1/regulator/complaints",
    tags=["regulator"],
    responses=answers(200, _WITHOUT_WORDS, 401, 403, 422, 429, 500, 503),
    openapi_extra=_PAGE,
)
async def complaints_about(request: Request) -> dict[str, Any]:
    """The complaints about this exchange, without their words: when each was filed and answered. 投诉处理情况"""
    service = service_of(request)
    await member_as(request, service, Role.REGULATOR)
    due, (cursor, most) = due_of(request), page_of(request)

    def looked() -> dict[str, Any]:
        time = service.time()
        found = _found(service, due, cursor, most, time, words=False)
        return {"complaints": [_times(one, time) for one in found], "next": _next(found, most)}

    return await run_in_threadpool(looked)


def _found(service: Service, due: Due, cursor: int, most: int, time: int, *, words: bool = True) -> Sequence[Complaint]:
    overdue_at = time if due is Due.OVERDUE else None
    return service.complaints.all(cursor, most, unanswered=due is not Due.ALL, overdue_at=overdue_at, words=words)


def _next(found: Sequence[Complaint], most: int) -> int | None:
    """The cursor of the next page; None where this one was not full."""
    return found[-1].number if len(found) == most else None


def _times(one: Complaint, time: int) -> dict[str, Any]:
    return {
        "number": one.number,
        "filed_at": one.filed_at,
        "due_at": one.due_at,
        "overdue": one.overdue(time),
        "answered_at": one.answered_at,
    }


def _shown(one: Complaint, time: int) -> dict[str, Any]:
    return _times(one, time) | {"consent": hexed(one.consent), "text": one.text, "answer": one.answer}
