"""Samples as files: the same for the same seed, the same documents in every format, nothing half made."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditchain.catalogue.products import catalogue, load_product
from creditchain.documents import canonical_bytes, parse_document
from creditchain.home.files import OutputExistsError, StorageError
from creditchain.products import Product, ProductKind
from creditchain.sample import Form, Sample, SampleError, form_of, write_sample
from creditchain.sample.sampling import CHUNK
from creditchain.sample.writing import json_lines

CATALOGUE = catalogue([])
BASIC = load_product("registry-basic/1", [])
POWER = load_product("power-usage/1", [])
GOLDEN = "12c14b3a03fe56ba6e8f57363449d1695a8cdfb8d95fba9939c06db403e8c7f8"

#: A product with everything that the shipped ones do not have.
ODD = """\
name = "odd"
version = 1
number = 1001
kind = "record"
title = { zh = "怪", en = "Odd" }
subjects = ["TWUBN", "USCC"]
sections = ["basic", "asset"]
domains = ["registry", "ip"]
purposes = ["self_query"]
consent = { required = false, basis = "none" }
retention = { basic = "unlimited", asset = "unlimited" }
[schema]
type = "object"
additionalProperties = false
dependentRequired = { loss = ["quote"] }
[schema.properties]
loss = { type = "integer", minimum = -99, maximum = 50, multipleOf = 7 }
quote = { type = "string", enum = ['a "no"', "comma, comma", "line\\nbreak", "back\\\\slash", "tab\\there", "é𠮷"] }
step = { type = "integer", minimum = 3, maximum = 100, multipleOf = 5 }
grade = { type = "integer", enum = [-1, 0, 1] }
always = { type = "boolean", const = true }
long = { type = "string", minLength = 30, maxLength = 35 }
class = { "$ref" = "#/$defs/class" }
either = { oneOf = [{ type = "integer", minimum = 5, maximum = 9 }, { type = "string", maxLength = 9 }] }
rows = { type = "array", minItems = 2, maxItems = 9, uniqueItems = true, items = { type = "integer", maximum = 40 } }
[schema.properties.nested]
type = "object"
additionalProperties = false
dependentRequired = { a = ["b"], b = ["c"] }
[schema.properties.nested.properties]
a = { type = "boolean" }
b = { "$ref" = "#/$defs/class" }
c = { type = "array", maxItems = 2, items = { "$ref" = "#/$defs/class" } }
[schema."$defs"]
class = { type = "string", pattern = "^[A-Z]{3}$" }
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Product:
    path = tmp_path_factory.mktemp("products") / "odd-1.toml"
    path.write_text(ODD, encoding="utf-8")
    return load_product(path, [])


def text_of(sample: Sample) -> bytes:
    return b"".join(json_lines(sample))


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_documents_parse_and_differ(product: Product) -> None:
    lines = text_of(Sample(product, 300, 9, seed=3)).splitlines()
    parsed = [parse_document(line) for line in lines]
    assert len({document.content for document in parsed}) == 300
    assert len({document.subject for document in parsed}) == 9
    assert {document.section for document in parsed} <= set(product.sections)
    assert {document.subject.scheme for document in parsed} <= set(product.subjects)


def test_odd_products_are_sampled_too(odd: Product) -> None:
    lines = text_of(Sample(odd, 3000, 500, seed=1)).splitlines()
    documents = [orjson.loads(line) for line in lines]
    for document, line in zip(documents, lines, strict=True):
        odd.validate(document)
        parse_document(line)
    assert {document["subject"]["scheme"] for document in documents} == {"USCC", "TWUBN"}
    assert {document["data"].get("quote") for document in documents} >= {'a "no"', "back\\slash", "é𠮷"}
    assert min(document["data"]["loss"] for document in documents if "loss" in document["data"]) < 0


def test_a_seed_gives_the_same_documents_for_ever() -> None:
    # If this changes, benchmarks of before and after are of different inputs: say so in the change log.
    assert hashlib.sha256(text_of(Sample(BASIC, 1000, 100, seed=42))).hexdigest() == GOLDEN


def test_another_seed_gives_others() -> None:
    first, second = (set(text_of(Sample(BASIC, 500, 50, seed=seed)).splitlines()) for seed in (1, 2))
    assert not first & second


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**63 - 1))
@settings(max_examples=40, deadline=None)
def test_every_enterprise_has_a_document_if_there_are_enough(records: int, enterprises: int, seed: int) -> None:
    rows = list(Sample(BASIC, records, enterprises, seed).chunks())
    found = [int(one) for part in rows for one in part.enterprises]
    assert len(found) == records
    assert set(found) == set(range(min(records, enterprises)))


