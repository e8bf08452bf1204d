"""The contracts give the hashes of the vectors."""

import pytest
from brownie import Hashes, accounts
from reading import load

MESSAGES = load("messages")["messages"]
FUNCTIONS = {
    "OperatorAcceptance": "operatorAcceptance",
    "Consent": "consent",
    "Revocation": "revocation",
    "QueryRequest": "queryRequest",
    "Pause": "turn",
    "Resumption": "turn",
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
    if name == "Receipt":
        none = (bytes(32), bytes(32))
        asked = (0, 0, bytes(32), bytes(32), bytes(32), 0, 0, 0, bytes(32), 0, 0, 0, 0, bytes(32))
        values = (values[0], (asked, *values[1:], none, none, none))
    arguments = (values,) if name in ("QueryRequest", "DisputeFiling") else values
    if name == "Consent":
        arguments = (case["form"], case["message"]["log"])
    assert bytes(getattr(hashes, FUNCTIONS[name])(*arguments)) == case["struct_hash"]


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
