"""Canonical bytes against the rfc8785 package, by property and by vector."""

import datetime
import uuid
from enum import StrEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from creditchain.documents import DocumentError, JsonLimits, canonical_bytes, parse_json, read_json
from vectors.reading import load

CASES = load("documents")["documents"]

# Characters around every edge: controls, escapes, the end of the BMP on both sides of the surrogates, beyond it.
EDGES = st.sampled_from('\x00\x08\t\n\x1f "\\/\x7f\x80é中\u2028\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff')
TEXT = st.text(EDGES | st.characters(blacklist_categories=("Cs",)), max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53 - 1), 2**53 - 1) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=6), max_leaves=20
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=6)


@given(OBJECTS)
@settings(max_examples=200, deadline=None)
@example({"\ue000": 1, "\U00010000": 2})
@example({"x": [{"\uffff": 1, "\U0010ffff": {"\ue000": 1, "\U00010000": 2}}]})
def test_equals_rfc8785_for_every_accepted_object(value: dict[str, Any]) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(OBJECTS)
@settings(max_examples=100, deadline=None)
def test_canonical_bytes_read_back_to_themselves(value: dict[str, Any]) -> None:
    content = canonical_bytes(value)
    assert read_json(content) == (value, content)
    assert parse_json(content) == value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vectors(case: dict) -> None:
    assert read_json(case["text"].encode())[1] == case["content"]


class Colour(StrEnum):
    RED = "red"


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (1.0, "fraction or exponent"),
        (float("nan"), "fraction or exponent"),
        (2**53, "too large"),
        (-(2**53), "too large"),
        (2**70, "too large"),
        ("\ud800", "surrogate"),
        ("a\udfffb", "surrogate"),
        (b"bytes", "type bytes"),
        ({1, 2}, "type set"),
        ({1: 2}, "no text"),
        ({"\ud800": 2}, "surrogate"),
        (datetime.date(2024, 1, 1), "type date"),
        (uuid.UUID(int=1), "type UUID"),
        (Colour.RED, "type Colour"),
        (Text("x"), "type Text"),
        (object(), "type object"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_without_canonical_form_are_refused_with_their_field(value: Any, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault) as caught:
        canonical_bytes({"data": {"list": [0, {"amount": value}]}})
    assert caught.value.place
    assert str(caught.value.place.field).startswith("data.list[1].amount")


def test_a_name_that_may_be_an_identifier_is_not_quoted() -> None:
    with pytest.raises(DocumentError) as caught:
        canonical_bytes({"9144030071526726XG": 1.5})
    assert str(caught.value.place) == "field (name)"


def test_depth() -> None:
    canonical_bytes(_nested(32))
    with pytest.raises(DocumentError, match="nested too deep"):
        canonical_bytes(_nested(33))


def test_an_object_that_contains_itself_is_too_deep() -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(DocumentError, match="nested too deep"):
        canonical_bytes(value)


def test_size() -> None:
    assert len(canonical_bytes({"x": "y" * (1 << 20)}, JsonLimits(max_bytes=1 << 21))) == (1 << 20) + 8
    canonical_bytes({"x": "y" * ((1 << 20) - 8)})
    with pytest.raises(DocumentError, match="too large"):
        canonical_bytes({"x": "y" * ((1 << 20) - 7)})


def _nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"x": value}
    return value
