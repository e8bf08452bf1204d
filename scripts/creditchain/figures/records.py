"""A record as rules see it, and in which order its versions come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from creditchain.figures.kinds import Shape, ValueKind
from creditchain.figures.numbers import units_of
from creditchain.figures.rules import Value
from creditchain.vocabulary import Role

#: Whose word counts more where several nodes publish one fact: the source's own, then a bureau's, then a platform's.
_RANKS = {Role.SOURCE: 2, Role.BUREAU: 1}


@dataclass(frozen=True, slots=True)
class FigureRecord:
    """A record that a report shows, of which the document fits its product."""

    product: str  #: name/version
    node: int  #: of its publisher
    role: Role  #: of its publisher
    entry: int  #: of the book or the batch in which the report shows it
    leaf: bytes  #: leaf hash, 32 bytes
    as_of: str  #: YYYY-MM-DD
    data: Mapping[str, Any]

    @property
    def version(self) -> tuple[int, str, int, bytes]:
        """The version of a fact with the highest of these is its latest."""
        return _RANKS.get(self.role, 0), self.as_of, self.entry, self.leaf

    def value(self, field: str, kind: ValueKind) -> Value | None:
        """The value of a field; None if it is missing, or not of this kind."""
        found = self.as_of if field == "as_of" else self.data.get(field)
        if kind.is_number:
            return units_of(found, kind.digits)
        if kind.shape is Shape.BOOLEAN:
            return found if isinstance(found, bool) else None
        return found if isinstance(found, str) else None
