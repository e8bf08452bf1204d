"""What figures are beyond their values: what they follow from, what stays the issuer's word, and hostile records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditchain.documents import canonical_bytes
from creditchain.figures import (
    Difference,
    FigureRecord,
    OwnWordError,
    differences,
    evaluate,
    joined,
    own_words,
    read_rules,
)
from creditchain.figures.days import months_before
from creditchain.figures.kinds import Field, Shape, ValueKind
from creditchain.figures.numbers import divided, shown, units_of
from creditchain.vocabulary import Role

FIELDS = {
    "record_id": Field(ValueKind(Shape.TEXT), required=True),
    "month": Field(ValueKind(Shape.MONTH), required=True),
    "kwh": Field(ValueKind(Shape.NUMBER), required=True),
    "price": Field(ValueKind(Shape.NUMBER, 2), required=False),
    "paid": Field(ValueKind(Shape.BOOLEAN), required=False),
}
PRODUCTS = {"usage/1": FIELDS, "other/1": FIELDS}
RULES = read_rules(
    {
        "use.kwh": {"from": "usage/1", "fact": "month", "take": "sum", "of": "kwh"},
        "_before": {"from": "usage/1", "fact": "month", "where": {"month": "2023-01"}, "take": "sum", "of": "kwh"},
        "latest": {"from": "usage/1", "take": "latest", "by": "month", "of": "kwh"},
        "use.share": {"add": {"_before": 1}, "per": {"use.kwh": 1}, "times": 100, "digits": 1},
        "_points": {"label": "用电", "on": "use.share", "steps": [["0.0", -5], ["50.0", 5]]},
        "other": {"from": "other/1", "take": "count"},
    },
    PRODUCTS,
)
DAY = date(2024, 2, 29)


def record(leaf: int, month: str = "2024-01", **data: Any) -> FigureRecord:
    data = {"record_id": str(leaf), "month": month, "kwh": 10, **data}
    return FigureRecord("usage/1", 1, Role.SOURCE, 10, bytes([leaf]) * 32, "2024-01-31", data)


HONEST = [record(1), record(2, "2023-01", kwh=30), record(3, "2024-01", kwh=20)]


def leaves(*numbers: int) -> tuple[bytes, ...]:
    return tuple(bytes([number]) * 32 for number in numbers)


def test_each_figure_names_the_records_it_follows_from() -> None:
    figures = evaluate(RULES, HONEST, DAY, PRODUCTS).figures
    assert figures["use.kwh"].leaves == leaves(2, 3)  # of the two versions of a month, the one with the higher leaf
    assert figures["_before"].leaves == leaves(2)
    assert figures["latest"].leaves == leaves(3)
    assert figures["_points"].leaves == leaves(2, 3)
    assert (figures["use.share"].value, figures["use.share"].shown) == (600, "60.0")


def test_an_absent_figure_names_the_products_it_lacks() -> None:
    figures = evaluate(RULES, HONEST, DAY, {"usage/1"}).figures
    assert (figures["other"].value, figures["other"].lacks) == (None, ("other/1",))
    assert figures["use.kwh"].lacks == ()


def test_what_contradicts_is_named_with_both_values() -> None:
    figures = evaluate(RULES, HONEST, DAY, PRODUCTS)
    data = figures.document()
    assert list(differences(RULES, figures, data)) == []
    wrong: dict[str, Any] = {**data, "use": {"kwh": 51, "share": "60.0"}, "factors": [], "latest": True}
    del wrong["other"]
    factors = [{"factor": "用电", "of": "use.share", "points": 5}]
    assert list(differences(RULES, figures, wrong)) == [
        Difference("latest", 20, True),
        Difference("other", 0, None),
        Difference("use.kwh", 50, 51),
        Difference("factors", factors, []),
    ]


@pytest.mark.parametrize("data", [{"use": 1}, {"use": {"kwh": {}}}, {"use": ["kwh"]}, {}])
def test_data_of_another_shape_contradicts(data: dict[str, Any]) -> None:
    figures = evaluate(RULES, HONEST, DAY, PRODUCTS)
    assert "use.kwh" in [one.figure for one in differences(RULES, figures, data)]


def test_what_no_rule_gives_is_the_issuers_word() -> None:
    data = {"use": {"kwh": 1, "note": "x"}, "level": "low", "factors": [], "hash": "keccak-256", "records": []}
    assert own_words(RULES, data) == ["level", "use.note"]
    assert own_words(None, data) == ["factors", "level", "use.kwh", "use.note"]


def test_own_words_are_joined_with_figures() -> None:
    figures = evaluate(RULES, HONEST, DAY, {"usage/1"})
    made = joined(RULES, figures, {"use": {"note": "x"}, "level": "low"})
    assert made["use"] == {"kwh": 50, "share": "60.0", "note": "x"}
    assert made["level"] == "low"


@pytest.mark.parametrize("words", [{"latest": 20}, {"use": {"kwh": 1}}, {"use": 5}, {"other": 0}, {"factors": []}])
def test_nobody_types_a_figure(words: dict[str, Any]) -> None:
    """Not even the right one, nor one that is absent."""
    with pytest.raises(OwnWordError):
        joined(RULES, evaluate(RULES, HONEST, DAY, {"usage/1"}), words)


HOSTILE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just("1e999999"), st.just("9" * 5000),
    st.just("١.٢٣"), st.just("1.23"), st.just("-0.00"), st.lists(st.integers(), max_size=2), st.just({}),
)  # fmt: skip


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, HOSTILE)), max_size=6), st.randoms())
def test_records_of_any_content_give_the_same_bytes_in_any_order(contents: list[dict[str, Any]], shuffle: Any) -> None:
    """A verifier computes over records that an attacker chose; whatever does not have its field's kind is missing."""
    records = [
        FigureRecord("usage/1", 1, Role.SOURCE, 1, bytes([place]) * 32, "2024-01-31", data)
        for place, data in enumerate(contents)
    ]
    first = canonical_bytes(evaluate(RULES, records, DAY, PRODUCTS).document())
    shuffle.shuffle(records)
    assert canonical_bytes(evaluate(RULES, records, DAY, PRODUCTS).document()) == first


