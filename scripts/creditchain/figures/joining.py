"""A report's data, joined from what was computed and what its issuer says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditchain.errors import InputError, Place
from creditchain.figures.comparing import own_words
from creditchain.figures.evaluating import Figures
from creditchain.figures.rules import FigureRules


class OwnWordError(InputError):
    """The issuer says itself what follows from the records."""


def joined(
    rules: FigureRules, figures: Figures, words: Mapping[str, Any], besides: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The figures and the issuer's own words in one object, and what is filled in `besides`.

    Raises OwnWordError, with the field.
    """
    given = {*rules.shown, *own_words(None, besides or {}), *(("factors",) if rules.makes_factors else ())}
    for name in own_words(None, words):
        if typed := next((one for one in given if name == one or f"{one}.".startswith(f"{name}.")), None):
            raise OwnWordError(
                f"{typed} is computed from the records: nobody types it",
                hint="Leave it out of the file; it is computed.",
                place=Place(field=f"data.{name}"),
            )
    return _merged(_merged(words, besides or {}), figures.document())


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(one)
    for name, value in other.items():
        inner = made.get(name)
        made[name] = _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return made
