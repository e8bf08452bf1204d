"""What kind of value a field of a record or a figure has. Known from schemas and rules, never from a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """The shape of a value."""

    NUMBER = "number"  #: an integer, or a decimal text
    DATE = "date"
    MONTH = "month"
    TEXT = "text"
    BOOLEAN = "true or false"


@dataclass(frozen=True, slots=True)
class ValueKind:
    """A shape, and what a schema says about it."""

    shape: Shape
    digits: int = 0  #: of a number, after the point
    choices: tuple[str, ...] | None = None  #: of a text: all that it can be; None: anything

    @property
    def is_number(self) -> bool:
        """Whether one can add it up."""
        return self.shape is Shape.NUMBER

    @property
    def is_ordered(self) -> bool:
        """Whether one of two such values comes before the other."""
        return self.shape in (Shape.NUMBER, Shape.DATE, Shape.MONTH)

    def __str__(self) -> str:
        if self.is_number and self.digits:
            return f"number with {self.digits} digits after the point"
        return self.shape.value


INTEGER = ValueKind(Shape.NUMBER)
BOOLEAN = ValueKind(Shape.BOOLEAN)
DATE = ValueKind(Shape.DATE)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record."""

    kind: ValueKind
    required: bool  #: every record of the product has it