@pytest.mark.parametrize(
    ("value", "digits", "units"),
    [
        (7, 0, 7), (7, 2, 700), ("7.5", 2, 750), ("-0.05", 2, -5), ("-0.00", 2, 0), (2**53 - 1, 0, 2**53 - 1),
        ("7.555", 2, None), (True, 0, None), (2**53, 0, None), ("1e3", 3, None), ("+1", 0, None), (".5", 1, None),
        ("5.", 1, None), ("1" * 17, 0, None), ("١", 0, None), ("1\n", 0, None), (None, 0, None), (7.0, 0, None),
    ],
)  # fmt: skip
def test_numbers_are_read_strictly(value: object, digits: int, units: int | None) -> None:
    assert units_of(value, digits) == units


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6), st.integers(0, 9), st.booleans())
def test_quotients_are_rounded_half_away_from_zero(above: int, below: int, digits: int, negative: bool) -> None:
    from decimal import ROUND_HALF_UP, Context, Decimal

    below = -below if negative else below
    exact = Context(prec=60).divide(Decimal(above), Decimal(below))
    expected = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, Context(prec=60))
    assert divided(above, below, digits) == int(expected.scaleb(digits))


@pytest.mark.parametrize(("units", "digits", "text"), [(5, 2, "0.05"), (-5, 2, "-0.05"), (0, 1, "0.0"), (12, 0, 12)])
def test_how_numbers_are_shown(units: int, digits: int, text: object) -> None:
    assert shown(units, digits) == text


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2024-02-29", 12, "2023-02-28"), ("2024-03-31", 1, "2024-02-29"), ("2023-03-31", 1, "2023-02-28"),
        ("2024-01-15", 1, "2023-12-15"), ("2024-01-31", 0, "2024-01-31"), ("0002-01-01", 1200, "0001-01-01"),
    ],
)  # fmt: skip
def test_months_before_a_day(day: str, months: int, before: str) -> None:
    assert months_before(day, months) == before
