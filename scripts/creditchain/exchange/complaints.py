"""Routes for complaints: an enterprise complains, the operator answers, a regulator sees how long that took. 投诉"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts.enterprise_view import consents_seen, owned_consent
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.callers import member_as
from creditchain.exchange.enterprise_callers import asker_of
from creditchain.exchange.enterprises import named_consent
from creditchain.exchange.operators import operator_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import service_of
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
from creditchain.vocabulary import Role

router = APIRouter()

_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_STANDING = {
    "number": COUNT,
    "filed_at": TIME,
    "due_at": TIME | {"description": "30 days after it was filed (art. 26)."},
    "overdue": {"type": "boolean"},
    "answered_at": or_null(TIME),
}
_COMPLAINT = record(_STANDING | {"consent": DIGEST, "text": {"type": "string"}, "answer": or_null({"type": "string"})})
_LIST, _WITHOUT_WORDS = record({"complaints": rows(_COMPLAINT)}), record({"complaints": rows(record(_STANDING))})
_STATE = parameter("state", {"enum": ["open", "overdue", "all"]}, "Which ones; open if it is left out.")
_BODY = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503)


@router.post(
    "/v1/enterprise/complaints",
    tags=["enterprise"],
    status_code=201,
    responses=answers(201, _COMPLAINT, *_BODY),
    openapi_extra=takes(file_of(COMPLAINT_FORMAT, {"consent": DIGEST, "text": _TEXT})),
)
async def complain(request: Request) -> dict[str, Any]:
    """Complain about what this exchange did. The same words again are the same complaint. 投诉"""
    service = service_of(request)
    asker = await asker_of(request, service)
    file = parse_complaint(await read_json_body(request, service.limits))

    def filed() -> dict[str, Any]:
        owned_consent(service.desk.region, asker, file.consent)
        time = service.time()
        return _shown(service.complaints.file(file.consent, file.text, time), time)

    return await run_in_threadpool(filed)


@router.get(
    "/v1/enterprise/complaints",
    tags=["enterprise"],
    responses=answers(200, _LIST, 401, 403, 422, 429, 500, 503),
    openapi_extra={"parameters": [parameter("consent", DIGEST, "Only this consent; a platform has to name one.")]},
)
async def own_complaints(request: Request) -> dict[str, Any]:
    """The enterprise's complaints, and what was answered. 投诉答复"""
    service = service_of(request)
    asker = await asker_of(request, service)
    named = named_consent(request, asker)

    def looked() -> dict[str, Any]:
        _, seen = consents_seen(service.desk.region, asker, named)
        time = service.time()
        found = service.complaints.of([one.consent.id for one in seen])
        return {"complaints": [_shown(one, time) for one in found]}

    return await run_in_threadpool(looked)


@router.get(
    "/v1/operator/complaints",
    tags=["operator"],
    responses=answers(200, _LIST, 401, 403, 422, 429, 500, 503),
    openapi_extra={"parameters": [_STATE]},
)
async def complaints(request: Request) -> dict[str, Any]:
    """The complaints of enterprises about this exchange, the oldest first. 投诉清单"""
    service = await operator_of(request)
    state = _state(request)

    def looked() -> dict[str, Any]:
        time = service.time()
        found = _wanted(service.complaints.all(unanswered=state != "all"), state, time)
        return {"complaints": [_shown(one, time) for one in found]}

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
    openapi_extra={"parameters": [_STATE]},
)
async def complaints_about(request: Request) -> dict[str, Any]:
    """The complaints about this exchange, without their words: when each was filed and answered. 投诉处理情况"""
    service = service_of(request)
    await member_as(request, service, Role.REGULATOR)
    state = _state(request)

    def looked() -> dict[str, Any]:
        time = service.time()
        found = _wanted(service.complaints.all(unanswered=state != "all"), state, time)
        return {"complaints": [_standing(one, time) for one in found]}

    return await run_in_threadpool(looked)


def _state(request: Request) -> str:
    state = request.query_params.get("state", "open")
    if state not in ("open", "overdue", "all"):
        raise HttpError(422, "parameter", "there is no such state", expected="open, overdue or all")
    return state


def _wanted(found: Iterable[Complaint], state: str, time: int) -> list[Complaint]:
    return [one for one in found if state != "overdue" or one.overdue(time)]


def _standing(one: Complaint, time: int) -> dict[str, Any]:
    return {
        "number": one.number,
        "filed_at": one.filed_at,
        "due_at": one.due_at,
        "overdue": one.overdue(time),
        "answered_at": one.answered_at,
    }


def _shown(one: Complaint, time: int) -> dict[str, Any]:
    return _standing(one, time) | {"consent": hexed(one.consent), "text": one.text, "answer": one.answer}
