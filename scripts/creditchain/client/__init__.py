"""What a bank embeds to ask an exchange for reports."""

from creditchain.client.asking import (
    AskedAnswer,
    ExchangeClient,
    ExchangeRefusedError,
    ExchangeUnavailableError,
    OtherAnswerError,
    OtherExchangeError,
)

__all__ = [
    "AskedAnswer",
    "ExchangeClient",
    "ExchangeRefusedError",
    "ExchangeUnavailableError",
    "OtherAnswerError",
    "OtherExchangeError",
]
