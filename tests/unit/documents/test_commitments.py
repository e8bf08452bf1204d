"""Salts, commitments and leaf hashes against documents.json, and what they bind."""

import pytest

from creditchain.documents import (
    JSON_MEDIA_TYPE,
    DocumentError,
    Domain,
    Section,
    commitment,
    domain_mask,
    domains_of,
    leaf_hash,
    parse_document,
    require_media_type,
    salt,
)
from creditchain.identifiers import subject_tag
from vectors.reading import load

VECTORS = load("documents")
CASES = [*VECTORS["documents"], *VECTORS["files"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_vectors(case: dict) -> None:
    made = salt(VECTORS["batch_secret"], case["tag"], case["content"])
    assert made == case["salt"]
    assert commitment(made, case["media_type"], case["content"]) == case["commitment"]
    assert leaf_hash(case["tag"], case["section"], case["product"], case["commitment"]) == case["leaf"]


@pytest.mark.parametrize("case", VECTORS["documents"], ids=lambda case: case["name"])
def test_from_text_to_leaf(case: dict) -> None:
    document = parse_document(case["text"].encode())
    tag = subject_tag(VECTORS["tag_key"], document.subject)
    committed = commitment(salt(VECTORS["batch_secret"], tag, document.content), JSON_MEDIA_TYPE, document.content)
    assert leaf_hash(tag, document.section, case["product"], committed) == case["leaf"]


def test_media_type_and_content_do_not_run_into_each_other() -> None:
    assert commitment(bytes(32), "text/plain", b"x") != commitment(bytes(32), "text/plainx", b"")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "json",
        "application/",
        "/json",
        "Application/JSON",
        "text/plain; charset=utf-8",
        "a/b\x00",
        "a/b\n",
        "ａ/ｂ",
        "a/b/c",
    ],
)
def test_media_types_that_are_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="media type"):
        require_media_type(text)
    with pytest.raises(DocumentError, match="media type"):
        commitment(bytes(32), text, b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_parts_of_another_length_are_programming_errors(length: int) -> None:
    wrong = bytes(length)
    for call in (
        lambda: salt(wrong, bytes(32), b""),
        lambda: salt(bytes(32), wrong, b""),
        lambda: commitment(wrong, "a/b", b""),
        lambda: leaf_hash(wrong, 0, 1, bytes(32)),
        lambda: leaf_hash(bytes(32), 0, 1, wrong),
    ):
        with pytest.raises(ValueError, match="must be 32 bytes"):
            call()


@pytest.mark.parametrize("section", [-1, 256])
def test_a_section_is_one_byte(section: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        leaf_hash(bytes(32), section, 1, bytes(32))


@pytest.mark.parametrize("product", [-1, 2**32])
def test_a_product_is_four_bytes(product: int) -> None:
    with pytest.raises(OverflowError):
        leaf_hash(bytes(32), 0, product, bytes(32))


def test_domain_masks() -> None:
    assert domain_mask([]) == 0
    assert domain_mask([Domain.DERIVED, Domain.REGISTRY, Domain.REGISTRY]) == 0x8001
    assert domains_of(0x8001) == (Domain.REGISTRY, Domain.DERIVED)
    assert domains_of(domain_mask(Domain)) == tuple(Domain)
    for mask in (-1, 1 << 16):
        with pytest.raises(ValueError, match="name no domain"):
            domains_of(mask)


def test_every_section_and_domain_has_its_number_and_chinese_name() -> None:
    assert [section.value for section in Section] == list(range(7))
    assert [domain.value for domain in Domain] == list(range(16))
    assert [section.zh for section in Section] == [
        "报告",
        "基本信息",
        "经营信息",
        "增信信息",
        "警示信息",
        "资产信息",
        "碳信用",
    ]
    assert Domain.IP.zh == "知识产权"