def test_rows_are_made_in_parts_that_continue_each_other() -> None:
    for sample in (Sample(BASIC, 2 * CHUNK + 10, 1000, seed=9), Sample(POWER, None, 900, seed=9)):
        parts = list(sample.chunks())
        assert max(map(len, parts)) <= CHUNK
        assert np.concatenate([part.ordinals for part in parts]).tolist() == list(range(sample.size))
        pairs = {(int(one), int(nth)) for part in parts for one, nth in zip(part.enterprises, part.nth, strict=True)}
        assert len(pairs) == sample.size


@pytest.mark.parametrize("ref", ["registry-basic/1", "customs-trade/1", "judicial-case/1", "five-part-report/1", "odd"])
def test_every_format_holds_the_same_documents(tmp_path: Path, odd: Product, ref: str) -> None:
    product = odd if ref == "odd" else load_product(ref, [])
    sample = Sample(product, 400, 60, seed=4)
    for form in Form:
        write_sample(sample, tmp_path / f"it.{form}", form)
    lines = [orjson.loads(line) for line in (tmp_path / "it.jsonl").read_bytes().splitlines()]
    assert from_csv(product, (tmp_path / "it.csv").read_text(encoding="utf-8")) == lines
    assert from_parquet(product, tmp_path / "it.parquet") == lines


def from_csv(product: Product, text: str) -> list[Any]:
    def typed(name: str, cell: str) -> Any:
        return cell if kind_of(product, name) == "string" else orjson.loads(cell)

    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [document_of(product, {name: typed(name, cell) for name, cell in row.items() if cell}) for row in rows]


def from_parquet(product: Product, path: Path) -> list[Any]:
    rows = pq.read_table(path).to_pylist()
    if list(rows[0]) == ["document"]:
        return [orjson.loads(row["document"]) for row in rows]
    return [document_of(product, {name: cell for name, cell in row.items() if cell is not None}) for row in rows]


def kind_of(product: Product, name: str) -> str:
    field = product.schema["properties"].get(name, {"type": "string"})
    kind = "string" if "$ref" in field else field.get("type", "json")
    return kind if kind in ("string", "integer", "boolean") else "json"


def document_of(product: Product, cells: dict[str, Any]) -> dict[str, Any]:
    return {
        "product": product.ref,
        "subject": {"scheme": cells.pop("subject_scheme"), "number": cells.pop("subject_number")},
        **{name: cells.pop(name) for name in ("section", "domain", "as_of")},
        "data": cells,
    }


def test_several_chunks_are_whole_lines_in_order(tmp_path: Path) -> None:
    count = 2 * CHUNK + 7
    heard: list[int] = []
    product = load_product("utilities-usage/1", [])
    size = write_sample(Sample(product, count, 50, seed=1), tmp_path / "it.jsonl", Form.JSONL, heard.append)
    raw = (tmp_path / "it.jsonl").read_bytes()
    assert len(raw) == size
    assert sum(heard) == count
    serials = [orjson.loads(line)["data"]["record_id"] for line in raw.splitlines()]
    assert len(set(serials)) == count
    assert serials == sorted(serials)


def test_a_line_is_about_as_long_as_a_real_one() -> None:
    for product in CATALOGUE:
        if product.kind is ProductKind.RECORD:
            text = text_of(Sample(product, 500, 50))
            assert 300 < len(canonical_bytes(orjson.loads(text.splitlines()[0]))) < 600
            assert 330 < len(text) / 500 < 520


@pytest.mark.parametrize(
    ("records", "enterprises", "seed"),
    [(0, 1, 0), (1, 0, 0), (1, 31**6 + 1, 0), (1, 1, -1), (1, 1, 2**63), (10**13, 1, 0)],
)
def test_numbers_out_of_range(records: int, enterprises: int, seed: int) -> None:
    with pytest.raises(SampleError, match="out of range"):
        Sample(BASIC, records, enterprises, seed)


def test_there_are_fewer_business_numbers() -> None:
    with pytest.raises(SampleError, match="20,000,000"):
        Sample(load_product("taiwan-registration/1", []), 1, 20_000_001)


def test_a_name_tells_the_format() -> None:
    assert form_of(Path("a.JSONL")) is Form.JSONL
    with pytest.raises(SampleError, match=r"\.jsonl, \.csv, \.parquet"):
        form_of(Path("a.txt"))


def test_nothing_is_left_of_a_sample_that_stopped(tmp_path: Path) -> None:
    path = tmp_path / "it.jsonl"
    path.write_bytes(b"before")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sample(Sample(BASIC, 100, 10), path, Form.JSONL, stop, overwrite=True)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(StorageError):
        write_sample(Sample(BASIC, 10, 10), tmp_path / "file" / "it.jsonl", Form.JSONL)


def test_a_file_that_somebody_made_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "it.jsonl"
    path.write_bytes(b"theirs")
    with pytest.raises(OutputExistsError):
        write_sample(Sample(BASIC, 10, 10), path, Form.JSONL)
    assert path.read_bytes() == b"theirs"
