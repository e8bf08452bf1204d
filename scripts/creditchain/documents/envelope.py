"""The envelope of a JSON document: who, what kind, from where, of which day (docs/format.md section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, TypeVar

from creditchain.documents.canonical import JsonObject, member_path
from creditchain.documents.errors import DocumentError
from creditchain.documents.kinds import DOMAINS, SECTIONS, Domain, Section
from creditchain.documents.limits import DOCUMENT_LIMITS, JsonLimits
from creditchain.documents.strict_json import read_json
from creditchain.errors import InputError, Place
from creditchain.identifiers import IdentifierError, Subject, well_formed_subject

_MEMBERS = frozenset(("product", "subject", "section", "domain", "as_of", "data"))
_SUBJECT_MEMBERS = frozenset(("scheme", "number"))
_PRODUCT = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[1-9][0-9]{0,5}", re.ASCII)
_PRODUCT_LENGTH = 64
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_Name = TypeVar("_Name", bound=IntEnum)

#: What was parsed, by its text, while `parsed_once` lasts.
_parsed: ContextVar[dict[bytes, Document] | None] = ContextVar("parsed documents", default=None)


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document, checked. What tells of the enterprise stays out of `repr`."""

    product: str  #: "name/version"
    subject: Subject
    section: Section
    domain: Domain
    as_of: date
    value: JsonObject = field(repr=False)  #: the whole object, envelope and `data`
    content: bytes = field(repr=False)  #: its canonical bytes (RFC 8785)


def parse_document(raw: bytes, limits: JsonLimits = DOCUMENT_LIMITS) -> Document:
    """The document in a JSON text, canonical or not. The product's schema and check digits are not checked here.

    Raises DocumentError, or IdentifierError for the subject, with the dotted field in `place`.
    """
    known = _parsed.get() if limits is DOCUMENT_LIMITS else None
    if known is not None and raw in known:
        return known[raw]
    found = document_of(*read_json(raw, limits))
    if known is not None:
        known[raw] = found
    return found


@contextmanager
def parsed_once() -> Iterator[None]:
    """While this lasts, the same text is parsed once, and everybody gets the same document, which nobody may change.

    A report has its records assembled, evaluated and verified, each time from their texts. Nothing is kept afterwards.
    """
    before = _parsed.set({})
    try:
        yield
    finally:
        _parsed.reset(before)


def document_of(value: JsonObject, content: bytes) -> Document:
    """The document of an object already read; `content` must be its canonical bytes. Raises as `parse_document`."""
    if value.keys() != _MEMBERS:
        raise _wrong_members(value, _MEMBERS, "")
    _data(value["data"])
    return Document(
        product=_product(value["product"]),
        subject=_subject(value["subject"]),
        section=_named(SECTIONS, value["section"], "section"),
        domain=_named(DOMAINS, value["domain"], "domain"),
        as_of=_date(value["as_of"]),
        value=value,
        content=content,
    )


def envelope_faults(value: JsonObject) -> list[InputError]:
    """All that is wrong with the envelope of an object, each fault with its field; the empty list if nothing is."""
    faults: list[InputError] = [
        _member_fault(each, "missing", "it present") for each in sorted(_MEMBERS - value.keys())
    ]
    faults += [
        _member_fault(each, "has no place here", ", ".join(sorted(_MEMBERS)))
        for each in sorted(value.keys() - _MEMBERS)
    ]
    for name, check in _CHECKS.items():
        if name in value:
            try:
                check(value[name])
            except InputError as error:
                faults.append(error)
    return faults


def _member_fault(name: str, message: str, expected: str) -> DocumentError:
    return _fault(member_path("", name), message, expected)


def _product(value: Any) -> str:
    if type(value) is not str or len(value) > _PRODUCT_LENGTH or not _PRODUCT.fullmatch(value):
        raise _fault(
            "product",
            "not the name and version of a product",
            f"name/version, such as registry-basic/1, at most {_PRODUCT_LENGTH} characters",
        )
    return value


def _subject(value: Any) -> Subject:
    if type(value) is not dict:
        raise _fault("subject", "not an object", '{"number": ..., "scheme": ...}')
    if value.keys() != _SUBJECT_MEMBERS:
        raise _wrong_members(value, _SUBJECT_MEMBERS, "subject")
    for name in sorted(_SUBJECT_MEMBERS):
        if type(value[name]) is not str:
            raise _fault(f"subject.{name}", "not a text", "text")
    try:
        return well_formed_subject(value["scheme"], value["number"])
    except IdentifierError as error:
        within = error.place.field if error.place and error.place.field else "number"
        error.place = Place(field=f"subject.{within}")
        raise


def _named(names: Mapping[str, _Name], value: Any, name: str) -> _Name:
    found = names.get(value) if type(value) is str else None
    if found is None:
        raise _fault(name, f"not the name of a {name}", ", ".join(names))
    return found


def _data(value: Any) -> None:
    if type(value) is not dict:
        raise _fault("data", "not an object", "an object")


def _date(value: Any) -> date:
    if type(value) is str and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _fault("as_of", "not a day of the calendar", "a date such as 2023-05-05")


def _wrong_members(value: Mapping[str, Any], members: Iterable[str], path: str) -> DocumentError:
    for name in sorted(members):
        if name not in value:
            return _fault(member_path(path, name), "missing", "it present")
    extra = sorted(set(value) - set(members))[0]
    return _fault(member_path(path, extra), "has no place here", ", ".join(sorted(members)))


def _fault(name: str, message: str, expected: str) -> DocumentError:
    return DocumentError(message, expected=expected, place=Place(field=name))


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "product": _product,
    "subject": _subject,
    "section": lambda value: _named(SECTIONS, value, "section"),
    "domain": lambda value: _named(DOMAINS, value, "domain"),
    "as_of": _date,
    "data": _data,
}
