"""Checking product files: what they say, their numbers, and whether figures of reports can be computed and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import orjson

from creditchain.catalogue.products import catalogue, check_files
from creditchain.errors import Place
from creditchain.figures import FigureRecord, evaluate
from creditchain.hashing import keccak256
from creditchain.products import Product, ProductError, ProductFileError
from creditchain.sample import Sample
from creditchain.sample.writing import json_lines
from creditchain.vocabulary import Role

#: Records that are made up of each product that a report combines; with one, with some, and with many.
_SAMPLES = (0, 1, 12, 200)
#: The day of the reports that are made up: samples are about the years before it.
_DAY = date(2026, 7, 1)


def check_products(files: Sequence[Path], folders: Sequence[Path] | None = None) -> list[Product]:
    """The products of `files`, in this order. Figures of reports are computed over records that are made up.

    Raises ProductFileError: a file is wrong, or a figure does not fit the schema that is to show it.
    """
    checked = check_files(files, folders)
    known = {one.ref: one for one in [*catalogue(folders), *checked]}
    for file, product in zip(files, checked, strict=True):
        if product.figures is not None:
            _compute(file, product, known)
    return checked


def _compute(file: Path, report: Product, known: Mapping[str, Product]) -> None:
    rules = report.figures
    if rules is None:
        raise TypeError("unreachable")
    for count in _SAMPLES:
        records = [one for ref in report.combines for one in _made_up(known[ref], count)]
        data = evaluate(rules, records, _DAY, report.combines).document()
        try:
            report.validate(_document(report, data))
        except ProductError as error:
            field = (error.place.field if error.place is not None else None) or "data"
            raise ProductFileError(
                f"over {count} sample records of each product, a figure does not fit the schema: {error.message}",
                expected=error.expected,
                found=error.found,
                hint="Clamp it, or let the schema show what it can be.",
                place=Place(str(file), field=field.replace("data.", "figures.", 1)),
            ) from error


def _made_up(product: Product, count: int) -> Iterator[FigureRecord]:
    if count == 0:
        return
    lines = b"".join(json_lines(Sample(product, count, 1))).splitlines()
    for place, line in enumerate(lines):
        value = orjson.loads(line)
        leaf = keccak256(line)
        yield FigureRecord(product.ref, 1, Role.SOURCE, place, leaf, value["as_of"], value["data"])


def _document(report: Product, data: Mapping[str, object]) -> dict[str, object]:
    number = {"USCC": "914403001922038216", "TWUBN": "04595257"}[report.subjects[0]]
    return {
        "product": report.ref,
        "subject": {"scheme": report.subjects[0], "number": number},
        "section": "report",
        "domain": "derived",
        "as_of": _DAY.isoformat(),
        "data": {**data, "hash": "keccak-256", "records": []},
    }
