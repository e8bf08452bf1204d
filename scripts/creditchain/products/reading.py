"""Parse product files strictly: anything unknown or unfit is an error with file, line and field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from creditchain.documents import Domain, Section, canonical_bytes
from creditchain.errors import Place
from creditchain.hashing import keccak256
from creditchain.products.dates import is_date
from creditchain.products.errors import ProductFileError
from creditchain.products.figured import read_figures
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
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RESERVED = ("hash", "records")
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


def line_of(text: str, field: str) -> int | None:
    """The line of a TOML text that sets the dotted `field`, or the innermost table around it that has a line."""
    table: tuple[str, ...] = ()
    wanted = tuple(field.split("."))
    best, best_depth = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]+\s*(#.*)?$", line):
            path = table = _dotted(header.group(1))
        elif assignment := re.match(r"\s*([A-Za-z0-9_\-.\"'$]+)\s*=", line):
            path = (*table, *_dotted(assignment.group(1)))
        else:
            continue
        if path == wanted[: len(path)] and len(path) > best_depth:
            best, best_depth = number, len(path)
    return best


def _dotted(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def _product(source: Mapping[str, Any], resolver: Resolver) -> Product:
    _check_plain(source, "")
    name = _text(source, "name")
    if not _NAME.fullmatch(name) or len(name) > 56:
        raise _wrong("name", "not a product name", expected="lower-case words joined by hyphens, at most 56 characters")
    version = _whole(source, "version", 65535, "not a version")
    number = _whole(source, "number", _MAX_NUMBER, "not the number of a product")
    kind = _kind(source)
    keys = (*_KEYS, "combines") if kind is ProductKind.REPORT else _KEYS
    _check_keys(source, keys, "", optional=("figures",) if kind is ProductKind.REPORT else ())
    title = _table(source, "title", ("en", "zh"))
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
        title=_text(title, "en", "title."),
        title_zh=_text(title, "zh", "title."),
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
        figures=read_figures(source["figures"], combined, schema) if "figures" in source else None,
        source=source,
    )


def _check_plain(value: object, field: str) -> None:
    """Refuse kinds of values that TOML has and our documents have not."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_plain(inner, f"{field}.{key}" if field else key)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(inner, field)
    elif not isinstance(value, str | int):
        kind = "number with a fraction" if isinstance(value, float) else "date or time (write it as a string)"
        raise _wrong(field, f"a {kind} has no place in a product file")


def _kind(source: Mapping[str, Any]) -> ProductKind:
    try:
        return ProductKind(_text(source, "kind"))
    except ValueError as error:
        raise _wrong(
            "kind", "not a kind of product", expected=", ".join(ProductKind), found=str(source["kind"])
        ) from error


def _check_kind(kind: ProductKind, sections: tuple[Section, ...]) -> None:
    if (kind is ProductKind.REPORT) != (sections == (Section.REPORT,)):
        raise _wrong("sections", "a report has the section report and no other, a record never has it")


def _check_reserved(kind: ProductKind, schema: Mapping[str, Any]) -> None:
    for name in _RESERVED if kind is ProductKind.REPORT else ():
        if name in schema["properties"]:
            raise _wrong(f"schema.properties.{name}", "every report has this field already; leave it out")


def _combined(source: Mapping[str, Any], subjects: tuple[str, ...], resolver: Resolver) -> tuple[Product, ...]:
    products = []
    for ref in _texts(source, "combines"):
        try:
            product = resolver(ref)
        except ProductFileError as error:
            raise _wrong("combines", f"no usable product {ref!r}: {error}") from error
        if product.kind is not ProductKind.RECORD:
            raise _wrong("combines", "a report combines records", found=f"{ref}, a {product.kind}")
        if not set(subjects) <= set(product.subjects):
            raise _wrong(
                "combines", f"{ref} has other subjects", expected=", ".join(subjects), found=", ".join(product.subjects)
            )
        products.append(product)
    return tuple(products)


