"""Step 10: nothing is shown for longer than its product allows (retention of each section, docs/products.md)."""

from __future__ import annotations

from datetime import date

from creditchain.documents import Document, Section
from creditchain.products import Product
from creditchain.verification.case import Case
from creditchain.verification.days import day_of
from creditchain.verification.evidence import Missing
from creditchain.verification.verdict import Step, Text, failed, not_verified, passed, worst_fault

_DAY = 86_400


def check_retention(case: Case) -> tuple[Step, tuple[Text, ...]]:
    """Step 10, and notices. Judged as of the day of the delivery."""
    time = case.time
    if time is None:
        return not_verified(10, "the time of the delivery is not known", "交付时间未知"), ()
    day = day_of(time)
    shown = [
        *((record.product, record.record.section, record.document, record.leaf) for record in case.records),
        (case.product, Section.REPORT, case.report, None),
    ]
    fault = worst_fault(*(_fault(*one, day) for one in shown))
    if fault is not None:
        return fault, ()
    en, zh = f"nothing was past its retention on {day.isoformat()}", f"{day.isoformat()} 时均在留存期限内"
    return passed(10, en, zh), _keeping(case)


def _fault(
    product: Product | None, section: Section, document: Document | None, leaf: bytes | None, day: date
) -> Step | None:
    """Check one record, or (without `leaf`) the report. `document` is None for a file."""
    if product is None:
        return not_verified(10, "a product is not known here", "本地未知某产品", leaf=leaf)
    if section not in product.retention:
        return failed(10, "a record is of a section its product does not have", "产品不含该信息类别", leaf=leaf)
    rule = product.retention[section]
    if document is None:
        if rule.years is None:
            return None
        return not_verified(10, "the date from which a file is kept is not known", "文件留存起始日未知", leaf=leaf)
    try:
        until = rule.until(document.value)
    except ValueError:
        return failed(10, "the date from which retention runs is malformed", "留存起始日无效", leaf=leaf)
    if until is not None and day > until:
        return failed(
            10, "a record is shown after its retention ended", "记录已超过留存期限",
            leaf=leaf, expected=until.isoformat(), found=day.isoformat(),
        )  # fmt: skip
    return None


def _keeping(case: Case) -> tuple[Text, ...]:
    """A notice if the institution has to delete the report by now. That is its own duty, so it decides nothing."""
    consent, delivery, block = case.package.consent, case.package.delivery, case.evidence.block
    if consent is None or delivery is None or isinstance(block, Missing):
        return ()
    until = delivery.receipt.delivered_at + consent.message.keep_days * _DAY
    if block.time <= until:
        return ()
    day = day_of(until).isoformat()
    return (Text(f"the consent allowed the institution to keep this until {day}", f"授权允许机构保存至 {day}"),)
