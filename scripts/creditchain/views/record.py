"""The view of a single record: what it says, who published it, and the verdict on its package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from creditchain.documents import JSON_MEDIA_TYPE, Document, parse_document
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.packages.record_package import RecordPackage
from creditchain.products import Product
from creditchain.verification.evidence import Evidence, NodeHistory
from creditchain.verification.steps import leaf_of
from creditchain.verification.verdict import Text, Verdict
from creditchain.views.badges import node_text
from creditchain.views.opened import data_of, file_group, text_in
from creditchain.views.report import facts_text
from creditchain.views.shown import ReportView, Row
from creditchain.views.texts import same
from creditchain.views.values import groups_of
from creditchain.views.wording import LEAF


def record_view_of(
    package: RecordPackage,
    verdict: Verdict,
    evidence: Evidence,
    catalogue: Mapping[str, Product],
    raw: bytes,
    publisher: Text | None = None,
) -> ReportView:
    """The view of a judged record, which has no parts.

    Args:
        catalogue: the products that the reader knows, by name/version.
        raw: the bytes of the package file, which the view names.
        publisher: the names of its publisher, if the reader knows them.
    """
    document = _document(package)
    product = None if document is None else catalogue.get(document.product)
    data = data_of(document)
    return ReportView(
        title=Text("record of an unknown product", "未知产品的记录")
        if product is None
        else Text(product.title, product.title_zh),
        number=text_in(data, "record_id"),
        as_of="" if document is None else document.as_of.isoformat(),
        heading=tuple(_heading(package, document, evidence, publisher)),
        verdict=verdict,
        facts=facts_text(verdict.source),
        summary=(file_group(package.record),)
        if document is None
        else groups_of(data, {} if product is None else product.schema),
        parts=(),
        digest="0x" + keccak256(raw).hex(),
    )


def _document(package: RecordPackage) -> Document | None:
    if package.record.media_type != JSON_MEDIA_TYPE:
        return None
    try:
        return parse_document(package.record.content)
    except InputError:
        return None  # step 2 says why


def _heading(
    package: RecordPackage, document: Document | None, evidence: Evidence, publisher: Text | None
) -> Iterator[Row]:
    subject, section = package.record.subject, package.record.section
    yield Row(Text("Enterprise number", "企业代码"), same(f"{subject.number} ({subject.scheme})"))
    if document is not None:
        yield Row(Text("As of", "数据截至"), same(document.as_of.isoformat()))
        yield Row(Text("Product", "产品"), same(document.product))
    yield Row(Text("Section", "信息类别"), Text(section.label, section.zh))
    if evidence.origin.region:
        yield Row(Text("Region", "区域"), same(evidence.origin.region))
    role = evidence.publisher.info.role if isinstance(evidence.publisher, NodeHistory) else None
    yield Row(Text("Published by", "发布方"), node_text(package.batch.node, publisher, role))
    yield Row(LEAF, same("0x" + leaf_of(package).hex()))
