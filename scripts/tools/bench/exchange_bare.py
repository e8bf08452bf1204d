"""What an exchange is measured beside: FastAPI that answers the same calls with bytes of the same size.

`uvicorn tools.bench.exchange_bare:app`, with the log's id (hex) and the bytes of a body in the environment.
"""

from __future__ import annotations

import os
import secrets
from typing import Any

from fastapi import FastAPI, Request, Response

LOG_ID, BODY = "BENCH_LOG_ID", "BENCH_BODY"

app = FastAPI(openapi_url=None)
_body = b"{" + b" " * (int(os.environ.get(BODY, "2")) - 2) + b"}"


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
    """The same bytes each time."""
    await request.body()
    return Response(_body, media_type="application/json")
