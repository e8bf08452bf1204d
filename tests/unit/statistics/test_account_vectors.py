"""Statements of account, price lists and lists of loans against messages.json."""

from __future__ import annotations

from creditchain.messages import recover
from creditchain.packages.account_file import parse_account
from creditchain.packages.loan_list import parse_list
from creditchain.packages.price_list import parse_price_list
from vectors.reading import load

VECTORS = load("messages")


def test_the_statement_of_the_vector_is_signed() -> None:
    case = VECTORS["account"]
    file = parse_account(case["file"].encode())
    message = file.account.message
    assert (message.lines, message.digest()) == (case["lines"], case["digest"])
    assert recover(message, file.signature) == VECTORS["signer"]
    prices = parse_price_list(VECTORS["price_list"]["file"].encode())
    assert prices.digest == file.account.terms
    (line,) = file.account.charged
    assert prices.amount(line.name, line.count) == line.fen


def test_the_digests_of_files() -> None:
    prices, listed = VECTORS["price_list"], VECTORS["loan_list"]
    assert parse_price_list(prices["file"].encode()).digest == prices["digest"]
    loans = parse_list(listed["file"].encode())
    assert loans.digest == listed["digest"]
    assert parse_list(loans.to_json()) == loans
