"""Lines accepted in bulk are accepted one by one too, as the same records; good uploads are accepted in bulk."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import PRODUCT, RULES, document, number

from creditchain.batch.accepting.bulk_lines import Lines, line_acceptor
from creditchain.batch.accepting.check_digits import uscc_valid, valid
from creditchain.batch.accepting.rules import Rules, accept_text
from creditchain.batch.accepting.typed_documents import document_type
from creditchain.catalogue.products import catalogue
from creditchain.documents import Domain, domain_mask
from creditchain.errors import InputError
from creditchain.identifiers import IdentifierError, parse_subject
from creditchain.products import Product, ProductKind
from creditchain.sample import Form, Sample, write_sample

#: Reports are not uploaded by the million, and their schemas say more than a type can.
PRODUCTS = {product.ref: product for product in catalogue() if product.kind is ProductKind.RECORD}


def accepted(lines: list[bytes], rules: Rules = RULES) -> list[bool]:
    """Which lines are accepted in bulk; each of them is compared with `accept_text`."""
    acceptor = line_acceptor(rules)
    assert acceptor is not None
    first = acceptor.accept(Lines(b"".join(line + b"\n" for line in lines)))
    for row in first.records.to_pylist():
        plain = accept_text(lines[row.pop("line") - 1], rules)
        assert row == {
            "scheme": plain.scheme,
            "number": plain.number,
            "section": int(plain.section),
            "domain": int(plain.domain),
            "media_type": plain.media_type,
            "content": plain.content,
            "record_id": plain.record_id,
        }
    rest = set(first.rest)
    assert len(rest) + len(first.records) == len(lines)
    return [place not in rest for place in range(len(lines))]


@pytest.mark.parametrize("ref", PRODUCTS)
def test_every_product_has_a_type_and_its_samples_are_accepted(ref: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.jsonl"
    write_sample(Sample(PRODUCTS[ref], 300, 60, 7), path, Form.JSONL)
    lines = path.read_bytes().splitlines()
    assert all(accepted(lines, Rules(PRODUCTS[ref])))
    spaced = [json.dumps(json.loads(line), sort_keys=True).encode() for line in lines]  # blanks, and \u escapes
    assert all(accepted(spaced, Rules(PRODUCTS[ref])))


def mutated(value: Any, draw: random.Random) -> Any:
    """A copy of a JSON value with one thing in it changed."""
    value = copy.deepcopy(value)
    holder, key = None, None
    at = value
    while isinstance(at, dict | list) and at and (holder is None or draw.random() < 0.8):
        holder, key = at, draw.choice(list(at) if isinstance(at, dict) else range(len(at)))
        at = at[key]
    assert holder is not None
    old = holder[key]
    new: list[Any] = [
        None,
        True,
        0,
        -1,
        1.0,
        2**53,
        2**70,
        "",
        "x" * 500,
        [],
        {},
        "2024-02-30",
        "\u2028\x7f\x1f/",
        "例\u202e",
        "A·（）\ue000𠮷\U000e0100",
        "line\nline",
        "9999-12-31",
        "1599-12-31",
        "2199-12-31",
        "𠮷",
        [old],
    ]
    if isinstance(old, str):
        new += [old + "\n", old + " ", old[:-1], old.lower(), "１" + old[1:], old + old, old.replace("0", "1", 1)]
    if isinstance(old, int):
        new += [old + 1, -old, str(old), float(old)]
    if isinstance(holder, dict) and draw.random() < 0.2:
        holder[draw.choice(["", "extra", "as_of", "name"])] = draw.choice(new)
    elif isinstance(holder, dict) and draw.random() < 0.2:
        del holder[key]
    else:
        holder[key] = draw.choice(new)
    return value


@pytest.mark.parametrize("ref", PRODUCTS)
def test_what_was_changed_is_judged_as_the_plain_way_does(ref: str, tmp_path: Path) -> None:
    """`accepted` compares all lines that are accepted in bulk; here no bad line may be among them."""
    path = tmp_path / "sample.jsonl"
    rules = Rules(PRODUCTS[ref])
    write_sample(Sample(PRODUCTS[ref], 40, 10, 3), path, Form.JSONL)
    draw = random.Random(ref)  # noqa: S311
    lines = [
        json.dumps(mutated(json.loads(line), draw), ensure_ascii=draw.random() < 0.3).encode()
        for line in path.read_bytes().splitlines()
        for _ in range(10)
    ]
    for line, bulk in zip(lines, accepted(lines, rules), strict=True):
        if bulk:
            accept_text(line, rules)


TEXTS = {
    "duplicate name": lambda raw: raw[:-1] + b',"section":"basic"}',
    "duplicate of equal value inside": lambda raw: raw.replace(b'"data": {', b'"data": {"type": "limited", '),
    "duplicate by an escape": lambda raw: raw[:-1] + b',"\\u0073ection":"basic"}',
    "duplicate with blanks taken out": lambda raw: (raw[:-1] + b',"section":"basic"}').replace(b": ", b":"),
    "float": lambda raw: raw.replace(b'"capital_fen": 600', b'"capital_fen": 600.0'),
    "exponent": lambda raw: raw.replace(b'"capital_fen": 600', b'"capital_fen": 6e2'),
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "another document behind": lambda raw: raw + raw,
    "torn": lambda raw: raw[:-5],
    "empty": lambda raw: b"",
    "blank": lambda raw: b"  ",
    "wrong encoding": lambda raw: raw.decode().encode("gb18030"),
    "overlong encoding": lambda raw: raw.replace("示例".encode(), b"\xc0\xaf"),
    "encoded surrogate": lambda raw: raw.replace("示例".encode(), b"\xed\xa0\x80"),
    "half a pair": lambda raw: raw.replace("示例".encode(), b"\\ud83d"),
    "control character": lambda raw: raw.replace("示例".encode(), b"a\tb"),
    "null": lambda raw: raw.replace(b'"limited"', b"null"),
    "pattern and a line feed": lambda raw: raw.replace(b'"C3911"', b'"C3911\\n"'),
    "digits of another script": lambda raw: raw.replace(b'"C3911"', '"C３９１１"'.encode()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_decoders_are_lax_about(name: str) -> None:
    raw = json.dumps(document(6), ensure_ascii=False).encode()
    bad = TEXTS[name](raw)
    assert bad != raw
    assert accepted([raw, bad, raw]) == [True, False, True]
    with pytest.raises(InputError):
        accept_text(bad, RULES)


def test_minus_zero_is_zero() -> None:
    raw = json.dumps(document(6), ensure_ascii=False).encode().replace(b'"capital_fen": 600', b'"capital_fen": -0')
    accepted([raw])
    assert b'"capital_fen":0,' in accept_text(raw, RULES).content


def test_domains_of_the_node_count() -> None:
    raw = json.dumps(document(6)).encode()
    assert accepted([raw], Rules(PRODUCT, domain_mask([Domain.REGISTRY, Domain.TAX]))) == [True]
    assert document_type(Rules(PRODUCT, domain_mask([Domain.TAX]))) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^.{2}$"},
        {"type": "string", "pattern": r"^\w+$"},
        {"type": "string", "pattern": "^[^a]$"},
        {"type": "string", "pattern": "^a$|^b$"},
        {"type": "array", "items": {"type": "string", "maxLength": 1}, "maxItems": 3, "uniqueItems": True},
        {"oneOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]},
    ],
)
def test_schemas_that_can_not_be_said_as_a_type_go_the_plain_way(schema: dict[str, Any]) -> None:
    from dataclasses import replace

    changed = {**PRODUCT.schema, "properties": {**PRODUCT.schema["properties"], "name": schema}}
    product: Product = replace(PRODUCT, schema=changed, digest=b"\x09" * 32)
    assert document_type(Rules(product)) is None


def one_valid(scheme: str, text: str) -> bool:
    try:
        parse_subject(scheme, text)
    except IdentifierError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("0123456789ABCXHIOZa壹", min_size=0, max_size=19), max_size=5), st.integers(0, 10**6))
def test_check_digits_of_many(texts: list[str], enterprise: int) -> None:
    right = number(enterprise)
    for place in range(18):
        texts.append(right[:place] + "01XZ"[enterprise % 4] + right[place + 1 :])
    texts.append(right)
    assert valid("USCC", texts).tolist() == [one_valid("USCC", text) for text in texts]
    assert valid("TWUBN", texts).tolist() == [one_valid("TWUBN", text) for text in texts]


def test_check_digits_of_none() -> None:
    import numpy as np

    assert uscc_valid(np.empty((0, 18), dtype=np.uint8)).tolist() == []
