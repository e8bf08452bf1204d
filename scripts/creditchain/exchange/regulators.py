"""Routes for regulators: the log of queries, and disputes. Nothing here has content, or names an enterprise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from creditchain.acts.disputing import list_disputes
from creditchain.acts.exporting_queries import ExportedQueries, export_queries
from creditchain.exchange.callers import member_as
from creditchain.exchange.disputes import DISPUTES, disputes_shown
from creditchain.exchange.due import STATE
from creditchain.exchange.problems import HttpError, documented
from creditchain.exchange.queries import number_of
from creditchain.exchange.service import service_of
from creditchain.exchange.shapes import TIME, answers, parameter
from creditchain.store.query_files import QueryFileKind
from creditchain.vocabulary import Role

router = APIRouter(tags=["regulator"])

_LATEST: Final = 2**40 - 1
#: Seconds of the period, if none is named.
_PERIOD: Final = 31 * 86_400
_MEDIA: Final = {
    QueryFileKind.CSV: "text/csv",
    QueryFileKind.PARQUET: "application/vnd.apache.parquet",
}
_SIGNED = "Creditchain-Export"
_FILE = {
    "description": "The file",
    "headers": {
        _SIGNED: {
            "description": "The signed statement about the file, as JSON: docs/format.md, section 7.",
            "schema": {"type": "string"},
        }
    },
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _MEDIA.values()},
}
_PARAMETERS = {
    "parameters": [
        parameter("format", {"enum": [one.value for one in QueryFileKind]}, "Kind of file; csv if it is left out."),
        parameter("since", TIME, "First second of the period; 31 days before its end if it is left out."),
        parameter("until", TIME, "End of the period, not included; now if it is left out."),
    ]
}


@router.get(
    "/v1/regulator/queries",
    response_class=StreamingResponse,
    responses={200: _FILE, **documented(401, 403, 422, 429, 500, 503)},
    openapi_extra=_PARAMETERS,
)
async def queries(request: Request) -> StreamingResponse:
    """Who asked, when, for what and what for: all that this exchange answered in a period, signed. 查询日志"""
    service = service_of(request)
    await member_as(request, service, Role.REGULATOR)
    kind = _kind(request.query_params.get("format"))
    time = await run_in_threadpool(service.time)
    until = number_of(request, "until", 0, _LATEST, time)
    since = number_of(request, "since", 0, _LATEST, max(0, until - _PERIOD))
    made = await run_in_threadpool(export_queries, service.desk, service.query_log, kind, since, until)
    name = f"queries-{service.desk.node}-{since}-{until}.{kind.value}"
    headers = {_SIGNED: made.signed.to_line(), "Content-Disposition": f'attachment; filename="{name}"'}
    closing = BackgroundTask(made.file.close)
    return StreamingResponse(_content(made), media_type=_MEDIA[kind], headers=headers, background=closing)


@router.get(
    "/v1/regulator/disputes",
    responses=answers(200, DISPUTES, 401, 403, 422, 429, 500, 503),
    openapi_extra={"parameters": [STATE]},
)
async def disputes(request: Request) -> dict[str, Any]:
    """The disputes of the region, by the day on which they are due. 异议清单"""
    service = service_of(request)
    await member_as(request, service, Role.REGULATOR)
    block, found = await run_in_threadpool(list_disputes, service.desk.region)
    return disputes_shown(request, block, found)


def _kind(text: str | None) -> QueryFileKind:
    if text is None:
        return QueryFileKind.CSV
    if text not in set(QueryFileKind):
        raise HttpError(422, "parameter", "there is no such kind of file", expected="csv or parquet")
    return QueryFileKind(text)


def _content(made: ExportedQueries) -> Iterator[bytes]:
    file: IO[bytes] = made.file
    while part := file.read(1 << 16):
        yield part
