"""Parse product files strictly: anything unknown or unfit is an error with file, line and field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from creditchain.documents import Domain, Section, canonical_bytes
from creditchain.errors import Place
from creditchain.figures import FigureRules
from creditchain.hashing import keccak256
from creditchain.products.dates import is_date
from creditchain.products.errors import ProductFileError
from creditchain.products.figured import read_figures
from creditchain.products.members import check_keys, check_plain, line_of, table_of, text_of, texts_of, whole_of, wrong
from creditchain.products.names import NAME
from creditchain.products.product import SCHEMES, ConsentRule, Product, ProductKind, Retention, with_records
from creditchain.products.purposes import Purpose
from creditchain.products.schema import check_schema, resolve

#: Finds a product by `name/version`, or raises ProductFileError.
Resolver = Callable[[str], Product]

_KEYS = (
    *("name", "version", "number", "kind", "title", "subjects", "sections", "domains", "purposes"),
    *("consent", "retention", "schema"),
)
_MAX_NUMBER = 2**32 - 1
_RESERVED = ("hash", "records", "gaps")
#: Domains that hold credit information 信贷信息: Regulation on Credit Reporting, art. 29 and 40(3).
_CONSENT_BY_LAW = frozenset({Domain.CREDIT})

_Named = TypeVar("_Named", Section, Domain, Purpose)


def parse_product(text: str, resolver: Resolver, file: str | None = None) -> Product:
    """The product that a TOML text describes.

    `resolver` finds the record products that a report combines; `file` is only for the place in errors.
    Raises ProductFileError.
    """
    try:
        source = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        line = re.search(r"line (\d+)", str(error))
        raise ProductFileError(f"not TOML: {error}", place=Place(file, int(line.group(1)) if line else None)) from error
    try:
        return _product(source, resolver)
    except ProductFileError as error:
        field = error.place.field if error.place else None
        error.at(Place(file, line_of(text, field) if field else None))
        raise


def _product(source: Mapping[str, Any], resolver: Resolver) -> Product:
    check_plain(source, "")
    name = text_of(source, "name")
    if not NAME.fullmatch(name) or len(name) > 56:
        raise wrong("name", "not a product name", expected="lower-case words joined by hyphens, at most 56 characters")
    version = whole_of(source, "version", 65535, "not a version")
    number = whole_of(source, "number", _MAX_NUMBER, "not the number of a product")
    kind = _kind(source)
    keys = (*_KEYS, "combines") if kind is ProductKind.REPORT else _KEYS
    check_keys(source, keys, "", optional=("figures",) if kind is ProductKind.REPORT else ())
    title = table_of(source, "title", ("en", "zh"))
    sections = _named(source, "sections", Section)
    domains = _named(source, "domains", Domain)
    subjects = _subjects(source)
    combined = _combined(source, subjects, resolver) if kind is ProductKind.REPORT else ()
    consent = _consent(source, domains, combined)
    purposes = _purposes(source, combined)
    _check_kind(kind, sections)
    schema = source["schema"]
    check_schema(schema)
    _check_reserved(kind, schema)
    refs = tuple(product.ref for product in combined)
    return Product(
        name=name,
        version=version,
        number=number,
        kind=kind,
        title=text_of(title, "en", "title."),
        title_zh=text_of(title, "zh", "title."),
        subjects=subjects,
        sections=sections,
        domains=domains,
        purposes=purposes,
        consent=consent,
        retention=_retention(source, sections, schema),
        schema=with_records(schema, refs) if kind is ProductKind.REPORT else schema,
        digest=keccak256(canonical_bytes(source)),
        combines=refs,
        combined_sections=tuple(sorted({section for product in combined for section in product.sections})),
        combined_domains=tuple(sorted({domain for product in combined for domain in product.domains})),
        figures=_figures(source, combined, schema),
        source=source,
    )


def _figures(source: Mapping[str, Any], combined: tuple[Product, ...], schema: Mapping[str, Any]) -> FigureRules | None:
    if "figures" not in source:
        return None
    return read_figures(source["figures"], {one.ref: one.schema for one in combined}, schema)


def _kind(source: Mapping[str, Any]) -> ProductKind:
    try:
        return ProductKind(text_of(source, "kind"))
    except ValueError as error:
        raise wrong(
            "kind", "not a kind of product", expected=", ".join(ProductKind), found=str(source["kind"])
        ) from error


def _check_kind(kind: ProductKind, sections: tuple[Section, ...]) -> None:
    if (kind is ProductKind.REPORT) != (sections == (Section.REPORT,)):
        raise wrong("sections", "a report has the section report and no other, a record never has it")


def _check_reserved(kind: ProductKind, schema: Mapping[str, Any]) -> None:
    for name in _RESERVED if kind is ProductKind.REPORT else ():
        if name in schema["properties"]:
            raise wrong(f"schema.properties.{name}", "every report has this field already; leave it out")


def _combined(source: Mapping[str, Any], subjects: tuple[str, ...], resolver: Resolver) -> tuple[Product, ...]:
    products = []
    for ref in texts_of(source, "combines"):
        try:
            product = resolver(ref)
        except ProductFileError as error:
            raise wrong("combines", f"no usable product {ref!r}: {error}") from error
        if product.kind is not ProductKind.RECORD:
            raise wrong("combines", "a report combines records", found=f"{ref}, a {product.kind}")
        if not set(subjects) <= set(product.subjects):
            raise wrong(
                "combines", f"{ref} has other subjects", expected=", ".join(subjects), found=", ".join(product.subjects)
            )
        products.append(product)
    return tuple(products)


def _consent(source: Mapping[str, Any], domains: tuple[Domain, ...], combined: tuple[Product, ...]) -> ConsentRule:
    table = table_of(source, "consent", ("required", "basis"))
    required = table["required"]
    if not isinstance(required, bool):
        raise wrong("consent.required", "not true or false")
    if not required and _CONSENT_BY_LAW & set(domains):
        raise wrong(
            "consent.required",
            "credit information needs consent (Regulation on Credit Reporting, art. 29)",
            expected="true",
        )
    for product in combined:
        if product.consent.required and not required:
            raise wrong(
                "consent.required", f"{product.ref}, which this report combines, needs consent", expected="true"
            )
    return ConsentRule(required, text_of(table, "basis", "consent."))


def _purposes(source: Mapping[str, Any], combined: tuple[Product, ...]) -> tuple[Purpose, ...]:
    """A report may be used only for purposes that all its records allow (Regulation, art. 20)."""
    purposes = _named(source, "purposes", Purpose)
    for product in combined:
        if beyond := [purpose.label for purpose in purposes if purpose not in product.purposes]:
            raise wrong("purposes", f"{product.ref}, which this report combines, is not for", found=", ".join(beyond))
    return purposes


def _retention(
    source: Mapping[str, Any], sections: tuple[Section, ...], schema: Mapping[str, Any]
) -> dict[Section, Retention]:
    names = tuple(section.label for section in sections)
    tables = table_of(source, "retention", names)
    return {section: _one_retention(tables, name, schema) for section, name in zip(sections, names, strict=True)}


def _one_retention(tables: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Retention:
    field = f"retention.{name}"
    if tables[name] == "unlimited":
        return Retention(None)
    table = table_of(tables, name, ("years", "from"), "retention.", form='"unlimited", or a table with years and from')
    years, start = table["years"], text_of(table, "from", f"{field}.")
    if type(years) is not int or not 1 <= years <= 100:
        raise wrong(f"{field}.years", "not a number of years", expected="1 to 100")
    if start != "as_of" and not _is_date(schema, start):
        raise wrong(
            f"{field}.from", "not a date of the document", expected="as_of, or data.FIELD with format date", found=start
        )
    return Retention(years, start)


def _is_date(schema: Mapping[str, Any], path: str) -> bool:
    first, *names = path.split(".")
    found: Mapping[str, Any] = schema
    for name in names:
        found = resolve(found.get("properties", {}).get(name, {}), schema.get("$defs", {}))
    return first == "data" and is_date(found)


def _subjects(source: Mapping[str, Any]) -> tuple[str, ...]:
    schemes = texts_of(source, "subjects")
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise wrong("subjects", "not a scheme of subjects", expected=", ".join(SCHEMES), found=scheme)
    return schemes


def _named(source: Mapping[str, Any], key: str, names: type[_Named]) -> tuple[_Named, ...]:
    known = {member.label: member for member in names}
    found = []
    for name in texts_of(source, key):
        if name not in known:
            raise wrong(key, f"not the name of a {names.__name__.lower()}", expected=", ".join(known), found=name)
        found.append(known[name])
    return tuple(found)
