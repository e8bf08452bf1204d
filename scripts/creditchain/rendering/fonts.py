"""The font of PDFs: one that has Chinese and Latin, from the extra's package or from the system.

A file for archives must hold the shape of every character in it. So the font says which characters it has, and those
that it lacks, rare ideographs for example, are written as their code points.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from creditchain.rendering.errors import INSTALL, RenderingError, not_installed
from creditchain.views.texts import written_out

if TYPE_CHECKING:
    import typst

#: The package of the extra: Noto Sans CJK Regular 2.004, the file that Debian ships too.
_PACKAGE: Final = "noto_cjk_sans_otc"
#: Families with simplified Chinese and Latin, the preferred one first.
FAMILIES: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "Sarasa Gothic SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei",
)  # fmt: skip
#: Characters that choose among the shapes of the one before them, and have none of their own.
_SELECTORS: Final = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))


@dataclass(frozen=True, slots=True)
class ChineseFont:
    """A font: its family, where Typst finds it, and which characters it has, as first and last of each run."""

    family: str
    fonts: typst.Fonts = field(repr=False)
    firsts: tuple[int, ...] = field(repr=False)
    lasts: tuple[int, ...] = field(repr=False)

    def has(self, character: str) -> bool:
        """Whether the font has a shape for a character."""
        point = ord(character)
        if any(first <= point <= last for first, last in _SELECTORS):
            return True
        at = bisect_right(self.firsts, point) - 1
        return at >= 0 and point <= self.lasts[at]

    def shown(self, text: str) -> str:
        """The text, with characters that the font lacks written as their code points."""
        if text.isascii():
            return text
        return "".join(one if self.has(one) else written_out(one) for one in text)


@lru_cache(maxsize=1)
def chinese_font() -> ChineseFont:
    """The font for PDFs. Raises RenderingError if there is none."""
    try:
        import typst
    except ImportError:
        raise not_installed("a PDF", "typst") from None
    for fonts in _places(typst):
        known = {info.family: info for info in fonts.fonts() if info.style == "normal" and info.weight == 400}
        for family in FAMILIES:
            if family in known and known[family].path is not None:
                info = known[family]
                runs = _runs(Path(info.path).read_bytes(), info.index)
                if runs:
                    return ChineseFont(family, fonts, *zip(*runs, strict=True))
    raise RenderingError(
        "no Chinese font is installed here",
        expected=FAMILIES[0],
        hint=f"{INSTALL}, or install Noto Sans CJK on this machine (on Debian: fonts-noto-cjk).",
    )


def packaged_font() -> Path | None:
    """The file of the extra's font, a collection; None if the package is not installed."""
    try:
        folder = Path(str(files(_PACKAGE)))
    except ModuleNotFoundError:
        return None
    return next(iter(sorted(folder.glob("*.tt[cf]"))), None)


def _places(typst: Any) -> Any:
    """Fonts of the extra's package, then those of the system."""
    packaged = packaged_font()
    if packaged is not None:
        folder = packaged.parent
        yield typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    yield typst.Fonts(include_system_fonts=True, include_embedded_fonts=False)


def _runs(font: bytes, index: int) -> list[tuple[int, int]]:
    """First and last character of each run that a font file has, ascending: its `cmap` of format 12 (OpenType 1.9)."""
    start = struct.unpack_from(">I", font, 12 + 4 * index)[0] if font[:4] == b"ttcf" else 0
    (tables,) = struct.unpack_from(">H", font, start + 4)
    for at in range(start + 12, start + 12 + 16 * tables, 16):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, at)
        if tag == b"cmap":
            return _format_12(font, offset)
    return []


def _format_12(font: bytes, cmap: int) -> list[tuple[int, int]]:
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for at in range(cmap + 4, cmap + 4 + 8 * count, 8):
        (offset,) = struct.unpack_from(">I", font, at + 4)
        kind, _, _, _, groups = struct.unpack_from(">HHIII", font, cmap + offset)
        if kind == 12:
            first = cmap + offset + 16
            return [(one[0], one[1]) for one in struct.iter_unpack(">III", font[first : first + 12 * groups])]
    return []
