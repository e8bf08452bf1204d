"""The first half of step 2: what a document is, held against the product that its batch's log entry names.

The entry, not the document, says which product a record is of: its publisher declared it, and governors had
launched that product. A document that calls itself another product, or does not fit this one, was never a
record of it, however well its leaf leads to the root.
"""

from __future__ import annotations

from collections.abc import Mapping

from creditchain.documents import JSON_MEDIA_TYPE, Document, domain_mask, parse_document
from creditchain.errors import InputError
from creditchain.log.entries import AnchorBody
from creditchain.packages.parts import PackagedRecord
from creditchain.packages.record_package import RecordPackage
from creditchain.products import Product
from creditchain.verification.days import day_of
from creditchain.verification.evidence import Evidence, Missing
from creditchain.verification.publisher import contradiction, product_of
from creditchain.verification.verdict import Step, failed, not_verified, passed, worst_of


def check_document(record: PackagedRecord) -> tuple[Document | None, Step]:
    """Check that a JSON document keeps the format, and names the section and subject that the package names."""
    if record.media_type != JSON_MEDIA_TYPE:
        return None, passed(2, "the document is a file", "文档为文件")
    try:
        document = parse_document(record.content)
    except InputError as error:
        return None, failed(2, f"the document breaks the format: {error}", "文档不符合格式")
    if document.section is not record.section:
        return None, failed(
            2,
            "the document is of another section",
            "文档的信息类别不符",
            expected=document.section.label,
            found=record.section.label,
        )
    if document.subject != record.subject:
        return None, failed(2, "the document is about another subject", "文档的主体不符")
    return document, passed(2, "the document keeps the format", "文档符合格式")


def check_product(
    package: RecordPackage, document: Document | None, evidence: Evidence, catalogue: Mapping[str, Product]
) -> Step:
    """Check the record against the product that its batch's log entry names, and its day against the anchor's.

    `document` is None for a file. `catalogue` holds the products that the verifier knows, by `name/version`.
    """
    anchor, entry = evidence.anchor, evidence.entry
    if anchor is None:
        return not_verified(2, "product unknown: the batch is not anchored", "产品未知：批次未锚定")
    for value in (anchor, entry, evidence.product):
        if isinstance(value, Missing):
            return not_verified(2, f"product unknown: {value.why.en}", f"产品未知：{value.why.zh}")
    # Narrowed above; written out for the type checker, which does not follow the loop.
    if isinstance(anchor, Missing) or isinstance(entry, Missing):
        raise TypeError("unreachable")
    body = entry.body
    if contradiction(package, anchor, entry) is not None or not isinstance(body, AnchorBody):
        return not_verified(2, "product unknown: see step 5", "产品未知：见步骤 5")
    product = product_of(evidence, catalogue)
    if product is None:
        unknown = not_verified(
            2, "the product that the batch's log entry names is not known here", "本地未知日志条目所指产品",
            product=body.product,
        )  # fmt: skip
        return unknown if document is None else worst_of((unknown, _check_day(document, anchor.time)))
    return check_fit(package.record, document, product, anchor.time, body.domains)


def check_fit(
    record: PackagedRecord, document: Document | None, product: Product, published: int, domains: int
) -> Step:
    """Check a record against its product, and its day against the time by which it was published (unix seconds).

    `document` is None for a file, `domains` are those for which it was published, as a bit set.
    """
    numbered = _check_number(record, product)
    if document is None:
        return worst_of((_check_file(record, product, domains), numbered))
    return _misfit(document, product) or worst_of((_check_day(document, published), numbered))


def _check_number(record: PackagedRecord, product: Product) -> Step:
    """Check the number in the leaf: by it, whoever sees the leaf unopened takes it for one of that product."""
    number = record.product
    if number != product.number:
        return _of_another("product's number", "产品编号", [str(product.number)], str(number))
    return passed(2, "the leaf has its product's number", "叶节点的产品编号相符")


def _check_file(record: PackagedRecord, product: Product, domains: int) -> Step:
    """Check a file, which names neither product nor domain nor day: only its section and scheme can be wrong."""
    if record.section not in product.sections:
        return _of_another("section", "信息类别", [one.label for one in product.sections], record.section.label)
    if record.subject.scheme not in product.subjects:
        return _of_another("scheme of subjects", "主体编号类型", list(product.subjects), record.subject.scheme)
    if not domains & domain_mask(product.domains):
        return failed(2, "the batch was anchored for no domain of its product", "批次所声明数据域不属于其产品")
    return passed(2, f"a file of {product.ref}", f"{product.ref} 的文件")


def _misfit(document: Document, product: Product) -> Step | None:
    """The step if the document is not one of this product."""
    if document.product != product.ref:
        return failed(
            2, "the document names another product than its batch", "文档产品与批次产品不符",
            expected=product.ref, found=document.product,
        )  # fmt: skip
    if document.section not in product.sections:
        return _of_another("section", "信息类别", [one.label for one in product.sections], document.section.label)
    if document.domain not in product.domains:
        return _of_another("domain", "数据域", [one.label for one in product.domains], document.domain.label)
    try:
        product.validate(document.value)
    except InputError as error:
        return failed(2, f"the document does not fit its product: {error}", "文档不符合其产品")
    return None


def _of_another(what: str, what_zh: str, expected: list[str], found: str) -> Step:
    return failed(
        2, f"the leaf is of a {what} that its product does not have", f"产品不含该{what_zh}",
        expected=expected, found=found,
    )  # fmt: skip


def _check_day(document: Document, anchored_at: int) -> Step:
    """A fact cannot be anchored before its day. Retention and consent would run from a day that is still to come."""
    latest = day_of(anchored_at)
    if document.as_of > latest:
        return failed(
            2, "the document is about a day after its anchor", "文档所涉日期晚于锚定日",
            expected=latest.isoformat(), found=document.as_of.isoformat(),
        )  # fmt: skip
    return passed(2, f"the document fits {document.product}", f"文档符合 {document.product}")
