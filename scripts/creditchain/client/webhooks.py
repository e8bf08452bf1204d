"""Webhooks from the member's side: setting them at an exchange, and checking what comes.

event = check_webhook(secret, request.headers, request.body)     # raises WebhookSignatureError
if not known(event.id): handle(event)                            # the same event may come again, under its id
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from creditchain.client.asking import ExchangeClient
from creditchain.packages import webhook
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.webhook import EventKind, WebhookEvent, WebhookOrder, parse_secret, secret_text

_SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh secret, as its text: `whsec_` and base64."""
    return secret_text(secrets.token_bytes(_SECRET_BYTES))


def check_webhook(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> WebhookEvent:
    """The event that a webhook tells, once its signature holds. `now`: unix seconds; None: this machine's clock.

    `headers` of the request, their names in any case; `body`: the request's bytes as they came.

    Raises:
        WebhookSignatureError: nothing of it may be believed. InputError: `secret` is none.
        PackageError: it is signed, and is no event.
    """
    return webhook.check_webhook(secret, headers, body, time.time() if now is None else now)


class WebhookCalls:
    """A member's webhooks at an exchange. Every call raises as `ExchangeClient.ask`, and may be repeated."""

    def __init__(self, client: ExchangeClient) -> None:
        self._client = client

    def set(self, address: str, secret: str, kinds: Iterable[EventKind] = ()) -> dict[str, Any]:
        """Set a webhook, or kinds and secret of the one with this address. No kinds: all events."""
        order = WebhookOrder(address, tuple(kinds), parse_secret(secret))
        return self._client.call("POST", "/v1/webhooks", order.to_json())

    def all(self) -> list[dict[str, Any]]:
        """The member's webhooks."""
        return list(self._client.call("GET", "/v1/webhooks").get("webhooks", []))

    def one(self, webhook: str) -> dict[str, Any]:
        """A webhook by its id, and how many events wait for it, were taken, or given up."""
        return self._client.call("GET", f"/v1/webhooks/{webhook}")

    def remove(self, webhook: str) -> None:
        """Remove a webhook."""
        self._client.call("DELETE", f"/v1/webhooks/{webhook}")

    def replay(self, webhook: str, cursor: int) -> int:
        """Have all events after a cursor sent again. Returns how many."""
        return int(self._client.call("POST", f"/v1/webhooks/{webhook}/replay?cursor={cursor}").get("replayed", 0))

    def dead(self, webhook: str, cursor: int = 0) -> tuple[list[dict[str, Any]], int | None]:
        """Events that were given up after a cursor, and the cursor of the next page; None at the end."""
        return self._page(f"/v1/webhooks/{webhook}/dead?cursor={cursor}")

    def events(self, cursor: int = 0) -> tuple[list[dict[str, Any]], int | None]:
        """Events after a cursor, and the cursor of the next page; None at the end."""
        return self._page(f"/v1/events?cursor={cursor}")

    def watch(self, file: ConsentFile) -> None:
        """Hear of new warning records under a consent. Without this, it begins with the first report under it."""
        self._client.call("PUT", f"/v1/consents/0x{file.message.id.hex()}/watch", file.to_json())

    def _page(self, path: str) -> tuple[list[dict[str, Any]], int | None]:
        answer = self._client.call("GET", path)
        following = answer.get("next")
        return list(answer.get("events", [])), following if isinstance(following, int) else None
