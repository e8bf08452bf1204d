"""What a bank embeds to ask an exchange for reports, and to take its webhooks."""

from creditchain.client.asking import (
    AskedAnswer,
    ExchangeClient,
    ExchangeRefusedError,
    ExchangeUnavailableError,
    OtherAnswerError,
    OtherExchangeError,
)
from creditchain.client.webhooks import WebhookCalls, check_webhook, new_secret
from creditchain.packages.webhook import EventKind, WebhookEvent, WebhookSignatureError

__all__ = [
    "AskedAnswer",
    "EventKind",
    "ExchangeClient",
    "ExchangeRefusedError",
    "ExchangeUnavailableError",
    "OtherAnswerError",
    "OtherExchangeError",
    "WebhookCalls",
    "WebhookEvent",
    "WebhookSignatureError",
    "check_webhook",
    "new_secret",
]
