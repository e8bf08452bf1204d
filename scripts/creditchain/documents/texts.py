"""Characters that no text of a document may hold, because they cannot be right (docs/format.md section 3).

What is refused shows as nothing, as a box, or as something else than it is: control characters (a line feed and a
tab too: a text is one line), characters that were lost in a conversion, marks that turn or hide text, and code
points that are no characters. Rare ideographs beyond the BMP, variation selectors, and the private-use code points
that name offices still print are left alone: a name may truly hold them.

This is a rule for what is published. A verifier does not apply it: what was anchored once stays verifiable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from creditchain.documents.canonical import member_path
from creditchain.documents.errors import DocumentError
from creditchain.errors import Place

#: First and last code point of each run, ascending, and what its characters are.
IMPROPER: tuple[tuple[int, int, str], ...] = (
    (0x0000, 0x001F, "a control character"),
    (0x007F, 0x009F, "a control character"),
    (0x00AD, 0x00AD, "an invisible hyphen"),
    (0x061C, 0x061C, "a mark that turns the direction of text"),
    (0x180E, 0x180E, "an invisible character"),
    (0x200B, 0x200D, "an invisible character"),
    (0x200E, 0x200F, "a mark that turns the direction of text"),
    (0x2028, 0x2029, "a line or paragraph separator"),
    (0x202A, 0x202E, "a mark that turns the direction of text"),
    (0x2060, 0x2065, "an invisible character"),
    (0x2066, 0x2069, "a mark that turns the direction of text"),
    (0x206A, 0x206F, "an invisible character"),
    (0xD800, 0xDFFF, "half of a surrogate pair"),
    (0xFDD0, 0xFDEF, "a code point that is no character"),
    (0xFEFF, 0xFEFF, "a byte order mark inside the text"),
    (0xFFF9, 0xFFFC, "a mark of a word processor"),
    (0xFFFD, 0xFFFD, "a character that was lost in a conversion"),
    (0xFFFE, 0xFFFF, "a code point that is no character"),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF, "a code point that is no character") for plane in range(1, 14)),
    (0xE0000, 0xE007F, "an invisible character"),
    *((plane << 16 | 0xFFFE, plane << 16 | 0xFFFF, "a code point that is no character") for plane in range(14, 17)),
)
_IMPROPER = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last, _ in IMPROPER) + "]")
_LOST, _BREAKS = "\ufffd", "\t\n\r"


def is_proper(text: str) -> bool:
    """Whether every character of the text may stand in a document."""
    return _IMPROPER.search(text) is None


def text_faults(value: Any, path: str = "") -> Iterator[DocumentError]:
    """One fault for each text of a JSON value, and each name in it, that holds a character that cannot be right."""
    if isinstance(value, str):
        if (found := _IMPROPER.search(value)) is not None:
            yield _fault(found[0], found.start(), path)
    elif isinstance(value, dict):
        for name, item in value.items():
            if not is_proper(name):
                yield DocumentError("a name has a character that cannot be right", place=_place(path))
            yield from text_faults(item, member_path(path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from text_faults(item, f"{path}[{index}]")


def _fault(character: str, at: int, path: str) -> DocumentError:
    point = ord(character)
    kind = next(kind for first, last, kind in IMPROPER if first <= point <= last)
    hint = "Take it out, or type the text again."
    if character == _LOST:
        hint = "Export the data again from the system that holds them: this file has lost the characters."
    elif character in _BREAKS:
        hint = "A text is one line: write a space or a semicolon in place of line breaks and tabs."
    return DocumentError(
        "the text has a character that cannot be right",
        found=f"U+{point:04X}, {kind}, as character {at + 1}",
        hint=hint,
        place=_place(path),
    )


def _place(path: str) -> Place | None:
    return Place(field=path) if path else None
