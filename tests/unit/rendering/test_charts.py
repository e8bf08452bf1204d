"""Charts: PNG and SVG with Chinese, the same bytes each time; many series share the colours there are."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from creditchain.rendering.charts import MOST_SERIES, BarChart, chart_file, largest

CHART = BarChart("calls 查询", "queries 查询数", ("2026-01", "2026-02"), {"银行": (3, 4), "保险公司": (1, 2)})


def test_a_png_is_an_image_with_the_bars_colours() -> None:
    image = Image.open(io.BytesIO(chart_file(CHART, "png")))
    assert image.format == "PNG"
    counts = image.convert("RGB").getcolors(1 << 24)
    colours = {colour for count, colour in counts or [] if count > 1000}
    assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)} <= colours


def test_an_svg_is_whole_and_needs_no_font() -> None:
    raw = chart_file(CHART, "svg")
    root = ElementTree.fromstring(raw)  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    assert not [one for one in root.iter() if one.tag.endswith("}text")]
    assert b"<dc:date>" not in raw


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_chart_gives_the_same_bytes(form: str) -> None:
    assert chart_file(CHART, form) == chart_file(CHART, form)


def test_every_character_has_a_shape(caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder) -> None:
    """matplotlib warns of each character that the font lacks."""
    chart_file(BarChart("京津冀 长三角 珠三角 骨直角", "贷款笔数", ("宿迁市",), {"小额贷款公司": (1,)}), "png")
    assert not [one for one in recwarn if "Glyph" in str(one.message)]
    assert not [one for one in caplog.messages if "findfont" in one]


def test_the_least_series_are_drawn_as_one() -> None:
    many = {f"bank {n:02}": (float(n), 1.0) for n in range(20)}
    kept = largest(many)
    assert len(kept) == MOST_SERIES
    assert list(kept)[:2] == ["bank 19", "bank 18"]
    assert list(kept)[-1] == "others 其他"
    assert [sum(values) for values in zip(*kept.values(), strict=True)] == [sum(range(20)), 20]
    few = dict(list(many.items())[:MOST_SERIES])
    assert set(largest(few)) == set(few)
