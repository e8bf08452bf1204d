"""Vectors of figures: rules, records, the day, and the figures that follow. The figures are written by hand."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_TEXT = {"type": "string", "maxLength": 40}
_CASE: Json = {
    "record_id": _TEXT,
    "case_no": _TEXT,
    "side": {"type": "string", "enum": ["plaintiff", "defendant"]},
    "amount_fen": {"type": "integer"},
    "open": {"type": "boolean"},
    "filed_on": {"type": "string", "format": "date"},
    "ends_on": {"type": "string", "format": "date-or-unlimited"},
}
#: Products of records that the rules fold: the schema of `data`.
PRODUCTS: Json = {
    "usage/1": {
        "properties": {
            "record_id": _TEXT,
            "account": {"type": "string", "pattern": "^[0-9]{4}$"},
            "month": {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"},
            "kwh": {"type": "integer"},
            "price": {"type": "string", "pattern": "^-?[0-9]{1,6}\\.[0-9]{2}$"},
            "rating": {"type": "string", "enum": ["A", "B", "C"]},
        },
        "required": ["record_id", "account", "month"],
    },
    "case/1": {"properties": _CASE, "required": ["record_id", "case_no"]},
    "case/2": {"properties": _CASE, "required": ["record_id", "case_no"]},
}
AS_OF = "2024-02-29"
_USAGE: Json = {"from": "usage/1", "fact": ["account", "month"]}
_CASES: Json = {"from": ["case/1", "case/2"], "fact": "case_no"}


def record(product: str, leaf: int, as_of: str = "2024-01-31", **data: Any) -> Json:
    """A record: of node 1, a source, in entry 10, unless `node`, `role` and `entry` say otherwise."""
    node, role, entry = (data.pop(name, default) for name, default in (("node", 1), ("role", "source"), ("entry", 10)))
    data.setdefault("record_id", f"R{leaf}")
    return {
        "product": product, "node": node, "role": role, "entry": entry, "leaf": "0x" + f"{leaf:02x}" * 32,
        "as_of": as_of, "data": data,
    }  # fmt: skip


def usage(leaf: int, month: str, **data: Any) -> Json:
    """A month of one account."""
    return record("usage/1", leaf, account=data.pop("account", "0001"), month=month, **data)


def case(leaf: int, number: str, product: str = "case/1", **data: Any) -> Json:
    """A court case."""
    return record(product, leaf, case_no=number, **data)


def of(name: str, rules: Json, records: list[Json], figures: Json, **changes: Any) -> Json:
    """A case: all products are covered, and the day is the last of February."""
    whole = {"as_of": AS_OF, "covered": list(PRODUCTS), **changes}
    return {"name": name, "rules": rules, "records": records, **whole, "figures": figures}


_YEAR = {"field": "month", "months": 12}
_BEFORE = {**_YEAR, "skip": 12}
_SUM = {**_USAGE, "take": "sum", "of": "kwh"}
_COUNT = {**_CASES, "take": "count"}
_LATEST = {**_USAGE, "take": "latest", "of": "kwh"}
_TWO = [usage(1, "2024-01", kwh=70, price="1.25"), usage(2, "2023-12", kwh=30, price="-0.50")]


def figure_cases() -> Json:
    """The whole file."""
    listed = [*_folds(), *_versions(), *_conditions(), *_periods(), *_combined(), *_stepped(), *_absent()]
    return {
        "about": "docs/format.md, section 11. `products`: schemas of data. `covered`: products of which all is shown.",
        "products": PRODUCTS,
        "cases": listed,
        "refused": [{"name": name, "field": field, "rules": rules} for name, field, rules in _refused()],
    }


def _folds() -> list[Json]:
    none: list[Json] = []
    takes = {"n": _COUNT, "any": {**_CASES, "take": "exists"}, "total": {**_CASES, "take": "sum", "of": "amount_fen"}}
    extremes = {name: {**_USAGE, "take": name, "of": "kwh"} for name in ("min", "max", "latest")}
    dates = {"first": {**_CASES, "take": "min", "of": "filed_on"}, "last": {**_CASES, "take": "max", "of": "filed_on"}}
    filed = [case(1, "a", filed_on="2023-05-01"), case(2, "b", filed_on="2021-12-31"), case(3, "c")]
    accounts = [usage(1, "2024-01", account="0001"), usage(2, "2024-01", account="0002"), usage(3, "2023-01")]
    return [
        of("no record: count, exists and sum", takes, none, {"n": 0, "any": False, "total": 0}),
        of("no record: nothing is least, largest or latest", extremes, none, {}),
        of("no record: else", {"kwh": {**_LATEST, "else": -1}}, none, {"kwh": -1}),
        of("count, exists, sum", takes, [case(1, "a", amount_fen=5), case(2, "b")], {"n": 2, "any": True, "total": 5}),
        of("least and largest", {name: extremes[name] for name in ("min", "max")}, _TWO, {"min": 30, "max": 70}),
        of("least and largest day", dates, filed, {"first": "2021-12-31", "last": "2023-05-01"}),
        of("distinct", {"n": {**_USAGE, "take": "distinct", "of": "account"}}, accounts, {"n": 2}),
        of("decimals", {"price": {**_USAGE, "take": "sum", "of": "price"}}, _TWO, {"price": "0.75"}),
        of("more digits", {"kwh": {**_SUM, "digits": 2}}, _TWO, {"kwh": "100.00"}),
        of("latest by another field", {"kwh": {**_LATEST, "by": "month"}}, _TWO, {"kwh": 70}),
        of("names nest", {"a.b": _COUNT, "a.c.d": _SUM}, _TWO, {"a": {"b": 0, "c": {"d": 100}}}),
        of("too large", {"big": {**_CASES, "take": "sum", "of": "amount_fen"}},
           [case(1, "a", amount_fen=2**53 - 1), case(2, "b", amount_fen=1)], {}),
        of("the largest", {"big": {**_CASES, "take": "sum", "of": "amount_fen"}},
           [case(1, "a", amount_fen=2**53 - 2), case(2, "b", amount_fen=1)], {"big": 2**53 - 1}),
    ]  # fmt: skip


def _versions() -> list[Json]:
    take = {"amount": {**_CASES, "take": "sum", "of": "amount_fen"}}

    def two(first: Json, second: Json) -> list[Json]:
        return [case(1, "a", amount_fen=1, **first), case(2, "a", amount_fen=2, **second)]

    wins = {
        "a source before a bureau": ({"as_of": "2020-01-01"}, {"role": "bureau", "node": 2}, 1),
        "a bureau before a platform": ({"role": "platform", "node": 2, "entry": 99}, {"role": "bureau", "node": 3}, 2),
        "the later day": ({"as_of": "2024-01-30", "entry": 99}, {}, 2),
        "the later entry": ({"entry": 11}, {}, 1),
        "the higher leaf": ({}, {}, 2),
        "of another version of the product": ({"product": "case/2"}, {}, 2),
    }
    made = [of(f"versions: {name}", take, two(*pair), {"amount": won}) for name, (*pair, won) in wins.items()]
    filtered = {"amount": {**take["amount"], "where": {"open": True}}}
    ended = [case(1, "a", amount_fen=1, open=True), case(2, "a", amount_fen=2, open=False, as_of="2024-02-01")]
    by_id = {"n": {"from": "case/1", "take": "count"}}
    same = [case(1, "a", record_id="X"), case(2, "b", record_id="X"), case(3, "c", record_id="X", node=2)]
    return [
        *made,
        of("first the latest version, then the conditions", filtered, ended, {"amount": 0}),
        of("without a fact: of one node's record_id", by_id, same, {"n": 2}),
        of("without a fact: another product has other records",
           {"n": {"from": ["case/1", "usage/1"], "take": "count"}},
           [case(1, "a", record_id="X"), usage(2, "2024-01", record_id="X")], {"n": 2}),
    ]  # fmt: skip


def _conditions() -> list[Json]:
    listed = [
        case(1, "a", side="plaintiff", amount_fen=10, ends_on="unlimited"),
        case(2, "b", side="defendant", amount_fen=20, ends_on="2024-02-29"),
        case(3, "c", side="defendant", amount_fen=30, ends_on="2024-02-28"),
        case(4, "d"),
    ]
    counts = {
        "a value": ({"side": "defendant"}, 2),
        "one of several values": ({"side": ["plaintiff", "defendant"]}, 3),
        "not: what is missing too": ({"side": {"not": ["plaintiff"]}}, 3),
        "missing": ({"side": {"missing": True}}, 1),
        "not missing": ({"side": {"missing": False}}, 3),
        "from": ({"amount_fen": {"from": 20}}, 2),
        "until": ({"amount_fen": {"until": 20}}, 2),
        "above": ({"amount_fen": {"above": 20}}, 1),
        "below": ({"amount_fen": {"below": 20}}, 1),
        "between": ({"amount_fen": {"above": 10, "below": 30}}, 1),
        "the day of the report, and no end": ({"ends_on": {"from": "$as_of"}}, 2),
        "before the day of the report": ({"ends_on": {"below": "$as_of"}}, 1),
        "the record's own day": ({"as_of": {"above": "2024-01-30"}}, 4),
        "two fields": ({"side": "defendant", "amount_fen": {"above": 20}}, 1),
    }
    priced = {"n": {**_USAGE, "where": {"price": {"above": "0.30"}}, "take": "count"}}
    return [
        *(
            of(f"where: {name}", {"n": {**_COUNT, "where": where}}, listed, {"n": n})
            for name, (where, n) in counts.items()
        ),
        of("where: decimals as numbers", priced, [*_TWO, usage(3, "2023-11", price="10.00")], {"n": 2}),
    ]


def _periods() -> list[Json]:
    months = ["2022-02", "2022-03", "2023-01", "2023-02", "2023-03", "2024-01", "2024-02"]
    listed = [usage(place, month, kwh=10**place) for place, month in enumerate(months)]
    rules = {"now": {**_SUM, "period": _YEAR}, "before": {**_SUM, "period": _BEFORE}}
    days = ["2023-02-28", "2023-03-01", "2024-01-31", "2024-02-29"]
    filed = [case(place + 1, str(place), filed_on=day, amount_fen=10**place) for place, day in enumerate(days)]

    def within(months: int, skip: int = 0) -> Json:
        period = {"field": "filed_on", "months": months, "skip": skip}
        return {"a": {**_CASES, "period": period, "take": "sum", "of": "amount_fen"}}

    return [
        of("months: whole ones before the month of the report", rules, listed, {"now": 111000, "before": 111}),
        of("days: a year before 29 February ends on the 28th", within(12), filed, {"a": 1110}),
        of("days: a month before 29 February", within(1), filed, {"a": 1100}),
        of("days: skipped", within(12, 1), filed, {"a": 11}),
        of("days: a month before 31 March", within(1), filed, {"a": 0}, as_of="2024-03-31"),
    ]


def _combined() -> list[Json]:
    sums = {"_a": {**_SUM, "where": {"month": "2024-01"}}, "_b": {**_SUM, "where": {"month": "2023-12"}}}

    def ratio(above: int, below: int, rule: Json, shown: Any) -> tuple[Json, list[Json], Json]:
        rules = {**sums, "r": {"add": {"_a": 1}, "per": {"_b": 1}, **rule}}
        return rules, [usage(1, "2024-01", kwh=above), usage(2, "2023-12", kwh=below)], {"r": shown}

    rounded = {
        "half up": ratio(5, 2, {}, 3),
        "half away from zero": ratio(-5, 2, {}, -3),
        "a negative denominator": ratio(5, -2, {}, -3),
        "below half": ratio(7, 5, {}, 1),
        "half of the last digit": ratio(1, 8, {"digits": 2}, "0.13"),
        "half of the last digit, negative": ratio(-1, 8, {"digits": 2}, "-0.13"),
        "a small negative number": ratio(-1, 20, {"digits": 1}, "-0.1"),
        "zero has no sign": ratio(-1, 100, {"digits": 1}, "0.0"),
        "times": ratio(1, 3, {"times": 100, "digits": 2}, "33.33"),
        "clamped": ratio(9, 1, {"digits": 1, "clamp": ["-2.5", "2.5"]}, "2.5"),
        "clamped below": ratio(-9, 1, {"digits": 1, "clamp": ["-2.5", "2.5"]}, "-2.5"),
        "else, over zero": ratio(9, 0, {"else": 4}, 4),
    }
    nothing, records, _ = ratio(9, 0, {}, None)
    prices = {"_p": {**_USAGE, "take": "sum", "of": "price"}, "_k": _SUM}
    return [
        *(of(f"combine: {name}", *one) for name, one in rounded.items()),
        of("combine: over zero there is none", nothing, records, {}),
        of(
            "combine: different digits",
            {**prices, "s": {"add": {"_p": 2, "_k": -1}, "digits": 1}},
            _TWO,
            {"s": "-98.5"},
        ),
        of("combine: rounded once", {**prices, "s": {"add": {"_p": 1}, "digits": 0}}, _TWO, {"s": 1}),
    ]


def _stepped() -> list[Json]:
    steps = {"s": {"on": "n", "steps": [[0, "none"], [1, "some"], [3, "many"]]}}
    found = {0: "none", 1: "some", 2: "some", 3: "many", 4: "many"}
    by_number = [
        of(
            f"steps: {count}",
            {"n": _COUNT, **steps},
            [case(i + 1, str(i)) for i in range(count)],
            {"n": count, "s": word},
        )
        for count, word in found.items()
    ]
    rating = {"_r": {**_USAGE, "take": "latest", "of": "rating"}}
    texts = {**rating, "ok": {"on": "_r", "steps": [["A", True], ["B", False]]}}
    beyond = {"n": _COUNT, "s": {"on": "n", "steps": [[1, 5]]}}
    factors = {
        **rating,
        "_p_rating": {"label": "评级", "on": "_r", "steps": [["A", 100], ["C", -80]], "else": 0},
        "_p_cases": {"label": "案件", "on": "cases", "steps": [[0, 20], [1, -60]]},
        "cases": _COUNT,
        "score": {"add": {"_p_rating": 1, "_p_cases": 1}, "clamp": [0, 1000]},
    }
    shown = [
        {"factor": "案件", "of": "cases", "points": 20},
        {"factor": "评级", "of": "_r", "points": -80},
    ]
    open_case = {"_e": {**_CASES, "take": "exists"}, "s": {"on": "_e", "steps": [[False, 1], [True, 2]]}}
    prices = {"_p": {**_USAGE, "take": "sum", "of": "price"}, "s": {"on": "_p", "steps": [["-1.5", 1], ["0.75", 2]]}}
    return [
        *by_number,
        of("steps: of texts", texts, [usage(1, "2024-01", rating="B")], {"ok": False}),
        of("steps: a text that has none", texts, [usage(1, "2024-01", rating="C")], {}),
        of("steps: below the first", beyond, [], {"n": 0}),
        of("steps: on a boolean", open_case, [], {"s": 1}),
        of("steps: on decimals", prices, _TWO, {"s": 2}),
        of("steps: factors and their sum", factors, [usage(1, "2024-01", rating="C")],
           {"cases": 0, "score": 0, "factors": shown}),
        of("steps: else is a factor too", factors, [],
           {"cases": 0, "score": 20, "factors": [shown[0], {**shown[1], "points": 0}]}),
    ]  # fmt: skip


def _absent() -> list[Json]:
    rules = {
        "kwh": _SUM, "cases": _COUNT,
        "both": {"add": {"kwh": 1, "cases": 1}, "else": 7},
        "steps": {"on": "kwh", "steps": [[0, 1]], "else": 7},
    }  # fmt: skip
    return [
        of("absent: what was not asked for is not 0, nor what follows from it", rules, [], {"cases": 0},
           covered=["case/1", "case/2"]),
        of("absent: one of two products of a fold", rules, _TWO, {"kwh": 100, "steps": 1},
           covered=["usage/1", "case/1"]),
        of("absent: everything", rules, _TWO, {}, covered=[]),
    ]  # fmt: skip


def _refused() -> list[tuple[str, str, Json]]:
    count = {"n": _COUNT}
    return [
        ("no form", "n", {"n": {"take": "count"}}),
        ("a name that nests without quotes", "a", {"a": {"b": _COUNT}}),
        ("a name with capitals", "N", {"N": _COUNT}),
        ("a name that every report has", "records", {"records": _COUNT}),
        ("a figure inside another", "a.b", {"a": _COUNT, "a.b": _COUNT}),
        ("an unknown product", "n.from", {"n": {**_COUNT, "from": "rumour/1"}}),
        ("an unknown field of a fact", "n.fact", {"n": {**_COUNT, "fact": "number"}}),
        ("a fact that a record may lack", "n.fact", {"n": {**_COUNT, "fact": "side"}}),
        ("an unknown field of a condition", "n.where.colour", {"n": {**_COUNT, "where": {"colour": "red"}}}),
        ("a value that there cannot be", "n.where.side", {"n": {**_COUNT, "where": {"side": "judge"}}}),
        ("a value of another kind", "n.where.side", {"n": {**_COUNT, "where": {"side": 1}}}),
        ("a comparison of texts", "n.where.side.above", {"n": {**_COUNT, "where": {"side": {"above": "a"}}}}),
        ("an unknown comparison", "n.where.side.like", {"n": {**_COUNT, "where": {"side": {"like": "a"}}}}),
        ("a period of numbers", "n.period.field", {"n": {**_COUNT, "period": {"field": "amount_fen", "months": 1}}}),
        ("a period of no months", "n.period.months", {"n": {**_COUNT, "period": {"field": "as_of", "months": 0}}}),
        ("something else to take", "n.take", {"n": {**_COUNT, "take": "average"}}),
        ("a sum of nothing", "n.of", {"n": {**_CASES, "take": "sum"}}),
        ("a sum of texts", "n.of", {"n": {**_CASES, "take": "sum", "of": "side"}}),
        ("a count of a field", "n.of", {"n": {**_COUNT, "of": "side"}}),
        ("fewer digits than the field", "n.digits", {"n": {**_USAGE, "take": "sum", "of": "price", "digits": 1}}),
        ("an order of texts", "n.by", {"n": {**_CASES, "take": "latest", "of": "side", "by": "case_no"}}),
        ("an unknown member", "n.sort", {"n": {**_COUNT, "sort": "up"}}),
        ("an unknown figure", "r.add", {**count, "r": {"add": {"m": 1}}}),
        ("a coefficient with a fraction", "r.add.n", {**count, "r": {"add": {"n": "0.5"}}}),
        ("a sum of a text", "r.add.t", {"t": {**_CASES, "take": "latest", "of": "side"}, "r": {"add": {"t": 1}}}),
        ("a cycle", "b.add", {"a": {"add": {"b": 1}}, "b": {"add": {"a": 1}}}),
        ("a figure of itself", "a.on", {"a": {"on": "a", "steps": [[0, 1]]}}),
        ("too many digits", "r.digits", {**count, "r": {"add": {"n": 1}, "digits": 10}}),
        ("a huge exponent", "r.clamp", {**count, "r": {"add": {"n": 1}, "clamp": [0, "1e9"]}}),
        ("bounds that cross", "r.clamp", {**count, "r": {"add": {"n": 1}, "clamp": [1, 0]}}),
        ("steps that descend", "r.steps", {**count, "r": {"on": "n", "steps": [[1, 1], [0, 2]]}}),
        ("steps of different kinds", "r.steps", {**count, "r": {"on": "n", "steps": [[0, 1], [1, "b"]]}}),
        ("points that are texts", "r.steps", {**count, "r": {"label": "案件", "on": "n", "steps": [[0, "a"]]}}),
        ("else of another kind", "r.steps", {**count, "r": {"on": "n", "steps": [[0, 1]], "else": "b"}}),
    ]  # fmt: skip
