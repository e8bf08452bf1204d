"""The view of a report: its heading, the verdict, what the issuer says, and each record with what the chain says of it.

All comes from the judged package, so what is shown is what was verified. The parts are the sections of the records and
of the issuer's own data, in the order of their numbers; for a five-part report these are its five parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from creditchain.documents import SECTIONS, Section
from creditchain.hashing import keccak256
from creditchain.log.views import BlockRef
from creditchain.products import Product
from creditchain.products.purposes import Purpose
from creditchain.times import moment
from creditchain.verification.case import Case, JudgedRecord
from creditchain.verification.ranged_records import RecordSteps
from creditchain.verification.report import JudgedReport
from creditchain.verification.verdict import Source, Text
from creditchain.views.badges import Around, badges_of
from creditchain.views.following import notes_of
from creditchain.views.opened import data_of, file_group, text_in
from creditchain.views.shown import Group, RecordShown, ReportPart, ReportView, Row
from creditchain.views.texts import same
from creditchain.views.values import groups_of, inner_groups

_NO_SCHEMA: Final[Mapping[str, Any]] = {}
_UNKNOWN: Final = Text("report of an unknown product", "未知产品的报告")
#: Of the issuer's data, what the heading shows.
_IN_HEADING: Final = frozenset({"report_id", "issued_on", "name"})


def view_of(judged: JudgedReport, raw: bytes, names: Mapping[int, Text] | None = None) -> ReportView:
    """The view of a judged report.

    Args:
        raw: the bytes of the package file, which the view names.
        names: of nodes, as far as the reader knows them; the rest are shown by their numbers.
    """
    case = judged.case
    numbered = list(enumerate(_ordered(judged), 1))
    around = Around(case, names or {}, {record.key: number for number, (record, _) in numbered})
    shown = [(record.record.section, _record(number, record, steps, around)) for number, (record, steps) in numbered]
    data = data_of(case.report)
    schema = _NO_SCHEMA if case.product is None else case.product.schema
    inside = frozenset(name for name in data if _section(name, data) is not None)
    above = frozenset(name for name in _IN_HEADING if isinstance(data.get(name), str))
    notes = notes_of(case, judged.verdict, around.numbers)
    return ReportView(
        title=_UNKNOWN if case.product is None else Text(case.product.title, case.product.title_zh),
        number=text_in(data, "report_id"),
        as_of="" if case.report is None else case.report.as_of.isoformat(),
        heading=tuple(_heading(case, data, around)),
        verdict=judged.verdict,
        facts=facts_text(judged.verdict.source),
        summary=groups_of(data, schema, inside | above, notes),
        parts=tuple(_parts(shown, {name: inner_groups(name, data, schema, notes) for name in inside})),
        digest="0x" + keccak256(raw).hex(),
    )


def facts_text(source: Source | None) -> Text:
    """On whose word a verdict is, and as of when."""
    if source is None:
        return Text("nobody was asked about the chain", "未查询链上数据")
    en, zh = _as_of(source.block)
    whose = source.whose
    return Text(
        f"{source.basis.value}" + (f" ({whose.en})" if whose.en else "") + en,
        f"{source.basis.zh}" + (f"（{whose.zh}）" if whose.zh else "") + zh,
    )


def _as_of(block: BlockRef | None) -> Text:
    if block is None:
        return Text("", "")
    when = moment(block.time)
    return Text(f", as of block {block.number}, {when}", f"，截至区块 {block.number}，{when}")


def _ordered(judged: JudgedReport) -> list[tuple[JudgedRecord, RecordSteps]]:
    """The records as a reader wants them, each with its steps: by section, product, the newest first."""
    combined = () if judged.case.product is None else judged.case.product.combines

    def key(one: tuple[JudgedRecord, RecordSteps]) -> tuple[int, int, int]:
        record, product, document = one[0], _product(one[0], judged.case), one[0].document
        at = combined.index(product.ref) if product is not None and product.ref in combined else len(combined)
        return record.record.section, at, 0 if document is None else -document.as_of.toordinal()

    return sorted(zip(judged.case.records, judged.records, strict=True), key=key)


def _product(record: JudgedRecord, case: Case) -> Product | None:
    """The record's product; the one that the document names if the chain's word on it could not be had."""
    if record.product is not None or record.document is None:
        return record.product
    return case.catalogue.get(record.document.product)


def _record(number: int, record: JudgedRecord, steps: RecordSteps, around: Around) -> RecordShown:
    product, document = _product(record, around.case), record.document
    title = same(f"#{record.record.product}") if product is None else Text(product.title, product.title_zh)
    if document is None:
        groups: tuple[Group, ...] = (file_group(record.record),)
    else:
        groups = groups_of(data_of(document), _NO_SCHEMA if product is None else product.schema)
    return RecordShown(
        number=number,
        title=title,
        as_of="" if document is None else document.as_of.isoformat(),
        source=around.source(record.key[0]),
        leaf="0x" + record.leaf.hex(),
        badges=badges_of(record, steps, around),
        groups=groups,
    )


def _heading(case: Case, data: Mapping[str, Any], around: Around) -> Iterator[Row]:
    subject, delivery = case.package.report.subject, case.package.delivery
    if "name" in data:
        yield Row(Text("Enterprise", "企业名称"), same(text_in(data, "name")))
    yield Row(Text("Enterprise number", "企业代码"), same(f"{subject.number} ({subject.scheme})"))
    if "report_id" in data:
        yield Row(Text("Report number", "报告编号"), same(text_in(data, "report_id")))
    if case.report is not None:
        yield Row(Text("As of", "数据截至"), same(case.report.as_of.isoformat()))
    if "issued_on" in data:
        yield Row(Text("Issued on", "出具日期"), same(text_in(data, "issued_on")))
    if case.report is not None:
        yield Row(Text("Product", "产品"), same(case.report.product))
    if case.evidence.origin.region:
        yield Row(Text("Region", "区域"), same(case.evidence.origin.region))
    if delivery is None:
        yield Row(Text("Delivered", "交付"), Text("not yet: no receipt", "尚未交付，无回执"))
        return
    when = moment(delivery.receipt.delivered_at)
    yield Row(Text("Delivered at", "交付时间"), same(when))
    yield Row(Text("Delivered by", "提供方"), around.source(delivery.request.provider))
    yield Row(Text("Delivered to", "查询机构"), around.source(delivery.request.institution))
    yield Row(Text("Purpose", "查询用途"), _purpose(delivery.request.purpose))


def _purpose(code: int) -> Text:
    try:
        purpose = Purpose(code)
    except ValueError:
        return same(str(code))
    return Text(purpose.label.replace("_", " "), purpose.zh)


def _parts(shown: list[tuple[Section, RecordShown]], own: Mapping[str, tuple[Group, ...]]) -> Iterator[ReportPart]:
    """The parts, each with what the issuer says in it (`own`, by the section's name) and its records."""
    for section in sorted({*(SECTIONS[name] for name in own), *(one for one, _ in shown)}):
        yield ReportPart(
            title=Text(section.label.capitalize(), section.zh),
            groups=own.get(section.label, ()),
            records=tuple(record for one, record in shown if one is section),
        )


def _section(name: str, data: Mapping[str, Any]) -> Section | None:
    """The part of the report that a member of its data is, if it is one."""
    return SECTIONS.get(name) if isinstance(data[name], Mapping) else None
