"""Bar charts as PNG or SVG, with Chinese. Needs the extra `creditchain[charts]`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from creditchain.rendering.errors import RenderingError
from creditchain.rendering.fonts import FAMILIES, packaged_font

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INSTALL: Final = "pip install 'creditchain[charts]'"
#: The colours of Okabe and Ito, which people who confuse red and green tell apart; the last is for the others.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
#: Most series; those with the least are drawn as one.
MOST_SERIES: Final = len(_COLOURS)
_OTHERS: Final = "others 其他"
#: Size of text, points.
_SIZE: Final = 9


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars side by side, each a stack of series. `series`: a value for each of `places`, by the name of a series."""

    title: str
    axis: str  #: what the values are, with their unit
    places: tuple[str, ...]
    series: Mapping[str, tuple[float, ...]]


def chart_file(chart: BarChart, form: str) -> bytes:
    """The chart as a file. `form`: "png" or "svg". The same chart gives the same bytes.

    Raises RenderingError: matplotlib, or a font with Chinese, is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise RenderingError(
            "a chart needs a library that is not installed here", expected="matplotlib", hint=_INSTALL
        ) from None
    # Text as outlines: whoever opens the file needs no Chinese font. No date and a fixed salt: the same bytes again.
    style: dict[Any, Any] = {
        "font.family": _family(),
        "font.size": _SIZE,
        "svg.fonttype": "path",
        "svg.hashsalt": "creditchain",
    }
    with matplotlib.rc_context(style):
        width = max(6.0, 1.5 + 0.55 * len(chart.places))
        figure = Figure(figsize=(min(width, 40.0), 4.2), layout="constrained")
        _draw(figure, chart)
        file = io.BytesIO()
        figure.savefig(file, format=form, dpi=150, metadata={"Date": None} if form == "svg" else {"Software": None})
    return file.getvalue()


def largest(series: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    """The series with the largest sums, and the others as one, so that colours suffice."""
    ordered = sorted(series, key=lambda name: (-sum(series[name]), name))
    kept, rest = ordered[: MOST_SERIES - 1], ordered[MOST_SERIES - 1 :]
    if len(rest) <= 1:
        kept, rest = ordered, []
    found = {name: tuple(series[name]) for name in kept}
    if rest:
        found[_OTHERS] = tuple(map(sum, zip(*(series[name] for name in rest), strict=True)))
    return found


def _draw(figure: Figure, chart: BarChart) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axes = figure.subplots()
    places = range(len(chart.places))
    below = [0.0] * len(chart.places)
    for (name, values), colour in zip(chart.series.items(), _COLOURS, strict=False):
        axes.bar(places, values, bottom=below, color=colour, label=name, width=0.7)
        below = [under + value for under, value in zip(below, values, strict=True)]
    axes.set_title(chart.title)
    axes.set_ylabel(chart.axis)
    long = any(len(place) > 8 for place in chart.places)
    axes.set_xticks(places, chart.places, rotation=40 if long else 0, ha="right" if long else "center")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#DDDDDD")
    axes.set_axisbelow(True)
    if len(chart.series) > 1:
        figure.legend(loc="outside right upper", frameon=False)


def _family() -> str:
    """A family with simplified Chinese: the extra's package, or one of the system. Raises RenderingError."""
    from matplotlib import font_manager

    manager: Any = font_manager.fontManager
    packaged: Path | None = packaged_font()
    known = {one.name for one in manager.ttflist}
    if packaged is not None and FAMILIES[0] not in known:
        manager.addfont(packaged)
        known = {one.name for one in manager.ttflist}
    for family in FAMILIES:
        if family in known:
            return family
    raise RenderingError(
        "no Chinese font is installed here",
        expected=FAMILIES[0],
        hint=f"{_INSTALL}, or install Noto Sans CJK on this machine (on Debian: fonts-noto-cjk).",
    )
