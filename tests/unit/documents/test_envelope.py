"""The envelope of documents: every member, each with its own error."""

import datetime
import json
from typing import Any

import pytest

from creditchain.documents import Document, DocumentError, Domain, Section, document_of, parse_document
from creditchain.errors import InputError
from creditchain.identifiers import IdentifierError, parse_uscc

NUMBER = "914403001922038216"
GOOD: dict[str, Any] = {
    "product": "registry-basic/1",
    "subject": {"scheme": "USCC", "number": NUMBER},
    "section": "basic",
    "domain": "registry",
    "as_of": "2024-02-29",
    "data": {"name": "示例"},
}


def _raw(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not ...}).encode()


def test_a_good_document() -> None:
    document = parse_document(_raw())
    canonical = json.dumps(GOOD, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert document == Document(
        product="registry-basic/1",
        subject=parse_uscc(NUMBER),
        section=Section.BASIC,
        domain=Domain.REGISTRY,
        as_of=datetime.date(2024, 2, 29),
        value=GOOD,
        content=canonical,
    )
    assert parse_document(canonical) == document


@pytest.mark.parametrize("section", Section)
@pytest.mark.parametrize("domain", Domain)
def test_every_section_and_domain(section: Section, domain: Domain) -> None:
    document = parse_document(_raw(section=section.label, domain=domain.label))
    assert (document.section, document.domain) == (section, domain)


@pytest.mark.parametrize(
    ("changes", "field", "fault"),
    [
        *(({name: ...}, name, "missing") for name in GOOD),
        ({"more": 1}, "more", "no place here"),
        ({NUMBER: 1}, "(name)", "no place here"),
        ({"product": "basic"}, "product", "name and version"),
        ({"product": "a" * 63 + "/1"}, "product", "at most 64"),
        ({"product": 1}, "product", "name and version"),
        ({"subject": NUMBER}, "subject", "not an object"),
        ({"subject": {"scheme": "USCC"}}, "subject.number", "missing"),
        ({"subject": {"number": NUMBER}}, "subject.scheme", "missing"),
        ({"subject": {"scheme": "USCC", "number": NUMBER, "name": "x"}}, "subject.name", "no place here"),
        ({"subject": {"scheme": "USCC", "number": 1}}, "subject.number", "not a text"),
        ({"subject": {"scheme": None, "number": NUMBER}}, "subject.scheme", "not a text"),
        ({"subject": {"scheme": "VAT", "number": NUMBER}}, "subject.scheme", "not known"),
        ({"subject": {"scheme": "USCC", "number": NUMBER[:-1] + "I"}}, "subject.number", "do not belong"),
        ({"section": "Basic"}, "section", "report, basic, operating"),
        ({"section": ["basic"]}, "section", "not the name"),
        ({"domain": 0}, "domain", "registry, judicial"),
        ({"as_of": "2023-02-29"}, "as_of", "calendar"),
        ({"as_of": "20240229"}, "as_of", "calendar"),
        ({"as_of": 20240229}, "as_of", "calendar"),
        ({"data": []}, "data", "not an object"),
    ],
    ids=str,
)
def test_a_wrong_member_is_named(changes: dict[str, Any], field: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as caught:
        parse_document(_raw(**changes))
    assert caught.value.place
    assert caught.value.place.field == field
    assert NUMBER not in str(caught.value)


def test_the_two_kinds_of_error() -> None:
    with pytest.raises(IdentifierError):
        parse_document(_raw(subject={"scheme": "USCC", "number": "1"}))
    with pytest.raises(DocumentError):
        parse_document(_raw(section="x"))


def test_a_document_shows_nothing_of_its_enterprise() -> None:
    shown = repr(parse_document(_raw()))
    assert NUMBER not in shown
    assert "示例" not in shown


def test_document_of_takes_what_read_json_gives() -> None:
    assert document_of(GOOD, b"{}").content == b"{}"
