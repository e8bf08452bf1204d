"""A view as one HTML file: no script, nothing loaded, every text of a document escaped."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from creditchain.rendering.errors import not_installed
from creditchain.rendering.lines import told
from creditchain.rendering.qr import qr_svg
from creditchain.views.languages import Language

if TYPE_CHECKING:
    import jinja2

    from creditchain.views.shown import ReportView


def report_html(view: ReportView, lang: Language = Language.BOTH) -> bytes:
    """The HTML of a view, in UTF-8. Raises RenderingError if the library is missing."""
    try:
        from markupsafe import Markup
    except ImportError:
        raise not_installed("HTML", "Jinja2") from None
    style = _file("report.css")
    made = _template().render(
        view=told(view, lang),
        style=Markup(style),  # noqa: S704 - the package's own file, whose hash the policy of the page names
        style_hash="sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        qr=base64.b64encode(qr_svg(view.names)).decode(),
    )
    return made.encode()


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    try:
        import jinja2
    except ImportError:
        raise not_installed("HTML", "Jinja2") from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_file("report.html"))


def _file(name: str) -> str:
    return files("creditchain").joinpath("data", "reports", name).read_text("utf-8")
