"""Reports to show: honest ones, and such whose documents hold what nobody should print as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from report_world import CATALOGUE, POWER, REGISTRY, SUBJECT, TAX, Bend, Region

from creditchain.log.facts import Basis
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.policy import Policy
from creditchain.verification.report import JudgedReport, judge_report
from creditchain.verification.verdict import Source, Text
from creditchain.views.report import view_of
from creditchain.views.shown import Group, RecordShown, ReportView, Row
from creditchain.views.values import groups_of
from creditchain.vocabulary import Life

NAMES = {REGISTRY: Text("Market regulator of Nanjing", "南京市市场监督管理局")}
#: Days of 2024 that documents are about, before they repeat.
DAYS = 12 * 28
WORD = Text("two endpoints say the same", "2 个节点所述一致")


def region_of(power: int = 3, tax: int = 2, bend: Bend | None = None) -> Region:
    """A registration, so many bills of power and payments of tax. The second bill took the place of the first."""
    region = Region()
    region.publish(REGISTRY, "registry-basic/1", [(SUBJECT, "2024-03-31", "")], bend=bend)
    root = region.publish(POWER, "power-usage/1", [(SUBJECT, _day(at), f"{at:04}") for at in range(power)])
    region.publish(TAX, "tax-payment/1", [(SUBJECT, _day(at), f"{at:04}") for at in range(tax)])
    if 1 < power <= DAYS:
        first, second = (region.leaf(POWER, root, _day(at)) for at in range(2))
        region.end(POWER, first, Life.SUPERSEDED, second)
    return region


def _day(number: int) -> str:
    return f"2024-{number % DAYS // 28 + 1:02}-{number % 28 + 1:02}"


def judged(region: Region, package: ReportPackage, **changes: Any) -> JudgedReport:
    """The report, judged by what the region says; `changes` replaces parts of the evidence."""
    evidence = region.evidence(package)
    evidence = replace(evidence, source=Source(Basis.AGREED, 60, region.block, WORD), **changes)
    return judge_report(package, evidence, Policy(), catalogue=CATALOGUE)


def view(region: Region, package: ReportPackage, **changes: Any) -> ReportView:
    """The view of it."""
    return view_of(judged(region, package, **changes), package.to_json(), NAMES)


def with_table(shown: ReportView) -> ReportView:
    """The view with factors of a score, which are a table, in what the issuer says."""
    items = [{"factor": "用电稳定", "points": 12}, {"factor": "纳税信用级别", "points": -3}]
    schema = {
        "properties": {
            "factors": {
                "title": "评分因素",
                "items": {"properties": {"factor": {"title": "因素"}, "points": {"title": "得分"}}},
            }
        }
    }
    groups = groups_of({"factors": items}, schema, notes={"factors": Text("from record 1", "依据记录 1")})
    row = Row(Text("Sales", "销售额"), Text("CNY 1.00", "1.00 元"), Text("from records 2–4", "依据记录 2–4"))
    return replace(shown, summary=(*shown.summary, Group(None, (row,)), *groups))


def records(shown: ReportView) -> list[RecordShown]:
    """All records of a view."""
    return [record for part in shown.parts for record in part.records]


def texts(value: Any) -> Iterator[Text]:
    """Every text in a view that is not empty."""
    if isinstance(value, Text):
        yield from [value] if value.en or value.zh else []
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from texts(inner)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from texts(getattr(value, name))


def values(groups: tuple[Group, ...]) -> dict[str, Text]:
    """The values of rows by their Chinese titles."""
    return {row.title.zh: row.value for group in groups for row in group.rows}
