"""A view as PDF/A-3a: typeset by Typst, tagged, with the package embedded and its name in a QR code.

Typst comes as one wheel without system libraries, and refuses to write a file that breaks the standard. The view goes
in as data, so that nothing in a document is taken for markup. Equal views give equal bytes.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from creditchain.rendering.errors import not_installed
from creditchain.rendering.fonts import ChineseFont, chinese_font
from creditchain.rendering.lines import told
from creditchain.rendering.qr import qr_svg
from creditchain.views.languages import Language

if TYPE_CHECKING:
    from creditchain.views.shown import ReportView

#: The standard: PDF/A-3 (ISO 19005-3), accessible level.
STANDARD: Final = "a-3a"
#: The name of the embedded package. Whoever reads the PDF looks for the one attachment that ends in `.json`.
ATTACHMENT: Final = "creditchain-package.json"
#: Words without a blank, as hashes are, may break after so many characters.
_UNBROKEN: Final = re.compile(r"[!-~]{28,}")
_STEP: Final = 14


def report_pdf(view: ReportView, package: bytes, lang: Language = Language.BOTH) -> bytes:
    """The PDF of a view.

    Args:
        package: the bytes of the package file that the view shows; UTF-8.
    Raises RenderingError if the libraries or a Chinese font are missing.
    """
    font = chinese_font()
    try:
        import typst
    except ImportError:
        raise not_installed("a PDF", "typst") from None
    data = _broken(told(view, lang), font)
    source = view.verdict.source
    block = None if source is None else source.block
    made = typst.compile(
        files("creditchain").joinpath("data/reports/report.typ").read_bytes(),
        font_paths=font.fonts,
        sys_inputs={
            "view": json.dumps(data, ensure_ascii=False),
            "package": package.decode(),
            "attachment": ATTACHMENT,
            "qr": qr_svg(view.names).decode(),
            "font": font.family,
        },
        pdf_standards=[STANDARD],
        timestamp=datetime.fromtimestamp(0 if block is None else block.time, UTC),
        format="pdf",
    )
    if not isinstance(made, bytes):
        raise TypeError("Typst gives one PDF")
    return made


def _broken(value: Any, font: ChineseFont) -> Any:
    """The same with what the font lacks written out; a text with long words as pieces between which a line may end."""
    if isinstance(value, str):
        text = font.shown(value)
        return _pieces(text) if _UNBROKEN.search(text) is not None else text
    if isinstance(value, dict):
        return {name: _broken(inner, font) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_broken(inner, font) for inner in value]
    return value


def _pieces(text: str) -> dict[str, list[str]]:
    found, at = [], 0
    for match in _UNBROKEN.finditer(text):
        for end in range(match.start() + _STEP, match.end(), _STEP):
            found.append(text[at:end])
            at = end
    return {"pieces": [*found, text[at:]]}
