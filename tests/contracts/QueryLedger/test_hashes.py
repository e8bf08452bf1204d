"""The contracts give the hashes of the vectors."""

import pytest
from brownie import Hashes, accounts
from reading import load

from creditchain.hashing import keccak256
from creditchain.merkle import root

MESSAGES = load("messages")["messages"]
FUNCTIONS = {
    "OperatorAcceptance": "operatorAcceptance",
    "Consent": "consent",
    "Revocation": "revocation",
    "QueryRequest": "queryRequest",
    "Receipt": "receipt",
    "DisputeFiling": "disputeFiling",
}
CASES = [case for case in MESSAGES if case["type"].split("(")[0] in FUNCTIONS]


@pytest.fixture(scope="module")
def hashes():
    return Hashes.deploy({"from": accounts[0]})


def test_every_message_that_a_contract_checks_has_a_vector() -> None:
    assert {case["type"].split("(")[0] for case in CASES} == set(FUNCTIONS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["type"].split("(")[0])
def test_struct_hashes(hashes, case: dict) -> None:
    name = case["type"].split("(")[0]
    values = tuple(case["message"].values())
    arguments = (values,) if name in ("Consent", "QueryRequest", "DisputeFiling") else values
    assert bytes(getattr(hashes, FUNCTIONS[name])(*arguments)) == case["struct_hash"]


@pytest.mark.parametrize("case", load("entries")["delivery_items"], ids=lambda case: f"flags-{case['flags']}")
def test_items(hashes, case: dict) -> None:
    assert bytes(hashes.item(case["receipt"], case["flags"])) == case["item"]


@pytest.mark.parametrize("count", range(1, 34))
def test_the_root_over_items_is_that_of_the_standard(hashes, count: int) -> None:
    leaves = [keccak256(bytes([index])) for index in range(count)]
    assert bytes(hashes.itemRoot(leaves)) == root(leaves)


@pytest.mark.parametrize(
    ("day", "is_day"),
    [(20240229, True), (10000101, True), (99991231, True), (9991231, False), (100000101, False), (20240132, False)],
)
def test_days(hashes, day: int, is_day: bool) -> None:
    assert hashes.isDay(day) == is_day


def test_months_over_four_centuries(hashes) -> None:
    from datetime import UTC, datetime, timedelta

    for number in range(1970 * 12, 2370 * 12, 37):
        year, month = divmod(number, 12)
        following = datetime(year + (month + 1) // 12, (month + 1) % 12 + 1, 1, tzinfo=UTC)
        end = int((following - timedelta(hours=8)).timestamp())
        named = year * 100 + month + 1
        assert hashes.isOver(named, end)
        assert not hashes.isOver(named, end - 1)
