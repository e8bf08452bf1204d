"""Rules, records and figures of the vectors, which are written by hand."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from creditchain.documents import canonical_bytes
from creditchain.figures import FigureError, FigureRecord, evaluate, read_rules
from creditchain.products.figured import fields_of
from creditchain.vocabulary import Role

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "figures.json").read_text(encoding="utf-8"))
PRODUCTS = {ref: fields_of(schema) for ref, schema in VECTORS["products"].items()}


def record(one: dict[str, Any]) -> FigureRecord:
    leaf, role = bytes.fromhex(one["leaf"][2:]), Role[one["role"].upper()]
    return FigureRecord(one["product"], one["node"], role, one["entry"], leaf, one["as_of"], one["data"])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_figures_follow_from_records_in_any_order(case: dict[str, Any]) -> None:
    rules, records = read_rules(case["rules"], PRODUCTS), [record(one) for one in case["records"]]
    found = set()
    for seed in range(5):
        random.Random(seed).shuffle(records)  # noqa: S311
        figures = evaluate(rules, records, date.fromisoformat(case["as_of"]), case["covered"])
        found.add(canonical_bytes(figures.document()))
    assert found == {canonical_bytes(case["figures"])}


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_rules_that_cannot_be_computed_are_refused_with_their_place(case: dict[str, Any]) -> None:
    with pytest.raises(FigureError) as caught:
        read_rules(case["rules"], PRODUCTS)
    assert caught.value.place is not None
    assert caught.value.place.field == case["field"]
