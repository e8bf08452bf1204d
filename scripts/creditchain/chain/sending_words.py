"""What endpoints mean when they do not take a transaction. Interim."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What a refusal of eth_sendRawTransaction means for what to do next."""

    KNOWN = "it has this transaction, or another of ours with its nonce"
    USED = "the nonce is in the chain already"
    CHEAP = "it offers too little"
    POOR = "the account cannot pay"
    PASSING = "not now"
    NEVER = "not as it is, ever"
    UNKNOWN = "words that nobody has listed"


_WORDS = {
    Meaning.KNOWN: ("already known", "known transaction", "already imported", "alreadyknown", "already exists",
        "can't be replaced", "replacement", "replaced by"),
    Meaning.USED: ("nonce too low", "nonce is too low", "invalid nonce", "oldnonce", "correct nonce",
        "nonce has already"),
    Meaning.CHEAP: ("underpriced", "less than block base fee", "fee too low", "feetoolow", "gas price too low",
        "below minimum"),
    Meaning.POOR: ("insufficient funds", "enough funds", "insufficient balance"),
    Meaning.PASSING: ("txpool is full", "pool is full", "limit exceeded", "rate limit"),
    Meaning.NEVER: ("exceeds block gas limit", "intrinsic gas too low"),
}  # fmt: skip


def meaning(reason: str) -> Meaning:
    text = reason.lower()
    for found, words in _WORDS.items():
        if any(each in text for each in words):
            return found
    return Meaning.UNKNOWN
