"""What a report says beside what its records say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from creditchain.figures.evaluating import Figures
from creditchain.figures.rules import FigureRules, is_hidden

#: What the assembly fills in, and is no figure.
_NO_FIGURES = ("hash", "records", "gaps")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of a report that does not follow from its records. None: there is none."""

    figure: str
    expected: Any
    found: Any


def differences(rules: FigureRules, figures: Figures, data: Mapping[str, Any]) -> Iterator[Difference]:
    """Every figure of a report's `data` that is not what it follows from, ascending by name; factors at the end."""
    for name, one in sorted(figures.figures.items()):
        if is_hidden(name):
            continue
        found = value_at(data, name)
        if type(found) is not type(one.shown) or found != one.shown:
            yield Difference(name, one.shown, found)
    if rules.makes_factors:
        expected = figures.factors() or None
        if data.get("factors") != expected:
            yield Difference("factors", expected, data.get("factors"))


def own_words(rules: FigureRules | None, data: Mapping[str, Any]) -> list[str]:
    """The dotted names of what a report says by no rule: its issuer's own word."""
    given = set(rules.shown) if rules is not None else set()
    if rules is not None and rules.makes_factors:
        given.add("factors")
    return sorted(name for name in _names(data, "") if name not in given)


def _names(data: Mapping[str, Any], above: str) -> Iterator[str]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _names(value, f"{above}{name}.")
        elif above or name not in _NO_FIGURES:
            yield f"{above}{name}"


def value_at(data: Mapping[str, Any], name: str) -> Any:
    """The value with a dotted name; None if there is none."""
    found: Any = data
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