def _consent(source: Mapping[str, Any], domains: tuple[Domain, ...], combined: tuple[Product, ...]) -> ConsentRule:
    table = _table(source, "consent", ("required", "basis"))
    required = table["required"]
    if not isinstance(required, bool):
        raise _wrong("consent.required", "not true or false")
    if not required and _CONSENT_BY_LAW & set(domains):
        raise _wrong(
            "consent.required",
            "credit information needs consent (Regulation on Credit Reporting, art. 29)",
            expected="true",
        )
    for product in combined:
        if product.consent.required and not required:
            raise _wrong(
                "consent.required", f"{product.ref}, which this report combines, needs consent", expected="true"
            )
    return ConsentRule(required, _text(table, "basis", "consent."))


def _purposes(source: Mapping[str, Any], combined: tuple[Product, ...]) -> tuple[Purpose, ...]:
    """A report may be used only for purposes that all its records allow (Regulation, art. 20)."""
    purposes = _named(source, "purposes", Purpose)
    for product in combined:
        if beyond := [purpose.label for purpose in purposes if purpose not in product.purposes]:
            raise _wrong("purposes", f"{product.ref}, which this report combines, is not for", found=", ".join(beyond))
    return purposes


def _retention(
    source: Mapping[str, Any], sections: tuple[Section, ...], schema: Mapping[str, Any]
) -> dict[Section, Retention]:
    names = tuple(section.label for section in sections)
    tables = _table(source, "retention", names)
    return {section: _one_retention(tables, name, schema) for section, name in zip(sections, names, strict=True)}


def _one_retention(tables: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Retention:
    field = f"retention.{name}"
    if tables[name] == "unlimited":
        return Retention(None)
    table = _table(tables, name, ("years", "from"), "retention.", form='"unlimited", or a table with years and from')
    years, start = table["years"], _text(table, "from", f"{field}.")
    if type(years) is not int or not 1 <= years <= 100:
        raise _wrong(f"{field}.years", "not a number of years", expected="1 to 100")
    if start != "as_of" and not _is_date(schema, start):
        raise _wrong(
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
    schemes = _texts(source, "subjects")
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise _wrong("subjects", "not a scheme of subjects", expected=", ".join(SCHEMES), found=scheme)
    return schemes


def _named(source: Mapping[str, Any], key: str, names: type[_Named]) -> tuple[_Named, ...]:
    known = {member.label: member for member in names}
    found = []
    for name in _texts(source, key):
        if name not in known:
            raise _wrong(key, f"not the name of a {names.__name__.lower()}", expected=", ".join(known), found=name)
        found.append(known[name])
    return tuple(found)


def _texts(source: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = source.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise _wrong(key, "not a list of names" if key in source else "a key is missing", expected="a list, not empty")
    if len(set(values)) != len(values):
        raise _wrong(key, "a name is listed twice")
    return tuple(values)


def _whole(source: Mapping[str, Any], key: str, most: int, wrong: str) -> int:
    value = source.get(key)
    if type(value) is not int or not 1 <= value <= most:
        expected = f"a whole number from 1 to {most}"
        raise _wrong(key, wrong if key in source else "a key is missing", expected=expected)
    return value


def _text(source: Mapping[str, Any], key: str, above: str = "") -> str:
    value = source.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(above + key, "not text" if key in source else "a key is missing", expected="text, not empty")
    return value


def _table(
    source: Mapping[str, Any], key: str, keys: tuple[str, ...], above: str = "", form: str | None = None
) -> Mapping[str, Any]:
    table = source.get(key)
    expected = form or f"a table with {', '.join(keys)}"
    if not isinstance(table, Mapping):
        raise _wrong(above + key, "not a table" if key in source else "a key is missing", expected=expected)
    _check_keys(table, keys, f"{above}{key}.")
    return table


def _check_keys(table: Mapping[str, Any], keys: tuple[str, ...], above: str, optional: tuple[str, ...] = ()) -> None:
    for key in table:
        if key not in keys and key not in optional:
            raise _wrong(above + key, "a key that is not known here", expected=", ".join((*keys, *optional)))
    for key in keys:
        if key not in table:
            raise _wrong(above + key, "a key is missing")


def _wrong(field: str, message: str, *, expected: str | None = None, found: str | None = None) -> ProductFileError:
    return ProductFileError(message, expected=expected, found=found, place=Place(field=field))
