"""Events and webhooks: names of events, their ids, their body, and the signature that a webhook carries.

A webhook is signed as https://www.standardwebhooks.com has it: HMAC-SHA256 over `id.timestamp.body`, in the headers
`webhook-id`, `webhook-timestamp` (unix seconds) and `webhook-signature` (`v1,` and base64).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from creditchain.errors import InputError, NotValidError, Place
from creditchain.hashing import keccak256
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import PackageLimits, load_json
from creditchain.packages.reading import read_object, written
from creditchain.times import moment

WEBHOOK_FORMAT: Final = "creditchain/webhook@1"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES: Final = (24, 64)
LONGEST_ADDRESS: Final = 1024
#: Seconds by which the clocks of sender and receiver may differ.
TOLERANCE_SECONDS: Final = 300
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")

_EVENT_ID: Final = re.compile(r"evt_[0-9a-f]{32}", re.ASCII)
_BODY_LIMITS: Final = PackageLimits(package_bytes=1 << 16, values=1000, depth=8)


class EventKind(StrEnum):
    """What an event tells. `zh`: its Chinese name."""

    CONSENT_GRANTED = "consent.granted"
    CONSENT_REVOKED = "consent.revoked"
    CONSENT_PAUSED = "consent.paused"
    CONSENT_RESUMED = "consent.resumed"
    CONSENT_ENDING = "consent.ending"  #: its last day is near
    DISPUTE_FILED = "dispute.filed"
    DISPUTE_ANSWERED = "dispute.answered"
    DISPUTE_DUE = "dispute.due"  #: the publisher's answer is due soon
    DISPUTE_OVERDUE = "dispute.overdue"
    WARNING_NEW = "warning.new"  #: there are new warning records of an enterprise under a live consent

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self.value]


_ZH: Final = {
    "consent.granted": "授权已授予",
    "consent.revoked": "授权已撤销",
    "consent.paused": "授权已暂停",
    "consent.resumed": "授权已恢复",
    "consent.ending": "授权即将到期",
    "dispute.filed": "异议已提出",
    "dispute.answered": "异议已答复",
    "dispute.due": "异议答复将到期",
    "dispute.overdue": "异议答复已逾期",
    "warning.new": "有新的警示信息",
}


class WebhookSignatureError(NotValidError):
    """A webhook is not from the exchange that knows the secret, or it is an old one sent again."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a webhook tells. The same `id` may come more than once, and stands for the same event."""

    id: str
    kind: str  #: an `EventKind`, or one of a later release
    time: str  #: ISO 8601, UTC
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WebhookOrder:
    """Where a member wants its events, and which; none named: all. `secret`: what they are signed with."""

    address: str = field(repr=False)
    kinds: tuple[EventKind, ...]
    secret: bytes = field(repr=False)

    def to_json(self) -> bytes:
        """The bytes that `parse_webhook_order` reads."""
        kinds = [kind.value for kind in self.kinds]
        value = {"format": WEBHOOK_FORMAT, "address": self.address, "kinds": kinds}
        return written(value | {"secret": secret_text(self.secret)})


def parse_webhook_order(raw: bytes) -> WebhookOrder:
    """Parse what a member asks for. Raises PackageError with the field."""
    fields = read_object(raw, WEBHOOK_FORMAT, ("address", "kinds", "secret"))
    return WebhookOrder(fields.text("address", longest=LONGEST_ADDRESS), _kinds(fields), _secret(fields))


def _kinds(fields: Fields) -> tuple[EventKind, ...]:
    found = []
    for path, value in fields.items("kinds", most=len(EventKind)):
        if not isinstance(value, str) or value not in list(EventKind):
            raise PackageError("this is no kind of event", expected=", ".join(EventKind), place=Place(field=path))
        found.append(EventKind(value))
    return tuple(kind for kind in EventKind if not found or kind in found)


def _secret(fields: Fields) -> bytes:
    try:
        return parse_secret(fields.text("secret"))
    except InputError as error:
        raise PackageError(error.message, expected=error.expected, place=Place(field="secret")) from None


def secret_text(secret: bytes) -> str:
    """A secret as people copy it: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def parse_secret(text: str) -> bytes:
    """The secret in its text. Raises InputError, which does not show it."""
    least, most = SECRET_BYTES
    try:
        secret = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(SECRET_PREFIX) or not least <= len(secret) <= most:
        raise InputError(
            "this is no secret of a webhook", expected=f"{SECRET_PREFIX} and base64 of {least} to {most} bytes"
        )
    return secret


def event_id(log_id: bytes, member: int, kind: EventKind, item: bytes) -> str:
    """The id of an event: it follows from what happened, so whoever reads the log again finds the same one.

    `item`: what it happened to, such as a consent's id. The index of an entry is no part of it: after a reorganisation
    the same revocation may stand elsewhere in the log.
    """
    name = kind.value.encode()
    whole = b"creditchain/event@1" + log_id + member.to_bytes(4) + bytes([len(name)]) + name + item
    return "evt_" + keccak256(whole)[:16].hex()


def event_body(kind: EventKind, time: int, data: Mapping[str, Any]) -> str:
    """The body of a webhook, JSON. `time`: unix seconds."""
    return json.dumps({"type": kind.value, "timestamp": moment(time), "data": dict(data)}, separators=(",", ":"))


def signature(secret: bytes, event: str, timestamp: int, body: bytes) -> str:
    """What the header `webhook-signature` holds. `event`: the id; `timestamp`: of this sending, unix seconds."""
    signed = b".".join((event.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def check_webhook(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> WebhookEvent:
    """The event that a webhook tells, once its signature holds.

    Args:
        secret: as `creditchain webhook set` printed it.
        headers: of the request; their names in any case.
        body: the request's bytes as they came.
        now: this machine's clock, unix seconds.
    Raises:
        WebhookSignatureError: nothing of the webhook may be believed. InputError: `secret` is none.
        PackageError: it is signed, and is no event.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    event, sent, given = (lower.get(name, "") for name in HEADERS)
    if not event or not given or not sent.isascii() or not sent.isdecimal() or len(sent) > 12:
        raise WebhookSignatureError("the request is no webhook", expected=f"the headers {', '.join(HEADERS)}")
    expected = signature(parse_secret(secret), event, int(sent), body)
    # Several signatures may be given while a secret is changed.
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given.split(" ")):
        raise WebhookSignatureError("the signature does not hold", hint="Is it the secret of this webhook?")
    if abs(now - int(sent)) > TOLERANCE_SECONDS:
        raise WebhookSignatureError(
            "the webhook is too old, or the clocks differ",
            expected=f"sent within {TOLERANCE_SECONDS} seconds of {int(now)}",
            found=sent,
        )
    return _event(event, body)


def _event(event: str, body: bytes) -> WebhookEvent:
    if not _EVENT_ID.fullmatch(event):
        raise PackageError("the event has no id of an event", expected="evt_ and 32 hex digits")
    fields = Fields(load_json(body, _BODY_LIMITS), "", ("type", "timestamp", "data"))
    return WebhookEvent(event, fields.text("type"), fields.text("timestamp"), fields.mapping("data"))
