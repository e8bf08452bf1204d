"""A view as one HTML file: no script, nothing loaded, every text of a document escaped."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from creditchain.rendering.lines import told
from creditchain.rendering.qr import qr_svg
from creditchain.rendering.templates import read, template
from creditchain.views.languages import Language

if TYPE_CHECKING:
    from creditchain.views.shown import ReportView


def report_html(view: ReportView, lang: Language = Language.BOTH) -> bytes:
    """The HTML of a view, in UTF-8. Raises RenderingError if the library is missing."""
    made = template("reports/report.html")
    from markupsafe import Markup

    style = read("reports/report.css").decode()
    text = made.render(
        view=told(view, lang),
        style=Markup(style),  # noqa: S704 - the package's own file, whose hash the policy of the page names
        style_hash="sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        qr=base64.b64encode(qr_svg(view.names)).decode(),
    )
    return text.encode()
