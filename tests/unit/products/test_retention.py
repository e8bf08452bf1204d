"""No date that a schema admits breaks the arithmetic of retention, of any product, at either end of the calendar."""

from __future__ import annotations

import copy
from datetime import MAXYEAR, date
from typing import Any

import orjson
import pytest

from creditchain.catalogue.products import catalogue
from creditchain.documents import Section
from creditchain.products import Product, Retention
from creditchain.products.dates import FIRST_DAY, LAST_DAY, is_date
from creditchain.products.schema import resolve
from creditchain.sample import Sample
from creditchain.sample.writing import json_lines

CATALOGUE = catalogue([])
DAY = date(2026, 11, 26)
EXTREMES = [
    "0000-01-01",
    "0000-02-29",
    "0001-01-01",
    FIRST_DAY,
    "2024-02-29",
    "2096-02-29",
    LAST_DAY,
    "9899-12-31",
    "9996-02-29",
    "9999-12-31",
    "unlimited",
]


def date_paths(product: Product, section: Section) -> list[str]:
    """Every place in a document that retention might run from: what this product names, and every date it has."""
    definitions = product.schema.get("$defs", {})
    fields = product.schema["properties"]
    dates = [f"data.{name}" for name in fields if is_date(resolve(fields[name], definitions))]
    return sorted({"as_of", product.retention[section].start, *dates})


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_every_admitted_date_of_every_product_has_an_end_of_retention(product: Product) -> None:
    sampled = orjson.loads(b"".join(json_lines(Sample(product, 1, 1, seed=5))))
    admitted = 0
    for section, rule in product.retention.items():
        for path in date_paths(product, section):
            for extreme in EXTREMES:
                document: Any = copy.deepcopy(sampled)
                document["section"] = section.label
                holder, name = (document["data"], path.removeprefix("data.")) if path != "as_of" else (document, path)
                holder[name] = extreme
                if not product.validator().is_valid(document):
                    continue
                admitted += 1
                for years in {rule.years, 1, 100, None}:
                    until = Retention(years, path).until(document)
                    assert until is None or (until < DAY) in (True, False)
    assert admitted >= 5 * len(product.retention)


def test_a_record_that_runs_to_9999_is_kept() -> None:
    """Such records are on chain already and must not block reports of their enterprise."""
    kept = Retention(5, "data.valid_until")
    assert kept.until({"data": {"valid_until": "9999-12-31"}}) is None
    assert kept.until({"data": {"valid_until": "unlimited"}}) is None
    assert kept.until({"data": {"valid_until": f"{MAXYEAR - 5}-12-31"}}) == date(MAXYEAR, 12, 31)


def test_29_february_ends_on_28_february() -> None:
    kept = Retention(5, "as_of")
    assert kept.until({"as_of": "2024-02-29"}) == date(2029, 2, 28)
    assert Retention(4, "as_of").until({"as_of": "2024-02-29"}) == date(2028, 2, 29)


def test_a_text_that_is_no_date_is_told() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        Retention(5, "as_of").until({"as_of": "soon"})
