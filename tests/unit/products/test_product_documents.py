"""Documents against their product: sampled ones fit, a wrong field is refused and named, for every field of each."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import orjson
import pytest

from creditchain.catalogue.products import catalogue, load_product
from creditchain.products import Product, ProductError
from creditchain.sample import Sample
from creditchain.sample.writing import json_lines

CATALOGUE = catalogue([])
Path = tuple[str | int, ...]


@cache
def sampled_text(product: Product) -> bytes:
    return b"".join(json_lines(Sample(product, 40, 10, seed=5)))


def sampled(product: Product, count: int = 40) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in sampled_text(product).splitlines()[:count]]


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def fields(schema: dict[str, Any], value: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any], bool]]:
    """Every field that a document has: its path, its schema, whether it must be there."""
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            yield (*path, name), inner, name in schema.get("required", ())
            if inner.get("type") == "object":
                yield from fields(inner, value[name], (*path, name))
            for place, item in enumerate(value[name][:1] if inner.get("type") == "array" else ()):
                yield from fields(inner["items"], item, (*path, name, place))


def wrong_values(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    """Values that the field's schema must refuse."""
    yield None
    yield {"other": 1}
    kind = schema.get("type", "string")
    yield 1 if kind in ("string", "object", "array", "boolean") else "1"
    if kind == "string":
        yield ""
        yield "x" * 4000
        if "enum" in schema or "const" in schema:
            yield value + "x"
        if schema.get("format") == "date":
            yield from ("2023-02-30", "2023-2-3", "20230203", "2023-02-03T00:00:00Z", " 2023-02-03")
    if kind == "integer":
        yield from (True, 0.5, str(value))
        yield from (schema[limit] + step for limit, step in (("minimum", -1), ("maximum", 1)) if limit in schema)
    if kind == "array":
        yield value * (schema["maxItems"] + 1) if value else [1]


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_sampled_documents_fit(product: Product) -> None:
    is_valid = product.validator().is_valid
    for document in sampled(product):
        assert is_valid(document)
        product.validate(document)


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_a_wrong_value_is_refused_at_its_field(product: Product) -> None:
    tried = 0
    document = max(sampled(product), key=lambda one: len(one["data"]))
    for path, schema, _ in list(fields(product.document_schema(), document)):
        for value in wrong_values(schema, at(document, path)):
            changed = copy.deepcopy(document)
            at(changed, path[:-1])[path[-1]] = value
            assert not product.validator().is_valid(changed), (path, value)
            with pytest.raises(ProductError) as caught:
                product.validate(changed)
            where = caught.value.place
            assert where is not None
            assert (where.field or "").startswith(".".join(map(str, path))), (path, value)
            tried += 1
    assert tried > 50


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_a_missing_field_is_named(product: Product) -> None:
    document = sampled(product)[0]
    for path, _, required in list(fields(product.document_schema(), document)):
        changed = copy.deepcopy(document)
        del at(changed, path[:-1])[path[-1]]
        if not required:
            product.validate(changed)
            continue
        with pytest.raises(ProductError, match="missing") as caught:
            product.validate(changed)
        assert caught.value.place is not None
        assert caught.value.place.field == ".".join(map(str, path))


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_a_field_too_many_is_named(product: Product) -> None:
    document = sampled(product)[0]
    for path in ((), ("subject",), ("data",)):
        changed = copy.deepcopy(document)
        at(changed, path)["extra"] = 1
        with pytest.raises(ProductError, match="does not have") as caught:
            product.validate(changed)
        assert caught.value.place is not None
        assert caught.value.place.field == ".".join((*path, "extra"))


def test_documents_of_one_product_fit_no_other() -> None:
    for product in CATALOGUE:
        document = sampled(product, 1)[0]
        fitting = [other.ref for other in CATALOGUE if other.validator().is_valid(document)]
        assert fitting == [product.ref]


@pytest.mark.parametrize("name", ["91310000MA1FL0000X", "a b", "名称", "x" * 41, "a.b"])
def test_an_odd_name_of_a_field_is_not_quoted(name: str) -> None:
    product = load_product("power-usage/1", [])
    document = sampled(product)[0]
    document["data"][name] = "secret"
    with pytest.raises(ProductError) as caught:
        product.validate(document)
    assert name not in str(caught.value)
    assert caught.value.place is not None
    assert caught.value.place.field == "data.?"


def test_no_value_gets_into_an_error() -> None:
    product = load_product("registry-basic/1", [])
    for document in sampled(product, 5):
        for name, value in document["data"].items():
            changed = copy.deepcopy(document)
            changed["data"][name] = [f"{value}-secret"]
            with pytest.raises(ProductError) as caught:
                product.validate(changed)
            assert "secret" not in str(caught.value)
            assert document["subject"]["number"] not in str(caught.value)
