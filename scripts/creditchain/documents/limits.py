"""Limits of JSON that comes from outside, in one place."""

from __future__ import annotations

from dataclasses import dataclass

#: Largest integer of a JSON document, 2^53 - 1: every language's numbers hold it exactly.
MAX_INTEGER = 2**53 - 1

#: Deepest nesting that any limits may allow; the parsers below it recurse once a level.
DEEPEST = 256


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """How large and how deep a JSON text may be."""

    max_bytes: int = 1 << 20  #: length of the text in bytes
    max_depth: int = 32  #: nesting of objects and arrays; the outermost object is depth 1

    def __post_init__(self) -> None:
        if not 1 <= self.max_depth <= DEEPEST:
            raise ValueError(f"max_depth must be from 1 to {DEEPEST}, not {self.max_depth}")


#: The limits of documents (docs/format.md section 3).
DOCUMENT_LIMITS = JsonLimits()
