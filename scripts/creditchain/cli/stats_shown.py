"""Statistics as tables, as JSON, and as charts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from creditchain.cli.bilingual import labelled, told
from creditchain.cli.connecting import open_region
from creditchain.cli.output_files import require_writable
from creditchain.cli.product_folders import folders_of
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.counting import Counted
    from creditchain.cli.settings import Settings
    from creditchain.packages.loan_list import LoanList
    from creditchain.statistics.telling import Names

_FORMS = (".png", ".svg")
_TOTAL = "total 合计"


@dataclass(frozen=True, slots=True)
class Shown:
    """The options of one command."""

    section: str
    by: str
    first: str | None
    last: str | None
    products: str | None
    chart: Path | None
    force: bool


def show(chosen: Settings, asked: Shown, lists: tuple[LoanList, ...] = ()) -> None:
    """Count, and show it. A chart is written first, so that what cannot be drawn shows nothing."""
    from creditchain.acts.counting import CountWanted, count
    from creditchain.catalogue.products import catalogue
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles
    from creditchain.statistics.dimensions import SECTIONS
    from creditchain.statistics.folding import MonthRange
    from creditchain.statistics.months import read_month
    from creditchain.statistics.telling import Names

    if asked.chart is not None:
        if asked.chart.suffix.lower() not in _FORMS:
            raise UsageError(
                "a chart is a .png or an .svg file", expected=" or ".join(_FORMS), found=asked.chart.suffix
            )
        require_writable(asked.chart, force=asked.force)
    months = MonthRange(*(None if text is None else read_month(text) for text in (asked.first, asked.last)))
    wanted = CountWanted(SECTIONS[asked.section], _names(asked.by), months, lists)
    products = tuple(catalogue(folders_of(asked.products) or None))
    with open_region(chosen) as region, chosen.output.stages() as watch:
        counted = count(region, Profiles(Home(chosen.home)), wanted, watch)
    names = Names(counted.members, products)
    if asked.chart is not None:
        _draw(asked, counted, names)
    _table(chosen, counted, names)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("--by names no dimension", expected="month, for example")
    return names


def _table(chosen: Settings, counted: Counted, names: Names) -> None:
    measures, block = counted.measures, counted.block
    rows = [
        [*(names.called(one, row[one]).told for one in counted.by), *(_cell(name, row[name]) for name in measures)]
        for row in counted.rows
    ]
    below = [_TOTAL, *[""] * (len(counted.by) - 1), *(_cell(name, counted.total[name]) for name in measures)]
    chosen.output.table(
        [*counted.by, *measures],
        [*rows, below],
        title=f"{counted.section.name} {counted.section.zh} as of block 截至区块 {block.number}",
        value={
            "section": counted.section.name,
            "block": block.number,
            "block_time": block.time,
            "size": counted.size,
            "by": list(counted.by),
            "rows": [names.named(row, counted.by) for row in counted.rows],
            "total": counted.total,
        },
    )


def _cell(name: str, value: Any) -> str:
    """A measure: amounts and durations in their one form, counts with separators."""
    if isinstance(value, int) and not name.endswith(("_fen", "_seconds")):
        return f"{value:,}"
    return told(name, value)


def _draw(asked: Shown, counted: Counted, names: Names) -> None:
    """Write the chart: a bar for each value of the first dimension, in parts by the others."""
    from creditchain.home.files import write_file
    from creditchain.rendering.charts import BarChart, chart_file, largest

    if asked.chart is None or not counted.rows:
        raise UsageError("there is nothing to draw", hint="Leave out --chart, or count other months.")
    measure = counted.section.measures[0]
    first, *others = counted.by
    places = list(dict.fromkeys(row[first] for row in counted.rows))
    series: dict[str, list[float]] = {}
    for row in counted.rows:
        name = " · ".join(names.called(one, row[one]).told for one in others) or labelled(measure)
        series.setdefault(name, [0.0] * len(places))[places.index(row[first])] += row[measure]
    title = f"{counted.section.name} {counted.section.zh} · {labelled(first)} · block 区块 {counted.block.number}"
    told_places = tuple(names.called(first, place).told for place in places)
    chart = BarChart(title, labelled(measure), told_places, largest(series))
    write_file(asked.chart, chart_file(chart, asked.chart.suffix.lower()[1:]), overwrite=asked.force)
