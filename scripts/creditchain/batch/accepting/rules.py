"""Is this a record that may stand in the batch? Pure: a text or a value in, a Record or one clear error out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from creditchain.batch.errors import UploadError
from creditchain.batch.records import RECORD_ID, Record
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
    text_faults,
)
from creditchain.errors import InputError, Place
from creditchain.identifiers import IdentifierError, Subject, parse_subject
from creditchain.products import Product
from creditchain.products.dates import FIRST_DAY, LAST_DAY, date_faults, day_out_of_range
from creditchain.products.schema import resolve

#: What a product's name and version look like.
_REF = re.compile(r"[a-z][a-z-]{0,55}/[0-9]{1,4}")
_CHINA = timezone(timedelta(hours=8))

#: Every domain there is.
ALL_DOMAINS = (1 << len(Domain)) - 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a batch may hold: documents of one product, in the domains its node may publish (a mask).

    `latest` is the last day that a document may be about (`as_of`): the day of anchoring, in China's time. Without
    it only the bounds of every date hold. `exceptions` are digests of numbers whose check digits may fail.
    """

    product: Product
    domains: int = ALL_DOMAINS
    latest: date | None = None
    exceptions: frozenset[bytes] = frozenset()

    @property
    def last_day(self) -> str:
        """The last day that a document may be about, as a text."""
        return LAST_DAY if self.latest is None else min(LAST_DAY, self.latest.isoformat())


def day_in_china(seconds: float) -> date:
    """The day that it is in China (UTC+8, without summer time) at a unix time."""
    return datetime.fromtimestamp(seconds, _CHINA).date()


@dataclass(frozen=True, slots=True)
class RulesKey:
    """Rules to remember something by: keys are equal if their rules say the same."""

    digest: bytes
    domains: int
    last_day: str
    rules: Rules = field(compare=False)

    @classmethod
    def of(cls, rules: Rules) -> RulesKey:
        """The key of rules."""
        return cls(rules.product.digest, rules.domains & ALL_DOMAINS, rules.last_day, rules)


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
    for fault in plausibility_faults(document.value, rules):
        raise fault
    subject, record_id = document.subject, document.value["data"].get(RECORD_ID)
    return Record(
        scheme=subject.scheme,
        number=subject.number,
        section=document.section,
        domain=document.domain,
        media_type=JSON_MEDIA_TYPE,
        content=document.content,
        record_id=record_id if has_record_id(rules.product) else None,
    )


def has_record_id(product: Product) -> bool:
    """Whether every record of the product says under which number its source keeps it."""
    field = resolve(product.schema["properties"].get(RECORD_ID, {}), product.schema.get("$defs", {}))
    return RECORD_ID in product.schema.get("required", ()) and field.get("type") == "string"


def plausibility_faults(value: JsonObject, rules: Rules) -> Iterator[InputError]:
    """What the schema cannot say about a document: check digits, characters and days that cannot be right.

    Of a document that breaks the format or the schema, the parts that fit are judged.
    """
    yield from _number_faults(value.get("subject"), rules)
    yield from text_faults(value)
    data, day = value.get("data"), value.get("as_of")
    if isinstance(data, dict):
        yield from date_faults(rules.product.schema, data)
    if not isinstance(day, str):
        return
    if not FIRST_DAY <= day <= LAST_DAY:
        yield day_out_of_range("as_of", day)
    elif day > rules.last_day:
        yield UploadError(
            "a document about a day that has not come yet",
            expected=f"a day up to the day of anchoring, {rules.last_day}",
            hint="`as_of` is the day for which the source states the fact.",
            place=Place(field="as_of"),
        )


def _number_faults(subject: Any, rules: Rules) -> Iterator[InputError]:
    """What is wrong with a subject's number, if it is one at all."""
    if not isinstance(subject, dict) or not all(isinstance(subject.get(name), str) for name in ("scheme", "number")):
        return
    try:
        parse_subject(subject["scheme"], subject["number"], rules.exceptions)
    except IdentifierError as error:
        error.place = Place(field="subject.number")
        yield error


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
        found = product if _REF.fullmatch(product) else None  # it may be anything
        raise UploadError(
            "a document of another product", expected=rules.product.ref, found=found, place=Place(field="product")
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
