"""The exchange's pages as HTML, and the files that they load, which are named by what is in them.

Each page is there in Chinese and English; the reader's choice shows one of them, by a style alone. Nothing stands in a
page that a strict Content-Security-Policy forbids: no script, no style and no picture but its own files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from creditchain.rendering.lines import told, told_verdict
from creditchain.rendering.qr import qr_svg
from creditchain.rendering.templates import read, template
from creditchain.verification.verdict import STEPS, Text, Verdict
from creditchain.views.languages import Language
from creditchain.views.report import facts_text
from creditchain.views.shown import ReportView

#: The files that pages load, by the names that templates use, and their media types.
_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "report.css": ("reports/report.css", "text/css; charset=utf-8"),
    "page.css": ("pages/page.css", "text/css; charset=utf-8"),
    "page.js": ("pages/page.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("pages/icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load. Another content has another name, so a browser may keep it for ever."""

    name: str  #: with some digits of its hash
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Whose pages these are."""

    node: int
    name: Text | None  #: of the node, if it is known
    region: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """All files that pages load, by the names under which they are served."""
    return {made.name: made for made in (_asset(name) for name in _FILES)}


def _asset(name: str) -> Asset:
    path, media_type = _FILES[name]
    content = read(path)
    stem, ending = name.split(".")
    return Asset(f"{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{ending}", media_type, content)


@lru_cache(maxsize=len(_FILES))
def _address(name: str) -> str:
    """Where a page finds a file, beside itself: the service may stand under any prefix."""
    return "pages/" + _asset(name).name


def home_page(place: PagePlace, lang: Language) -> bytes:
    """What the service is."""
    return _page("home", place, lang)


def verify_page(place: PagePlace, lang: Language, limit: int, problem: Text | None = None) -> bytes:
    """The form for a file. `limit`: its most bytes; `problem`: what was wrong with the last one."""
    steps = [name for _, name in sorted(STEPS.items())]
    return _page("verify", place, lang, limit=limit >> 20, problem=problem, steps=steps)


def result_page(
    place: PagePlace, lang: Language, file: str, when: str, verdict: Verdict, view: ReportView | None
) -> bytes:
    """The verdict on a file, with the report or record in it.

    Args:
        file: its name, as people read it.
        when: the time of the verification, as people read it.
        view: None if the file is no package.
    """
    from markupsafe import Markup

    if view is None:
        shown = told_verdict(verdict, facts_text(verdict.source), Language.BOTH)
        return _page("result", place, lang, view=shown, report=False, file=file, when=when, qr="")
    qr = Markup(qr_svg(view.names, sized=False).decode())  # noqa: S704 - made here, of a digest
    return _page("result", place, lang, view=told(view, Language.BOTH), report=True, file=file, when=when, qr=qr)


def _page(name: str, place: PagePlace, lang: Language, **values: Any) -> bytes:
    made = template(f"pages/{name}.html")
    return made.render(place=place, chosen=lang.value, asset=_address, **values).encode()
