"""The signature of a webhook, and what a receiver must not believe."""

from __future__ import annotations

import json

import pytest

from creditchain.client import check_webhook, new_secret
from creditchain.errors import InputError
from creditchain.packages.fields import PackageError
from creditchain.packages.webhook import (
    EventKind,
    WebhookOrder,
    WebhookSignatureError,
    event_body,
    event_id,
    parse_secret,
    parse_webhook_order,
    secret_text,
    signature,
)

#: The vector that the libraries of standardwebhooks.com are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

LOG = bytes(range(32))
EVENT = event_id(LOG, 18, EventKind.CONSENT_REVOKED, bytes(32))
BODY = event_body(EventKind.CONSENT_REVOKED, 1_700_000_000, {"consent": "0x00"}).encode()
NOW = 1_700_000_100


def headers(**changes: str) -> dict[str, str]:
    made = {
        "Webhook-Id": EVENT,
        "Webhook-Timestamp": str(NOW),
        "Webhook-Signature": signature(parse_secret(SECRET), EVENT, NOW, BODY),
    }
    return made | {name.replace("_", "-"): value for name, value in changes.items()}


def test_the_published_vector() -> None:
    assert signature(parse_secret(SECRET), *VECTOR) == SIGNED


def test_a_good_webhook() -> None:
    event = check_webhook(SECRET, headers(), BODY, NOW)
    assert (event.id, event.kind, event.time) == (EVENT, EventKind.CONSENT_REVOKED, "2023-11-14T22:13:20Z")
    assert event.data == {"consent": "0x00"}


def test_one_good_signature_of_several_is_enough() -> None:
    several = f"v1,AAAA v2,xyz {headers()['Webhook-Signature']}"
    assert check_webhook(SECRET, headers(Webhook_Signature=several), BODY, NOW).id == EVENT


@pytest.mark.parametrize(
    "changes",
    [
        {"Webhook_Id": EVENT[:-1] + ("0" if EVENT[-1] != "0" else "1")},
        {"Webhook_Timestamp": str(NOW + 1)},
        {"Webhook_Signature": "v1,AAAA"},
        {"Webhook_Signature": "v1,é"},
        {"Webhook_Signature": ""},
        {"Webhook_Timestamp": "now"},
        {"Webhook_Timestamp": "9" * 400},
    ],
    ids=["id", "timestamp", "signature", "no ASCII", "no signature", "no time", "long time"],
)
def test_an_altered_header(changes: dict[str, str]) -> None:
    with pytest.raises(WebhookSignatureError):
        check_webhook(SECRET, headers(**changes), BODY, NOW)


def test_each_byte_of_the_body_counts() -> None:
    for place in range(len(BODY)):
        altered = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        with pytest.raises(WebhookSignatureError):
            check_webhook(SECRET, headers(), altered, NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_one_sent_again(seconds: int) -> None:
    with pytest.raises(WebhookSignatureError, match="too old"):
        check_webhook(SECRET, headers(), BODY, NOW + seconds)


def test_another_secret() -> None:
    with pytest.raises(WebhookSignatureError):
        check_webhook(new_secret(), headers(), BODY, NOW)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_AAAA", "whsec_!!", SECRET.removeprefix("whsec_")])
def test_what_is_no_secret(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_secret(text)
    assert not text.removeprefix("whsec_") or text not in str(caught.value)


def test_an_id_follows_from_what_happened() -> None:
    same = event_id(LOG, 18, EventKind.CONSENT_REVOKED, bytes(32))
    others = {
        event_id(bytes(32), 18, EventKind.CONSENT_REVOKED, bytes(32)),
        event_id(LOG, 19, EventKind.CONSENT_REVOKED, bytes(32)),
        event_id(LOG, 18, EventKind.CONSENT_PAUSED, bytes(32)),
        event_id(LOG, 18, EventKind.CONSENT_REVOKED, bytes(31) + b"\x01"),
    }
    assert same == EVENT
    assert len(others | {EVENT}) == 5


def test_orders_are_read_back() -> None:
    order = WebhookOrder("https://bank.example/hook", (EventKind.WARNING_NEW,), parse_secret(SECRET))
    assert parse_webhook_order(order.to_json()) == order
    everything = WebhookOrder("https://bank.example/hook", (), parse_secret(SECRET))
    assert parse_webhook_order(everything.to_json()).kinds == tuple(EventKind)
    assert secret_text(order.secret) == SECRET


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kinds": ["consent.eaten"]}, "kinds[0]"),
        ({"kinds": [1]}, "kinds[0]"),
        ({"secret": "whsec_AAAA"}, "secret"),
        ({"address": "x" * 2000}, "address"),
    ],
)
def test_orders_that_are_none(changes: dict[str, object], field: str) -> None:
    value = json.loads(WebhookOrder("https://bank.example/", (), parse_secret(SECRET)).to_json()) | changes
    with pytest.raises(PackageError) as caught:
        parse_webhook_order(json.dumps(value).encode())
    assert caught.value.place is not None
    assert caught.value.place.field == field


def test_every_kind_has_a_chinese_name() -> None:
    assert len({kind.zh for kind in EventKind}) == len(EventKind)
