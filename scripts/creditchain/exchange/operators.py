"""Routes for whoever runs the exchange, by its own node's key: uploads, queries, consents, disputes that are due."""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict, fields
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creditchain.acts.consenting import list_consents
from creditchain.acts.disputing import list_disputes
from creditchain.acts.operator_uploading import require_uploadable, take_up
from creditchain.acts.query_log import CURSOR, QueryPosition
from creditchain.exchange.callers import member_of
from creditchain.exchange.disputes import DISPUTES, disputes_shown
from creditchain.exchange.due import STATE
from creditchain.exchange.enterprises import CONSENT, consent_shown
from creditchain.exchange.guarding import guard_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.queries import number_of
from creditchain.exchange.receiving import OCTETS, receive_file
from creditchain.exchange.service import Service, service_of
from creditchain.exchange.shapes import (
    BLOCK,
    COUNT,
    DIGEST,
    TIME,
    answers,
    or_null,
    parameter,
    record,
    rows,
)
from creditchain.packages.parts import hexed
from creditchain.store.operator_uploads import OperatorUpload, UploadState
from creditchain.store.query_files import QueryRow

router = APIRouter(tags=["operator"])

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_LATEST: Final = 2**40 - 1
#: Most rows of an answer.
_MOST: Final = 1000

_UPLOAD = record(
    {
        "id": {"type": "string"},
        "product": {"type": "string"},
        "name": {"type": "string"},
        "size": COUNT | {"description": "Bytes."},
        "digest": DIGEST | {"description": "sha-256 of the file."},
        "state": {"enum": [one.value for one in UploadState]},
        "received_at": TIME,
        "changed_at": TIME,
        "told": or_null(
            {"type": "object", "description": "Lines, records, kinds of faults, an error, or what it waits for."}
        ),
        "root": or_null(DIGEST) | {"description": "Of the batch."},
        "entry": or_null(COUNT) | {"description": "Of the region's log."},
    }
)
_QUERIES = record(
    {
        "queries": rows(
            record({one.name: COUNT if one.type == "int" else {"type": "string"} for one in fields(QueryRow)})
        ),
        "more": {"type": "boolean", "description": "There are more in this period."},
        "next": or_null({"type": "string", "description": "`cursor` of the next page; null: this is the last one."}),
    }
)
_CONSENTS = record({"block": BLOCK, "consents": rows(CONSENT), "more": {"type": "boolean"}})
_SENDING: dict[str, Any] = {
    "parameters": [
        parameter("product", {"type": "string"}, "A product of records, name/version.", required=True),
        parameter(
            "name", {"type": "string", "pattern": f"^{_NAME.pattern}$"}, "The file's name; its ending says its kind.",
            required=True,
        ),
    ],
    "requestBody": {
        "required": True,
        "content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}},
    },
}  # fmt: skip
_PERIOD = {
    "parameters": [
        parameter("since", TIME, "First second of the period; 0 if it is left out."),
        parameter("until", TIME, "End of the period, not included; now if it is left out."),
        parameter(
            "cursor",
            {"type": "string", "pattern": f"^{CURSOR}$"},
            "`next` of the page before; from the beginning if it is left out.",
        ),
    ]
}


async def operator_of(request: Request) -> Service:
    """The service, if its own node calls. Raises HttpError: as `member_of`; 403 for anybody else."""
    service = service_of(request)
    member = await member_of(request, service)
    if member.node != service.desk.node:
        raise HttpError(
            403,
            "not-the-operator",
            "this is for whoever runs this exchange",
            expected=f"a session of node {service.desk.node}",
            found=f"a session of node {member.node}",
        )
    return service


