"""In which language a view is shown: Chinese, English, or both side by side."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from creditchain.verification.verdict import Text


class Language(StrEnum):
    """Languages of a view that is shown."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"

    def of(self, text: Text) -> tuple[str, ...]:
        """The text in this language; in both, Chinese first, and once if they are equal or one is empty."""
        if self is Language.ZH:
            return (text.zh,)
        if self is Language.EN:
            return (text.en,)
        return tuple(dict.fromkeys(one for one in (text.zh, text.en) if one)) or ("",)

    def line(self, text: Text) -> str:
        """The same on one line."""
        return "  ".join(self.of(text))
