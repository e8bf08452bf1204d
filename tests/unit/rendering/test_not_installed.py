"""Without the extra, or without a Chinese font, one error says what to install."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from shown_world import region_of, view

from creditchain.rendering import fonts
from creditchain.rendering.charts import BarChart, chart_file
from creditchain.rendering.errors import RenderingError
from creditchain.rendering.fonts import chinese_font
from creditchain.rendering.html import report_html
from creditchain.rendering.pdf import report_pdf
from creditchain.rendering.templates import environment


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """What was loaded once is loaded again."""
    for kept in (chinese_font, environment):
        kept.cache_clear()
    yield
    for kept in (chinese_font, environment):
        kept.cache_clear()


@pytest.mark.parametrize(("library", "make"), [("typst", report_pdf), ("jinja2", report_html)])
def test_a_library_is_missing(library: str, make: object, monkeypatch: pytest.MonkeyPatch):
    region = region_of(2, 1)
    package = region.honest()
    shown = view(region, package)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(RenderingError, match="not installed") as caught:
        report_pdf(shown, package.to_json()) if make is report_pdf else report_html(shown)
    assert (caught.value.expected or "").lower() == library
    assert caught.value.hint == "pip install 'creditchain[report]'"


def test_matplotlib_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RenderingError, match="not installed") as caught:
        chart_file(BarChart("", "", ("a",), {"b": (1.0,)}), "png")
    assert caught.value.hint == "pip install 'creditchain[charts]'"


def test_without_the_package_of_the_font_one_of_the_system_is_taken_or_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "a_package_that_is_not_there")
    monkeypatch.setattr(fonts, "FAMILIES", ("A Family That Is Not There",))
    with pytest.raises(RenderingError, match="no Chinese font") as caught:
        chinese_font()
    assert "fonts-noto-cjk" in (caught.value.hint or "")


def test_a_font_of_the_system_serves_as_well(monkeypatch: pytest.MonkeyPatch):
    """Whatever family the system has: its own table says which characters it lacks."""
    import typst

    monkeypatch.setattr(fonts, "_PACKAGE", "a_package_that_is_not_there")
    known = [info.family for info in typst.Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()]
    monkeypatch.setattr(fonts, "FAMILIES", tuple(known) or ("A Family That Is Not There",))
    if not known:  # a machine without any font
        with pytest.raises(RenderingError):
            chinese_font()
        return
    font = chinese_font()
    assert font.family in known
    assert font.has("A")
