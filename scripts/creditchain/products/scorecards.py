"""Scorecards: how an issuer or a bank makes a score of a report's figures. A file each, known by its digest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.documents import canonical_bytes
from creditchain.errors import Place
from creditchain.figures import FigureError, FigureRules, read_rules
from creditchain.hashing import keccak256
from creditchain.products.errors import ProductFileError
from creditchain.products.figured import misfits
from creditchain.products.members import check_keys, check_plain, line_of, table_of, text_of, whole_of, wrong
from creditchain.products.names import NAME
from creditchain.products.schema import Schema

SCORECARD_FORMAT: Final = "creditchain/scorecard@1"
_KEYS = ("format", "name", "version", "report", "title", "note", "figures")


@dataclass(frozen=True, eq=False)
class Scorecard:
    """A scorecard file, parsed and checked. `digest`: keccak256 (32 bytes) of the JCS bytes of its content as JSON."""

    name: str
    version: int
    report: str  #: the product, by name/version, whose figures it reads
    title: str
    title_zh: str
    note: str  #: where its points come from, and for what they are good
    figures: FigureRules  #: those of the product and, after them, its own
    digest: bytes
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def ref(self) -> str:
        """`name/version`."""
        return f"{self.name}/{self.version}"

    @property
    def model(self) -> dict[str, str]:
        """What a report says of it under `score.model`."""
        return {"name": self.ref, "digest": "0x" + self.digest.hex()}


def parse_scorecard(text: str, ref: str, figures: FigureRules | None, schema: Schema, file: str | None) -> Scorecard:
    """The scorecard that a TOML text describes, for the report product `ref` with these figures and schema of data.

    Raises ProductFileError, with file, line and field.
    """
    try:
        source = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProductFileError(f"not TOML: {error}", place=Place(file)) from error
    try:
        return _scorecard(source, ref, figures, schema)
    except ProductFileError as error:
        name = error.place.field if error.place else None
        error.at(Place(file, line_of(text, name) if name else None))
        raise


def report_of(text: str) -> str | None:
    """The report product that a scorecard's text names; None if it names none."""
    try:
        found = tomllib.loads(text).get("report")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _scorecard(source: Mapping[str, Any], ref: str, figures: FigureRules | None, schema: Schema) -> Scorecard:
    check_plain(source, "")
    check_keys(source, _KEYS, "")
    if source["format"] != SCORECARD_FORMAT:
        raise wrong("format", "not a scorecard", expected=SCORECARD_FORMAT)
    name, version = text_of(source, "name"), whole_of(source, "version", 65535, "not a version")
    if not NAME.fullmatch(name) or len(name) > 56:
        raise wrong("name", "not a name of a scorecard", expected="lower-case words joined by hyphens")
    if source["report"] != ref:
        raise wrong("report", "a scorecard of another report", expected=ref, found=str(source["report"])[:60])
    if figures is None:
        raise wrong("report", "the report has no figures to score", found=ref)
    title = table_of(source, "title", ("en", "zh"))
    try:
        rules = read_rules(source["figures"], {}, figures)
    except FigureError as error:
        inner = error.place.field if error.place is not None else ""
        raise wrong(
            f"figures.{inner}".rstrip("."), error.message, expected=error.expected, found=error.found
        ) from error
    for fault in misfits(rules, schema):
        raise fault
    score = schema.get("properties", {}).get("score", {})
    if "model" not in score.get("properties", {}):
        raise wrong("report", "the report has no place for the scorecard's name", expected="score.model in its schema")
    return Scorecard(
        name=name,
        version=version,
        report=ref,
        title=text_of(title, "en", "title."),
        title_zh=text_of(title, "zh", "title."),
        note=text_of(source, "note"),
        figures=rules,
        digest=keccak256(canonical_bytes(source)),
        source=source,
    )
