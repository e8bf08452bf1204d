"""The shipped products, folders of one's own, and how products are found."""

from __future__ import annotations

import os
import pickle
from datetime import date
from pathlib import Path

import pytest

from creditchain.catalogue.products import catalogue, load_product
from creditchain.documents import Domain, Section
from creditchain.errors import UnavailableError
from creditchain.products import Product, ProductFileError, ProductKind, Purpose, Retention
from vectors.reading import load

CATALOGUE = catalogue([])
SHIPPED = Path(__file__).resolve().parents[3] / "scripts" / "creditchain" / "data" / "products"
POWER = (SHIPPED / "power-usage-1.toml").read_text(encoding="utf-8")
OWN = POWER.replace('"power-usage"', '"heat-usage"').replace("number = 15", "number = 1015")


def test_every_section_and_domain_has_a_product() -> None:
    assert {section for product in CATALOGUE for section in product.sections} == set(Section)
    assert {domain for product in CATALOGUE for domain in product.domains} == set(Domain)


def test_digests_are_those_of_the_vectors() -> None:
    # A digest stands in the log for ever: whoever changes a shipped product makes a new version of it.
    vectors = {case["product"]: (case["number"], case["digest"]) for case in load("products")["digests"]}
    assert {product.ref: (product.number, product.digest) for product in CATALOGUE} == vectors


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_a_product_is_found_by_its_reference_and_survives_a_process_border(product: Product) -> None:
    assert load_product(product.ref, []).digest == product.digest
    copy = pickle.loads(pickle.dumps(product))  # noqa: S301
    assert copy.digest == product.digest
    assert copy.document_schema() == product.document_schema()


@pytest.mark.parametrize("product", CATALOGUE, ids=lambda product: product.ref)
def test_whoever_has_the_chinese_name_reads_every_field(product: Product) -> None:
    fields = [field for name, field in product.schema["properties"].items() if name not in ("hash", "records")]
    assert all(field["title"] for field in fields)


def test_credit_data_need_consent_and_public_data_do_not() -> None:
    public = {Domain.REGISTRY, Domain.JUDICIAL, Domain.ADMINISTRATIVE}
    for product in CATALOGUE:
        if Domain.CREDIT in (*product.domains, *product.combined_domains):
            assert product.consent.required
        if set(product.domains) <= public:
            assert not product.consent.required


def test_a_report_knows_what_it_combines() -> None:
    report = load_product("working-capital-report/1", [])
    assert report.kind is ProductKind.REPORT
    assert report.combined_domains == (Domain.REGISTRY, Domain.POWER, Domain.TAX)
    assert report.combined_sections == (Section.BASIC, Section.OPERATING)
    assert report.schema["properties"]["records"]["items"]["properties"]["product"]["enum"] == list(report.combines)


def test_the_taiwan_report_is_about_business_numbers() -> None:
    assert load_product("taiwan-enterprise-report/1", []).subjects == ("TWUBN",)


def test_purpose_codes_are_those_of_the_documentation() -> None:
    text = (SHIPPED.parents[3] / "docs" / "products.md").read_text(encoding="utf-8")
    for purpose in Purpose:
        assert f"| {purpose.value} | `{purpose.label}` | {purpose.zh} |" in text


def test_the_documentation_lists_every_product() -> None:
    text = (SHIPPED.parents[3] / "docs" / "products.md").read_text(encoding="utf-8")
    for product in CATALOGUE:
        assert f"| `{product.ref}` | {product.title_zh} | {product.number} |" in text


@pytest.mark.parametrize(
    ("rule", "document", "until"),
    [
        (Retention(None), {"as_of": "2024-01-31"}, None),
        (Retention(5), {"as_of": "2024-01-31"}, date(2029, 1, 31)),
        (Retention(5), {"as_of": "2024-02-29"}, date(2029, 2, 28)),
        (Retention(4), {"as_of": "2024-02-29"}, date(2028, 2, 29)),
        (Retention(5, "data.ended_on"), {"as_of": "2024-01-31", "data": {}}, None),
        (Retention(5, "data.ended_on"), {"as_of": "2024-01-31", "data": {"ended_on": "2020-06-30"}}, date(2025, 6, 30)),
    ],
)
def test_retention_runs_from_its_date(rule: Retention, document: dict[str, object], until: date | None) -> None:
    assert rule.until(document) == until


def test_a_new_product_is_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heat-usage-1.toml").write_text(OWN, encoding="utf-8")
    assert load_product("heat-usage/1", [tmp_path]).ref == "heat-usage/1"
    assert len(catalogue([tmp_path])) == len(CATALOGUE) + 1
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("CREDITCHAIN_PRODUCTS", os.pathsep.join([str(empty), str(tmp_path)]))
    assert load_product("heat-usage/1").ref == "heat-usage/1"


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "heat-usage-1.toml"
    path.write_text(OWN, encoding="utf-8")
    before = load_product(path, []).digest
    path.write_text(OWN.replace("用电类别", "用热类别（更正）"), encoding="utf-8")
    assert load_product(path, []).digest != before


@pytest.mark.parametrize("ref", ["nothing/1", "power-usage/2", "power-usage", "../power-usage/1", "power usage/1", ""])
def test_a_wrong_reference_finds_nothing(ref: str) -> None:
    with pytest.raises(ProductFileError):
        load_product(ref, [])


def test_two_different_files_cannot_be_one_product(tmp_path: Path) -> None:
    changed = (SHIPPED / "power-usage-1.toml").read_text(encoding="utf-8").replace("years = 3", "years = 4")
    (tmp_path / "power-usage-1.toml").write_text(changed, encoding="utf-8")
    for find in (lambda: load_product("power-usage/1", [tmp_path]), lambda: catalogue([tmp_path])):
        with pytest.raises(ProductFileError, match="two different product files"):
            find()


def test_two_products_cannot_have_one_number(tmp_path: Path) -> None:
    path = tmp_path / "heat-usage-1.toml"
    path.write_text(POWER.replace('"power-usage"', '"heat-usage"'), encoding="utf-8")
    with pytest.raises(ProductFileError, match="two products have the number 15") as caught:
        catalogue([tmp_path])
    assert caught.value.found == f"{path} and {SHIPPED / 'power-usage-1.toml'}"


def test_shipped_products_leave_numbers_from_1000_to_regions() -> None:
    assert all(product.number < 1000 for product in CATALOGUE)


def test_a_file_in_a_folder_has_its_products_name(tmp_path: Path) -> None:
    (tmp_path / "heat-1.toml").write_text(OWN, encoding="utf-8")
    with pytest.raises(ProductFileError, match=r"expected heat-usage-1\.toml"):
        catalogue([tmp_path])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProductFileError, match="not a folder"):
        load_product("power-usage/1", [tmp_path / "nowhere"])


@pytest.mark.parametrize(("name", "raw"), [("missing.toml", None), ("latin.toml", b'name = "caf\xe9"')])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, raw: bytes | None) -> None:
    path = tmp_path / name
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(ProductFileError if raw else UnavailableError, match=r"cannot be read|is not text") as caught:
        load_product(path, [])
    assert caught.value.place is not None
    assert caught.value.place.file == str(path)