@router.post(
    "/v1/operator/uploads",
    status_code=202,
    responses=answers(202, _UPLOAD, 400, 401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra=_SENDING,
)
async def upload(request: Request) -> dict[str, Any]:
    """Send records to be published. The file is checked and anchored after that: follow it. 上传

    Cut off in the middle, nothing of it is kept. The same file again ends with the same batch.
    """
    service = await operator_of(request)
    desk, name = service.uploads, request.query_params.get("name", "")
    product = request.query_params.get("product", "")
    if not _NAME.fullmatch(name):
        raise HttpError(422, "parameter", "name is no name of a file", expected="letters, digits, dots, - and _")
    require_uploadable(desk, product)
    id_ = secrets.token_hex(16)
    with guard_of(request).sending():
        size, digest = await receive_file(request, desk.path(id_, name), service.limits)
    time = service.desk.sights.time()  # asks nothing: what is whole is kept, also while the chain does not answer
    made = OperatorUpload(id_, product, name, size, digest, UploadState.RECEIVED, time, time)
    await run_in_threadpool(take_up, desk, made)
    return _shown(made)


@router.get("/v1/operator/uploads", responses=answers(200, rows(_UPLOAD), 401, 403, 429, 500, 503))
async def uploads(request: Request) -> list[dict[str, Any]]:
    """The newest uploads, the last one first. 上传列表"""
    service = await operator_of(request)
    return [_shown(one) for one in await run_in_threadpool(service.uploads.uploads.newest, _MOST)]


@router.get("/v1/operator/uploads/{id_}", responses=answers(200, _UPLOAD, 401, 403, 404, 429, 500, 503))
async def one_upload(request: Request, id_: str) -> dict[str, Any]:
    """How far an upload has come. 上传进度"""
    service = await operator_of(request)
    found = await run_in_threadpool(service.uploads.uploads.find, id_) if _ID.fullmatch(id_) else None
    if found is None:
        raise HttpError(404, "not-found", "there is no such upload")
    return _shown(found)


@router.get(
    "/v1/operator/queries", responses=answers(200, _QUERIES, 401, 403, 422, 429, 500, 503), openapi_extra=_PERIOD
)
async def queries(request: Request) -> dict[str, Any]:
    """What this exchange answered, in the order of time, 1,000 a page: `next` is the cursor of the next page. 查询"""
    service = await operator_of(request)
    time = await run_in_threadpool(service.time)
    until = number_of(request, "until", 0, _LATEST, time + 1)
    since = number_of(request, "since", 0, _LATEST, 0)

    cursor = request.query_params.get("cursor")
    after = None if cursor is None else QueryPosition.parse(cursor)
    found, behind = await run_in_threadpool(service.query_log.page, since, until, after, _MOST)
    following = None if behind is None else str(behind)
    return {"queries": [asdict(one) for one in found], "more": behind is not None, "next": following}


@router.get("/v1/operator/consents", responses=answers(200, _CONSENTS, 401, 403, 429, 500, 503))
async def consents(request: Request) -> dict[str, Any]:
    """The consents that this node endorsed, the newest 1,000 first. 授权"""
    service = await operator_of(request)
    desk = service.desk
    block, found = await run_in_threadpool(lambda: list_consents(desk.region, platform=desk.node))
    told = [consent_shown(one, state, block.time) for one, state in reversed(found) if state is not None]
    return {
        "block": {"number": block.number, "time": block.time},
        "consents": told[:_MOST],
        "more": len(told) > _MOST,
    }


@router.get(
    "/v1/operator/disputes",
    responses=answers(200, DISPUTES, 401, 403, 422, 429, 500, 503),
    openapi_extra={"parameters": [STATE]},
)
async def disputes(request: Request) -> dict[str, Any]:
    """The disputes about this node's records, by the day on which an answer is due. 待答复异议"""
    service = await operator_of(request)
    block, found = await run_in_threadpool(list_disputes, service.desk.region)
    return disputes_shown(request, block, [one for one in found if one.node == service.desk.node])


def _shown(one: OperatorUpload) -> dict[str, Any]:
    return {
        "id": one.id,
        "product": one.product,
        "name": one.name,
        "size": one.size,
        "digest": hexed(one.digest),
        "state": one.state.value,
        "received_at": one.received_at,
        "changed_at": one.changed_at,
        "told": one.told,
        "root": None if one.root is None else hexed(one.root),
        "entry": one.entry,
    }
