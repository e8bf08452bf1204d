"""Sections and domains of documents, with their bytes and bits (docs/format.md section 3)."""

from __future__ import annotations

from collections.abc import Iterable

from creditchain.vocabulary import Named


class Section(Named):
    """What part of a report a document is. The value is the byte in the leaf."""

    REPORT = 0, "报告"
    BASIC = 1, "基本信息"
    OPERATING = 2, "经营信息"
    ENHANCEMENT = 3, "增信信息"
    WARNING = 4, "警示信息"
    ASSET = 5, "资产信息"
    CARBON = 6, "碳信用"


class Domain(Named):
    """Where the facts of a document come from. The value is the bit in domain masks (uint32 on chain)."""

    REGISTRY = 0, "工商"
    JUDICIAL = 1, "司法"
    ADMINISTRATIVE = 2, "行政"
    POWER = 3, "电力"
    IP = 4, "知识产权"
    TELECOM = 5, "电信"
    TAX = 6, "税务"
    SOCIAL = 7, "社会保险"
    HOUSING = 8, "住房公积金"
    CUSTOMS = 9, "海关"
    ENVIRONMENT = 10, "生态环境"
    UTILITIES = 11, "水气"
    CREDIT = 12, "信贷"
    OPERATION = 13, "经营"
    PROPERTY = 14, "不动产"
    DERIVED = 15, "衍生"


#: Section and Domain by their names in documents.
SECTIONS: dict[str, Section] = {section.label: section for section in Section}
DOMAINS: dict[str, Domain] = {domain.label: domain for domain in Domain}


def domain_mask(domains: Iterable[Domain]) -> int:
    """The bit mask of some domains, as the contracts keep it (uint32)."""
    mask = 0
    for domain in domains:
        mask |= 1 << domain
    return mask


def domains_of(mask: int) -> tuple[Domain, ...]:
    """The domains of a mask, ascending by bit. ValueError for a bit that names no domain."""
    if mask < 0 or mask >> len(Domain):
        raise ValueError(f"mask {mask:#x} has bits that name no domain")
    return tuple(domain for domain in Domain if mask >> domain & 1)
