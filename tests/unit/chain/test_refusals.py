"""Endpoints' errors, told apart by the table of clients' words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from creditchain.chain.refusals import CLIENTS, TABLE, Refusal, Words, classify, classify_status


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.client}: {row.text}")
def test_every_row_decides_its_own_words(row: Words) -> None:
    assert classify(-32000, f"Error: {row.text.capitalize()}: 12 of 34") is row.refusal
    assert row.text == row.text.lower()
    assert row.client in CLIENTS
    assert all(getattr(row, field.name) for field in fields(row))


# As the clients answer: run, or formatted as the source does.
@pytest.mark.parametrize(
    ("code", "message", "refusal"),
    [
        (-32003, "transaction already imported", Refusal.KNOWN),
        (-32000, "Known transaction", Refusal.KNOWN),
        (-32700, "Unknown transaction 0x12", Refusal.REFUSED),
        (-32003, "replacement transaction underpriced", Refusal.OUTBID),
        (-32000, "transaction underpriced: gas tip cap 1, minimum needed 2", Refusal.UNDERPRICED),
        (-32001, "Nonce too low", Refusal.NONCE_USED),
        (-32000, "nonce too low: next nonce 7, tx nonce 3", Refusal.NONCE_USED),
        (
            -32000,
            "the tx doesn't have the correct nonce. account has nonce of: 1 tx has nonce of: 0",
            Refusal.NONCE_USED,
        ),
        (-32003, "Insufficient funds for gas * price + value", Refusal.UNAFFORDABLE),
        (-32004, "Upfront cost exceeds account balance", Refusal.UNAFFORDABLE),
        (-32000, "txpool is full", Refusal.PASSING),
        (-32603, "VM Exception while processing transaction, reason: TxPoolIsFull, msg: 0x", Refusal.PASSING),
        (-32603, "VM Exception while processing transaction, reason: AlreadyInTxPool, msg: 0x", Refusal.KNOWN),
        (-32005, "Too many requests", Refusal.PASSING),
        (-32005, "daily request count exceeded, request rate limited", Refusal.PASSING),
        (-32005, "Number of requests exceeds max batch size", Refusal.TOO_MUCH),
        (-32005, "Transaction gas limit exceeds block gas limit", Refusal.REFUSED),
        (-32005, "query returned more than 10000 results", Refusal.TOO_MUCH),
        (-32602, "exceed maximum block range 100", Refusal.TOO_MUCH),
        (-32600, "The requested array size exceeds the limit size: 3", Refusal.TOO_MUCH),
        (-32000, "missing trie node d744 (path ) state 0x12 is not available", Refusal.MISSING),
        (4444, "Pruned history unavailable", Refusal.MISSING),
        (-32002, "No state available for block 12 (0xab…)", Refusal.MISSING),
        (-32700, "header not found", Refusal.MISSING),
        (-32601, "no", Refusal.UNSUPPORTED),
        (3, "execution reverted", Refusal.REVERTED),
        (16, "", Refusal.REVERTED),
        (-32000, "VM Exception while processing transaction: revert", Refusal.REVERTED),
        (-32000, "VM Exception while processing transaction: out of gas", Refusal.REFUSED),
        (-32603, "EVM error InvalidFEOpcode", Refusal.REFUSED),
        (0, "", Refusal.REFUSED),
    ],
)
def test_answers_of_clients(code: int, message: str, refusal: Refusal) -> None:
    assert classify(code, message) is refusal


def test_the_reason_of_a_revert_decides_nothing() -> None:
    assert classify(3, "execution reverted: nonce too low, txpool is full") is Refusal.REVERTED
    assert classify(-32000, "execution reverted: already known") is Refusal.REVERTED


@pytest.mark.parametrize("status", [429, 502, 503, 504, 408])
def test_http_statuses_that_pass(status: int) -> None:
    assert classify_status(status) is Refusal.PASSING


def test_other_http_statuses() -> None:
    assert classify_status(413) is Refusal.TOO_MUCH
    assert {classify_status(status) for status in (301, 400, 401, 403, 404, 405)} == {Refusal.REFUSED}
