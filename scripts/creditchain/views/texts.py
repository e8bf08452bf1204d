"""Texts of documents as people see them: one line, and nothing in it that hides or turns what stands beside it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from creditchain.verification.verdict import Text

#: Characters that show as nothing, or turn the direction of others: controls, formats, line and paragraph separators.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Cn"})
_PLAIN: Final = re.compile(r"[\x20-\x7e\u4e00-\u9fff（）、，。：；·－]*")


def readable(text: str) -> str:
    """The text with each hidden character written out as its code point, such as 〔U+202E〕."""
    if _PLAIN.fullmatch(text) is not None:
        return text
    return "".join(written_out(one) if unicodedata.category(one) in _HIDDEN else one for one in text)


def written_out(character: str) -> str:
    """A character that cannot be shown, as its code point."""
    return f"〔U+{ord(character):04X}〕"


def same(text: str) -> Text:
    """A text of a document, or a number: it is the same in both languages."""
    shown = readable(text)
    return Text(shown, shown)
