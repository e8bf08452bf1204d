"""Is this a record that may stand in the batch? Pure: a text or a value in, a Record or one clear error out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from creditchain.batch.errors import UploadError
from creditchain.batch.records import Record
from creditchain.documents import (
    DOCUMENT_LIMITS,
    DOMAINS,
    JSON_MEDIA_TYPE,
    SECTIONS,
    Document,
    Domain,
    JsonObject,
    Section,
    canonical_bytes,
    document_of,
    domains_of,
    parse_document,
    require_media_type,
)
from creditchain.errors import InputError, Place
from creditchain.identifiers import Subject
from creditchain.products import Product

#: Every domain there is.
ALL_DOMAINS = (1 << len(Domain)) - 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a batch may hold: documents of one product, in the domains its node may publish (a mask)."""

    product: Product
    domains: int = ALL_DOMAINS


@dataclass(frozen=True, slots=True)
class RulesKey:
    """Rules to remember something by: keys are equal if their rules say the same."""

    digest: bytes
    domains: int
    rules: Rules = field(compare=False)

    @classmethod
    def of(cls, rules: Rules) -> RulesKey:
        """The key of rules."""
        return cls(rules.product.digest, rules.domains & ALL_DOMAINS, rules)


def accept_text(raw: bytes, rules: Rules) -> Record:
    """The record in a JSON text. Raises DocumentError, IdentifierError, ProductError or UploadError, with the field."""
    return _accept(parse_document(raw), rules)


def accept_value(value: JsonObject, rules: Rules) -> Record:
    """The record in a value that was built from columns. Raises as `accept_text`."""
    return _accept(document_of(value, canonical_bytes(value, DOCUMENT_LIMITS)), rules)


def accept_file(
    content: bytes, media_type: str, subject: Subject, section: Section, domain: Domain, rules: Rules
) -> Record:
    """The record that a file's bytes are. A JSON file must be a document that says the same as its manifest line."""
    if media_type == JSON_MEDIA_TYPE:
        record = accept_text(content, rules)
        told = (subject.scheme, subject.number, section, domain)
        if (record.scheme, record.number, record.section, record.domain) != told:
            raise UploadError("the document in the file and its line in the manifest differ", place=Place(field="file"))
        return record
    _require_section(section, rules)
    _require_domain(domain, rules)
    if subject.scheme not in rules.product.subjects:
        raise UploadError(
            "the product has no subjects of this scheme",
            expected=" or ".join(rules.product.subjects),
            place=Place(field="scheme"),
        )
    if not content:
        raise UploadError("the file is empty", place=Place(field="file"))
    return Record(subject.scheme, subject.number, section, domain, require_media_type(media_type), content)


def _accept(document: Document, rules: Rules) -> Record:
    _require_product(document.product, rules)
    if not _is_valid(rules.product)(document.value):
        rules.product.validate(document.value)
    _require_section(document.section, rules)
    _require_domain(document.domain, rules)
    subject = document.subject
    return Record(subject.scheme, subject.number, document.section, document.domain, JSON_MEDIA_TYPE, document.content)


def kind_faults(value: JsonObject, rules: Rules) -> list[InputError]:
    """What is wrong with the product, section and domain that an object names, where those are names at all."""
    faults: list[InputError] = []
    for name, check in _KIND_CHECKS.items():
        try:
            check(value.get(name), rules)
        except InputError as error:
            faults.append(error)
    return faults


def _require_product(product: str, rules: Rules) -> None:
    if product != rules.product.ref:
        raise UploadError(
            "a document of another product", expected=rules.product.ref, found=product, place=Place(field="product")
        )


@lru_cache(maxsize=16)
def _is_valid(product: Product) -> Callable[[JsonObject], bool]:
    """Whether a document fits the product, without saying why not; compiled once."""
    found: Callable[[JsonObject], bool] = product.validator().is_valid
    return found


def _require_section(section: Section, rules: Rules) -> None:
    if section not in rules.product.sections:
        expected = ", ".join(known.label for known in rules.product.sections)
        raise UploadError(
            "the product has no such section", expected=expected, found=section.label, place=Place(field="section")
        )


def _require_domain(domain: Domain, rules: Rules) -> None:
    if domain not in rules.product.domains:
        expected = ", ".join(known.label for known in rules.product.domains)
        raise UploadError(
            "the product has no such domain", expected=expected, found=domain.label, place=Place(field="domain")
        )
    if not rules.domains >> domain & 1:
        expected = ", ".join(known.label for known in domains_of(rules.domains)) or "none"
        raise UploadError(
            "the node may not publish this domain",
            expected=expected,
            found=domain.label,
            hint="Governors set a node's domains: `creditchain node show` lists them.",
            place=Place(field="domain"),
        )


_KIND_CHECKS: Mapping[str, Callable[[Any, Rules], None]] = {
    "product": lambda name, rules: _require_product(name, rules) if type(name) is str else None,
    "section": lambda name, rules: (
        _require_section(SECTIONS[name], rules) if type(name) is str and name in SECTIONS else None
    ),
    "domain": lambda name, rules: (
        _require_domain(DOMAINS[name], rules) if type(name) is str and name in DOMAINS else None
    ),
}
