"""Errors as the service answers them: `application/problem+json` (RFC 9457), one status and one code for each kind.

`type` is the code; clients compare it. `title` is for people, with what was expected, what was found, and what to do.
Nothing that identifies an enterprise is in an error of this package, so nothing is in an answer either.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi.responses import JSONResponse

from creditchain.acts.answering import AnswerForgottenError, OtherProviderError
from creditchain.acts.enterprise_view import NotYourConsentError
from creditchain.acts.ordering import OrderForgottenError
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.profiles import ProfileUnknownError
from creditchain.acts.signing_in import SignInError
from creditchain.acts.webhooks import UnknownWebhookError
from creditchain.consents.errors import ForeignFileError, ProductMismatchError, QueryRefusedError, RequestReplayedError
from creditchain.errors import (
    ConfigError,
    CreditchainError,
    DatabaseError,
    InputError,
    NotValidError,
    RefusedError,
    UnavailableError,
)
from creditchain.reports import AssemblyError
from creditchain.store.complaints import ComplaintUnknownError
from creditchain.store.daily_counts import DailyLimitError
from creditchain.store.deliveries import NonceTakenError, UsesTakenError
from creditchain.store.orders import OrderUnknownError

MEDIA_TYPE = "application/problem+json"

#: The first class that an error is of decides its status.
_STATUS: tuple[tuple[type[CreditchainError], int], ...] = (
    (SignInError, 401),
    (UnknownWebhookError, 404),
    (ComplaintUnknownError, 404),
    (DailyLimitError, 429),
    (RequestReplayedError, 409),
    (NotEntitledError, 403),
    (NonceTakenError, 409),
    (UsesTakenError, 403),
    (AnswerForgottenError, 410),
    (OrderForgottenError, 410),
    (OrderUnknownError, 404),
    (ProfileUnknownError, 409),
    (OtherProviderError, 421),
    (NotYourConsentError, 403),
    (ForeignFileError, 421),
    (ProductMismatchError, 422),
    (QueryRefusedError, 403),
    (AssemblyError, 503),
    (ConfigError, 500),
    (InputError, 422),
    (NotValidError, 422),
    (UnavailableError, 503),
    (DatabaseError, 503),
    (RefusedError, 409),
)
#: Seconds after which to ask again, where that may help.
RETRY_SECONDS = 5
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class HttpError(CreditchainError):
    """What is wrong with a call itself: its status and code are given."""

    def __init__(
        self, status: int, code: str, message: str, *, expected: str | None = None, found: str | None = None,
        hint: str | None = None, retry_after: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, expected=expected, found=found, hint=hint)
        self.status, self.code, self.retry_after = status, code, retry_after


def status_of(error: CreditchainError) -> int:
    """The HTTP status of an error; 500 for one that nobody foresaw."""
    if isinstance(error, HttpError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def code_of(error: CreditchainError) -> str:
    """The code of an error: its class in lower case, `request-replayed` for RequestReplayedError."""
    if isinstance(error, HttpError):
        return error.code
    return _CAPITAL.sub("-", type(error).__name__.removesuffix("Error")).lower()


def problem(error: CreditchainError) -> JSONResponse:
    """The answer for an error."""
    status = status_of(error)
    body: dict[str, Any] = {"type": code_of(error), "title": error.message, "status": status}
    told = {"expected": error.expected, "found": error.found, "hint": error.hint}
    body |= {name: text for name, text in told.items() if text is not None}
    if error.place is not None and error.place.field is not None:
        body["field"] = error.place.field
    headers = {}
    retry = RETRY_SECONDS if status == 503 else None
    if isinstance(error, HttpError | DailyLimitError):
        retry = error.retry_after
    if retry is not None:
        headers["Retry-After"] = str(retry)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def internal() -> JSONResponse:
    """The answer for an exception that nobody foresaw: nothing of it is told."""
    return problem(HttpError(500, "internal", "this is a fault of the service", hint="Its operator has the log."))


#: The shape of every error, for the OpenAPI description.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "description": "Code of the error; compare this."},
        "title": {"type": "string", "description": "What is wrong, for people."},
        "status": {"type": "integer"},
        "expected": {"type": "string"},
        "found": {"type": "string"},
        "hint": {"type": "string", "description": "What to do."},
        "field": {"type": "string", "description": "Dotted path in the body."},
    },
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route answers, for the OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": SCHEMA}}
    return {status: {"description": _TITLES[status], "content": content} for status in statuses}


_TITLES = {
    400: "The call is malformed",
    401: "Not signed in",
    403: "Consent, or who asks, does not allow it",
    404: "There is no such thing",
    405: "Not this method",
    408: "The body did not arrive in time",
    409: "It was done before, or contradicts what was",
    410: "It is not kept any more",
    413: "The body is too large",
    415: "Another media type is expected",
    421: "For another provider or region",
    422: "The body does not hold what it should",
    429: "Too many calls",
    500: "A fault of the service",
    503: "It cannot be judged or done now",
}
