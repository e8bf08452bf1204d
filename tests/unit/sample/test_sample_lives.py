"""A sample is a population: each enterprise has one life, and the records of all products tell of it."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any

import orjson
import pytest

from creditchain.catalogue.products import catalogue, load_product
from creditchain.identifiers import DIVISIONS, parse_subject
from creditchain.products import Product, ProductKind
from creditchain.products.dates import is_date
from creditchain.sample import LAST_DAY, Sample
from creditchain.sample.writing import json_lines

FIRMS = 700
RECORDS = [product for product in catalogue([]) if product.kind is ProductKind.RECORD]
#: Days that may be after the day of the sample, and what is before what.
ENDS = {"due_on", "expires_on", "valid_until", "term_ends_on"}
ORDERS = [
    ("period_from", "period_to", "paid_on"),
    ("decided_on", "valid_from", "valid_until"),
    ("recognised_on", "valid_until"),
    ("applied_on", "granted_on", "expires_on"),
    ("opened_on", "due_on"),
    ("opened_on", "ended_on"),
    ("began_on", "due_on"),
    ("began_on", "announced_on", "ended_on"),
    ("filed_on", "judged_on", "ended_on"),
    ("filed_on", "published_on", "ended_on"),
    ("registered_on", "released_on"),
    ("established_on", "term_ends_on"),
]
SERIES = {
    "power-usage/1": ("account_no",),
    "utilities-usage/1": ("account_no", "kind"),
    "telecom-usage/1": (),
    "housing-fund/1": ("account_no",),
    "social-insurance/1": ("kind",),
    "customs-trade/1": ("direction",),
}

Document = dict[str, Any]


def documents(ref: str, enterprises: int | None = FIRMS, seed: int = 1, **more: Any) -> list[Document]:
    sample = Sample(load_product(ref, []), more.pop("records", None), enterprises, seed, **more)
    return [orjson.loads(line) for line in b"".join(json_lines(sample)).splitlines()]


@cache
def told(ref: str) -> dict[str, list[Document]]:
    """The documents of each enterprise, by its number."""
    found: dict[str, list[Document]] = defaultdict(list)
    for one in documents(ref):
        found[one["subject"]["number"]].append(one)
    return found


@cache
def registrations() -> dict[str, Document]:
    return {number: found[0]["data"] for number, found in told("registry-basic/1").items()}


def facts(ref: str) -> Iterator[tuple[str, Document]]:
    """The data of all documents, with the enterprise's number."""
    return ((number, one["data"]) for number, found in told(ref).items() for one in found)


def share(of: Callable[[str], bool]) -> float:
    return sum(map(of, registrations())) / FIRMS


@pytest.mark.parametrize("seed", [0, 1, 2**62])
def test_each_enterprise_has_one_registration_that_fits_its_number(seed: int) -> None:
    found = documents("registry-basic/1", 3_000, seed)
    assert len({one["subject"]["number"] for one in found}) == 3_000 == len(found)
    assert len({one["data"]["name"] for one in found}) == 3_000
    kinds = {"sole": "92", "cooperative": "93"}
    for one in found:
        number, data = one["subject"]["number"], one["data"]
        parse_subject("USCC", number)
        city = DIVISIONS[data["division"]].name_zh
        assert number[2:8] == str(data["division"])
        assert number[:2] == kinds.get(data["type"], "91")
        assert data["name"].startswith(city.removesuffix("市") + "示例")
        assert data["address"].startswith(city)
        assert data["authority"] == f"{city}市场监督管理局"
        assert date.fromisoformat(data["established_on"]).weekday() < 5
        assert data["name"].endswith("合作社") == (data["type"] == "cooperative")


