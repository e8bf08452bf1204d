"""What an exchange is measured beside: FastAPI that answers the same calls with a report that is ready.

Banks look whether an answer holds their own request. So it is written into one and the same report, and nothing else is
done: `uvicorn tools.bench.exchange_bare:app`, with the log's id (hex) and the path of a report in the environment.
"""

from __future__ import annotations

import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response

LOG_ID, REPORT = "BENCH_LOG_ID", "BENCH_REPORT"

app = FastAPI(openapi_url=None)


@cache
def _around() -> tuple[bytes, bytes]:
    """What stands before and after the request in the report."""
    report = Path(os.environ[REPORT]).read_bytes()
    request = json.dumps(orjson.loads(report)["delivery"]["request"], separators=(",", ":")).encode()
    before, found, after = report.partition(request)
    if not found:
        raise ValueError("the report does not hold its request as it is written here")
    return before, after


@app.post("/v1/challenges")
async def challenge() -> dict[str, Any]:
    """A challenge that nobody remembers."""
    return {"challenge": "0x" + secrets.token_hex(32), "exchange": 2, "log_id": os.environ[LOG_ID], "seconds": 60}


@app.post("/v1/sessions", status_code=201)
async def sign_in() -> dict[str, Any]:
    """A token for everybody."""
    return {"token": "0" * 64, "until": 0}


@app.delete("/v1/sessions/current", status_code=204)
async def sign_out() -> Response:
    """Nothing."""
    return Response(status_code=204)


@app.post("/v1/reports")
async def ask(request: Request) -> Response:
    """The same report each time, with the caller's request."""
    before, after = _around()
    asked = orjson.dumps(orjson.loads(await request.body())["request"])
    return Response(before + asked + after, media_type="application/json")
