"""Products: named, versioned kinds of records and reports. Values only; `catalogue` reads the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, date
from enum import StrEnum
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import jsonschema_rs
import orjson

from creditchain.documents import Domain, Section
from creditchain.figures import FigureRules
from creditchain.products.explaining import explain
from creditchain.products.purposes import Purpose
from creditchain.products.schema import UNLIMITED, Schema, compile_schema
from creditchain.products.scorecards import Scorecard
from creditchain.vocabulary import GapReason

#: The shape of a subject's number by scheme; the check digits are `identifiers`' matter.
_NUMBER = {"USCC": "[0-9A-HJ-NPQRTUWXY]{18}", "TWUBN": "[0-9]{8}"}
SCHEMES = tuple(_NUMBER)


class ProductKind(StrEnum):
    """A record holds one fact from one source; a report combines records about one enterprise."""

    RECORD = "record"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Whether a query for this product needs the enterprise's consent, and the legal basis."""

    required: bool
    basis: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long documents of one section are kept and shown.

    `years` after the date at `start` (a dotted path in the document, e.g. `as_of` or `data.ended_on`); None: no limit.
    While the document lacks that date or says `unlimited`, the period has not begun and the document is shown.
    """

    years: int | None
    start: str = "as_of"

    def until(self, document: Mapping[str, Any]) -> date | None:
        """The last day on which the document may be shown; None if there is no limit (yet).

        Total for every date that a schema admits: a limit past the year 9999 is none, and a year 0000, which
        calendars of Python do not have, is long over. Raises ValueError for a text that is no date.
        """
        value: Any = document
        for name in self.start.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if self.years is None or not isinstance(value, str) or value == UNLIMITED:
            return None
        if value.startswith("0000-"):
            return date.min
        begun = date.fromisoformat(value)
        if begun.year + self.years > MAXYEAR:
            return None
        try:
            return begun.replace(year=begun.year + self.years)
        except ValueError:  # 29 February, and the other year has none
            return begun.replace(year=begun.year + self.years, day=28)


@dataclass(frozen=True, eq=False)
class Product:
    """A product file, parsed and checked. `digest`: keccak256 (32 bytes) of the JCS bytes of its content as JSON."""

    name: str
    version: int
    #: Stands for this version of the product in leaves and on chain; no other product of a region has it.
    number: int
    kind: ProductKind
    title: str
    title_zh: str
    subjects: tuple[str, ...]
    sections: tuple[Section, ...]
    domains: tuple[Domain, ...]
    purposes: tuple[Purpose, ...]
    consent: ConsentRule
    retention: Mapping[Section, Retention]
    #: Of `data`; a report's with `hash` and `records`, which its file leaves out.
    schema: Schema
    digest: bytes
    #: For a report: the record products that it combines, with their sections and domains.
    combines: tuple[str, ...] = ()
    combined_sections: tuple[Section, ...] = ()
    combined_domains: tuple[Domain, ...] = ()
    #: For a report: how its figures follow from records; None: all that it says is the issuer's own word.
    figures: FigureRules | None = None
    #: For a report: the scorecards for it that are known here. They are no part of the product, nor of its digest.
    scorecards: tuple[Scorecard, ...] = ()
    #: The file as JSON, for whoever shows or ships it.
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ref(self) -> str:
        """`name/version`, as documents name their product."""
        return f"{self.name}/{self.version}"

    def validate(self, document: Mapping[str, Any]) -> None:
        """Raise ProductError, with the dotted field, at the first part of a whole document that does not fit."""
        for error in self.validator().iter_errors(document):
            raise explain(error)

    def validator(self) -> jsonschema_rs.Draft202012Validator:
        """The compiled `document_schema()`, one a process; `.is_valid(document)` takes about a microsecond."""
        found = _validators.get(self)
        if found is None:
            found = _validators[self] = _compiled(orjson.dumps(self.document_schema()))
        return found

    def document_schema(self) -> dict[str, Any]:
        """The JSON Schema of a whole document of this product: envelope and data (docs/format.md, section 3).

        Covers subject, section, domain and date; check digits are verified elsewhere.
        """
        data = dict(self.schema)
        definitions = data.pop("$defs", None)
        properties = {
            "product": {"const": self.ref},
            "subject": _subject_schema(self.subjects),
            "section": {"enum": [section.label for section in self.sections]},
            "domain": {"enum": [domain.label for domain in self.domains]},
            "as_of": {"type": "string", "format": "date"},
            "data": data,
        }
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.ref, **_closed(properties)}
        return whole if definitions is None else {**whole, "$defs": definitions}


def with_records(data: Schema, combines: tuple[str, ...]) -> dict[str, Any]:
    """A report's schema, extended by what every report has, and by the gaps that it may have.

    Records are named by region, node, product and leaf hash; a gap by the publisher whose part is missing, and why.
    """
    item = {
        "region": {"type": "string", "pattern": "^[A-Z]{2,8}$", "examples": ["JJJ", "YRD", "PRD"]},
        "node": {"type": "integer", "minimum": 1, "maximum": 2**24 - 1},
        "product": {"type": "string", "enum": list(combines)},
        "leaf": {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
    }
    added = {
        "hash": {"type": "string", "const": "keccak-256"},
        "records": {"type": "array", "maxItems": 2000, "items": _closed(item)},
    }
    gap = {
        "node": {"title": "发布节点", "type": "integer", "minimum": 1, "maximum": 2**24 - 1},
        "reason": {"title": "原因", "type": "string", "enum": [one.label for one in GapReason]},
    }
    gaps = {"title": "缺失的发布方", "type": "array", "minItems": 1, "maxItems": 1000, "items": _closed(gap)}
    return {
        **data,
        "properties": {**data["properties"], **added, "gaps": gaps},
        "required": [*data.get("required", []), *added],
    }


def _subject_schema(schemes: tuple[str, ...]) -> dict[str, Any]:
    number = "|".join(_NUMBER[scheme] for scheme in schemes)
    return _closed({"number": {"type": "string", "pattern": f"^({number})$"}, "scheme": {"enum": list(schemes)}})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


#: Of each product that is in use: even writing its schema down takes longer than validating a document. Not kept in the
#: product, which may go to another process.
_validators: WeakKeyDictionary[Product, jsonschema_rs.Draft202012Validator] = WeakKeyDictionary()


@lru_cache(maxsize=256)
def _compiled(document_schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return compile_schema(orjson.loads(document_schema))