def test_the_capital_is_a_round_number_that_fits() -> None:
    for data in registrations().values():
        assert str(data["capital_fen"] // 100).rstrip("0") in {"1", "2", "3", "5", "6", "8"}
    sizes = sorted(data["capital_fen"] for data in registrations().values())
    assert 100_000_00 <= sizes[0] < sizes[-1] <= 2_000_000_000_00
    assert 1_000_000_00 <= sizes[FIRMS // 2] <= 50_000_000_00


@pytest.mark.parametrize("product", RECORDS, ids=lambda product: product.ref)
def test_documents_fit_their_product_and_are_of_one_population(product: Product) -> None:
    found = documents(product.ref)
    for one in found:
        product.validate(one)
    mainland = {one["subject"]["number"] for one in found if one["subject"]["scheme"] == "USCC"}
    assert mainland <= set(registrations())
    assert len({one["data"]["record_id"] for one in found}) == len(found)


@pytest.mark.parametrize("product", RECORDS, ids=lambda product: product.ref)
def test_nothing_is_before_the_founding_or_after_the_day(product: Product) -> None:
    days = [name for name, schema in product.schema["properties"].items() if is_date(schema)]
    for number, found in told(product.ref).items():
        if number not in registrations():
            continue
        founded = registrations()[number]["established_on"]
        for one in found:
            data = one["data"]
            assert founded <= one["as_of"] <= LAST_DAY.isoformat()
            assert all(founded <= data[name] for name in days if name in data), one
            assert all(data[name] <= one["as_of"] for name in set(days) - ENDS if name in data), one
            assert data.get("month", "9999") > founded[:7]
            assert data.get("month", "0") < one["as_of"][:7]
            for order in ORDERS:
                known = [data[name] for name in order if name in data]
                assert known == sorted(known), one


@pytest.mark.parametrize("ref", SERIES)
def test_months_follow_each_other_up_to_the_last(ref: str) -> None:
    for found in told(ref).values():
        series = defaultdict(list)
        for one in found:
            series[tuple(one["data"][name] for name in SERIES[ref])].append(one["data"]["month"])
        for months in series.values():
            years = [(int(month[:4]) * 12 + int(month[5:])) for month in months]
            assert years == list(range(years[0], years[0] + len(years)))
            assert months[-1] == "2026-05"


def test_staff_is_what_it_was_and_who_came_and_left() -> None:
    jumps = 0
    for found in told("social-insurance/1").values():
        months = [list(same) for _, same in itertools.groupby(found, key=lambda one: one["data"]["month"])]
        assert all(len({one["data"]["insured"] for one in same}) == 1 for same in months)
        each = [same[0]["data"] for same in months]
        for before, after in itertools.pairwise(each):
            assert after["insured"] == before["insured"] + after["joined"] - after["left"]
            jumps += abs(after["insured"] - before["insured"]) > 3 + before["insured"] // 4
    assert jumps < FIRMS // 40  # those that stop


def test_staff_of_social_insurance_housing_fund_and_statement_agree() -> None:
    insured = {
        (number, data["month"]): data["insured"]
        for number, data in facts("social-insurance/1")
        if data["kind"] == "pension"
    }
    members = {(number, data["month"]): data["employees"] for number, data in facts("housing-fund/1")}
    for number, data in facts("operation-statement/1"):
        if data["year"] == 2025 and (number, "2025-12") in insured:
            assert data["employees"] == insured[number, "2025-12"]
    for at, count in insured.items():
        assert count * 4 // 5 <= members[at] <= count


def test_statements_are_the_sum_of_what_was_filed() -> None:
    sales: Counter[str] = Counter()
    taxes: Counter[str] = Counter()
    quarters: Counter[str] = Counter()
    for number, data in facts("tax-payment/1"):
        if data["period_from"][:4] == "2025":
            taxes[number] += data["due_fen"]
            if data["tax"] == "corporate_income":
                sales[number] += data["sales_fen"]
                quarters[number] += 1
    compared = 0
    for number, data in facts("operation-statement/1"):
        assert data["assets_fen"] == data["liabilities_fen"] + data["equity_fen"]
        if data["year"] == 2025 and quarters[number] == 4:
            assert (data["revenue_fen"], data["tax_fen"]) == (sales[number], taxes[number])
            compared += 1
    assert compared > FIRMS // 2


def test_emissions_are_those_of_the_power() -> None:
    power: Counter[str] = Counter()
    for number, data in facts("power-usage/1"):
        if data["month"][:4] == "2025":
            power[number] += data["usage_kwh"]
    compared = 0
    for number, data in facts("carbon-emission/1"):
        if data["year"] == 2025 and data["scope"] == "scope2" and registrations()[number]["established_on"] < "2024-06":
            assert float(data["emission_t"]) == power[number] * 5_366 // 10_000 / 1_000
            compared += 1
    assert compared > 10


def test_power_fits_the_contract_and_the_price() -> None:
    for _, data in facts("power-usage/1"):
        assert data["peak_kwh"] <= data["usage_kwh"] <= data["capacity_kva"] * 24 * 31
        assert 45 * data["usage_kwh"] <= data["charge_fen"] <= 90 * data["usage_kwh"]
        assert (data["paid_fen"] == data["charge_fen"]) or data["arrears_days"] >= 0
    for found in told("power-usage/1").values():
        assert len({(one["data"]["account_no"], one["data"]["capacity_kva"]) for one in found}) == 1


def test_loans_guarantees_and_mortgages_tell_of_each_other() -> None:
    for number, found in told("guarantee/1").items():
        loans = {one["data"]["contract_no"][2:]: one["data"] for one in told("credit-loan/1")[number]}
        for one in found:
            loan = loans[one["data"]["contract_no"][2:]]
            assert loan["secured_by"] == "guarantee"
            assert loan["granted_fen"] == one["data"]["amount_fen"]
            assert one["data"]["outstanding_fen"] in (loan["balance_fen"], 0)
    mortgaged = {number for number, data in facts("property-collateral/1") if data["mortgaged"]}
    assert mortgaged == {number for number, data in facts("credit-loan/1") if data["secured_by"] == "mortgage"}


def test_loans_are_of_a_size_and_in_the_section_of_their_class() -> None:
    revenue = {number: data["revenue_fen"] for number, data in facts("operation-statement/1")}
    for number, found in told("credit-loan/1").items():
        assert sum(one["data"]["balance_fen"] for one in found) < 2 * revenue.get(number, math.inf)
        for one in found:
            data = one["data"]
            assert data["overdue_fen"] <= data["balance_fen"] <= data["granted_fen"]
            assert (one["section"] == "warning") == (data["overdue_days"] > 0)
            assert (data["class"] in ("substandard", "doubtful", "loss")) == (data["overdue_days"] > 90)
            assert ("ended_on" in data) == (data["balance_fen"] == 0)
            assert "ended_on" in data or (data["due_on"] < one["as_of"]) == (data["overdue_days"] > 0)


def test_what_is_enforced_was_lost() -> None:
    for number, found in told("judicial-enforcement/1").items():
        lost = {one["data"]["case_no"]: one["data"] for one in told("judicial-case/1")[number]}
        for one in found:
            case = lost[one["data"]["basis_no"]]
            assert (case["role"], case["outcome"]) == ("defendant", "lost")
            assert case["amount_fen"] == one["data"]["amount_fen"] >= one["data"]["unpaid_fen"]
            assert case["judged_on"] < one["data"]["filed_on"]


@pytest.mark.parametrize(
    ("ref", "low", "high"),
    [
        ("administrative-penalty/1", 0.08, 0.25),
        ("judicial-case/1", 0.15, 0.45),
        ("judicial-enforcement/1", 0.01, 0.08),
        ("tax-arrears/1", 0.02, 0.1),
        ("customs-trade/1", 0.1, 0.4),
        ("ip-right/1", 0.2, 0.5),
        ("administrative-honour/1", 0.15, 0.45),
        ("carbon-trade/1", 0.01, 0.08),
        ("administrative-licence/1", 1, 1),
    ],
)
def test_what_is_rare_is_rare(ref: str, low: float, high: float) -> None:
    assert low <= share(lambda number: number in told(ref)) <= high


def test_misfortunes_come_together() -> None:
    """Who is in trouble pays late, owes, is sued and rated low: no other enterprise has arrears of wages' insurance."""
    late = {number for number, data in facts("social-insurance/1") if data["status"] == "arrears"}
    assert 0.04 < len(late) / FIRMS < 0.13
    rated = {number for number, data in facts("tax-payment/1") if data["rating"] in ("C", "D")}
    assert rated == late
    assert {number for number, data in facts("credit-loan/1") if data["overdue_days"] > 0} <= late
    assert set(told("judicial-enforcement/1")) <= late
    assert len(late - set(told("judicial-case/1"))) <= len(late) // 8  # where those are, some have Taiwan numbers
    assert {number for number, data in registrations().items() if data["status"] != "operating"} <= late


def test_one_fact_has_one_record() -> None:
    for ref, name in [
        ("administrative-licence/1", "licence_no"),
        ("judicial-case/1", "case_no"),
        ("tax-arrears/1", "announcement_no"),
        ("property-collateral/1", "certificate_no"),
        ("administrative-honour/1", "certificate_no"),
        ("ip-right/1", "right_no"),
        ("credit-loan/1", "contract_no"),
    ]:
        for found in told(ref).values():
            assert len({one["data"][name] for one in found}) == len(found)


def test_status_and_dates_of_licences_agree() -> None:
    day = LAST_DAY.isoformat()
    for _, data in facts("administrative-licence/1"):
        assert (data["status"] == "expired") == (data["valid_until"] < day)
    endless = {
        data["licence_no"] for _, data in facts("administrative-licence/2") if data["valid_until"] == "unlimited"
    }
    for _, data in facts("administrative-licence/1"):
        assert (data["valid_until"] == "2099-12-31") == (data["licence_no"] in endless)


def test_enterprises_of_taiwan_have_their_enterprises_on_the_mainland() -> None:
    mainland = {one["subject"]["number"]: one["data"] for one in documents("registry-basic/1", 640)}
    found = [one["data"] for one in documents("taiwan-registration/1", 40)]
    invested = [data for data in found if "mainland_uscc" in data]
    assert 10 < len(invested) < 40
    for data in invested:
        there = mainland[data["mainland_uscc"]]
        assert there["type"] == "foreign"
        assert data["established_on"] < there["established_on"]
        assert data["mainland_investment_fen"] <= there["capital_fen"]


def test_reports_say_of_an_enterprise_what_its_registration_says() -> None:
    for one in documents("enterprise-basic-report/1", 50):
        registered = registrations()[one["subject"]["number"]]
        for name in ("name", "status", "established_on", "capital_fen", "division"):
            assert one["data"][name] == registered[name]


@pytest.mark.parametrize("ref", ["registry-basic/1", "power-usage/1", "credit-loan/1", "judicial-case/1"])
def test_more_enterprises_are_added_after_the_same_ones(ref: str) -> None:
    product = load_product(ref, [])
    few, many = (b"".join(json_lines(Sample(product, None, count, 9))) for count in (300, 900))
    assert many.startswith(few)
    assert Sample(product, None, 300, 9).size == few.count(b"\n")


def test_records_alone_are_of_as_many_enterprises_as_have_them() -> None:
    found = documents("power-usage/1", None, records=1_000)
    assert len(found) == 1_000
    assert 40 < len({one["subject"]["number"] for one in found}) < 60
    assert found[:900] == documents("power-usage/1", 60)[:900]


def test_both_numbers_are_met() -> None:
    for ref in ("judicial-enforcement/1", "registry-basic/1", "social-insurance/1", "tax-payment/1"):
        found = documents(ref, 9, records=301)
        assert sorted(Counter(one["subject"]["number"] for one in found).values()) == [33] * 5 + [34] * 4
        for one in found:
            load_product(ref, []).validate(one)


def test_records_beyond_a_life_say_the_same_again() -> None:
    found = documents("registry-basic/1", 3, records=30)
    for number in {one["subject"]["number"] for one in found}:
        same = [one["data"] for one in found if one["subject"]["number"] == number]
        assert len(same) == 10
        assert len({data.pop("record_id") for data in same}) == 10
        assert all(data == same[0] for data in same)


@pytest.mark.parametrize("day", [date(2023, 3, 9), date(2024, 2, 29), date(2027, 12, 31)])
@pytest.mark.parametrize("ref", ["power-usage/1", "tax-payment/1", "operation-statement/1", "credit-loan/1"])
def test_another_day(ref: str, day: date) -> None:
    product = load_product(ref, [])
    found = documents(ref, 60, day=day)
    numbers = {one["subject"]["number"] for one in documents("registry-basic/1", 60)}
    for one in found:
        product.validate(one)
        assert one["as_of"] <= day.isoformat()
    assert {one["subject"]["number"] for one in found} <= numbers
    assert max(one["as_of"] for one in found) > date(day.year - 1, day.month, 1).isoformat()
