"""Texts made for patterns: the pattern accepts the result, or there is a clear error."""

from __future__ import annotations

import random
import re

import pytest

from creditchain.catalogue.products import catalogue
from creditchain.sample.patterns import PatternError, matching

PATTERNS = [
    "^[0-9A-Z]{8,32}$",
    "^20[0-9]{2}-(0[1-9]|1[0-2])$",
    r"^-?[0-9]{1,3}\.[0-9]{2}$",
    "^(?:ab|cd)+x?$",
    "^[a-z0-9-]{3,60}/[0-9]{1,5}$",
    r"^\d{3}\w*$",
    "^a{2,}$",
    "^a{0,1}b{3}$",
    "^(a(b|c){2}){3}$",
    "^[-a]{5}$",
    "^[a-]{5}$",
    r"^[\]\\a]{4}$",
    "^(示例|样本)[0-9]$",
    "^$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match(pattern: str) -> None:
    rng = random.Random(1)  # noqa: S311
    found = {matching(pattern, rng) for _ in range(200)}
    assert all(re.fullmatch(pattern, text) for text in found)


def test_all_of_a_choice_comes_up() -> None:
    rng = random.Random(1)  # noqa: S311
    assert {matching("^(a|b[0-2]|c?)$", rng) for _ in range(300)} == {"a", "b0", "b1", "b2", "c", ""}


@pytest.mark.parametrize(
    "pattern", ["^[^a]$", "^.$", "^(a$", "^[a$", r"^\p$", "^*$", "^a{", r"^\b$", "^a)$", "^{2}$", "^a{x}$"]
)
def test_what_is_beyond_it_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError, match="examples"):
        matching(pattern, random.Random(1))  # noqa: S311


def test_the_catalogue_has_no_pattern_beyond_it() -> None:
    rng = random.Random(1)  # noqa: S311
    for product in catalogue([]):
        for field in product.schema["properties"].values():
            if "pattern" in field:
                assert re.fullmatch(field["pattern"], matching(field["pattern"], rng))
