"""`creditchain product` and `creditchain sample`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from creditchain.catalogue.products import catalogue, load_product
from creditchain.cli.app import run

OWN = Path(__file__).resolve().parents[3] / "scripts" / "creditchain" / "data" / "products" / "power-usage-1.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one product of one's own."""
    text = (
        OWN.read_text(encoding="utf-8").replace('"power-usage"', '"heat-usage"').replace("number = 15", "number = 1015")
    )
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "heat-usage-1.toml").write_text(text, encoding="utf-8")
    return tmp_path / "products"


def test_list_names_every_product(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert run(["product", "list", "--json", "--products", str(folder)]) == 0
    found = {product["product"]: product for product in json.loads(capsys.readouterr().out)}
    assert set(found) == {product.ref for product in catalogue([])} | {"heat-usage/1"}
    assert found["power-usage/1"]["digest"] == "0x" + load_product("power-usage/1", []).digest.hex()


def test_list_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "list"]) == 0
    assert "工商登记信息" in capsys.readouterr().out


def test_show_for_people_and_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "show", "carbon-credit-report/1"]) == 0
    assert "碳信用等级" in capsys.readouterr().out
    assert run(["product", "show", "carbon-credit-report/1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["combines"]["domains"] == ["registry", "administrative", "power", "environment"]
    assert "records" in shown["schema"]["properties"]


def test_show_writes_the_schema_that_validates(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "show", "ip-right/1", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == load_product("ip-right/1", []).document_schema()


def test_check_computes_the_figures_of_every_shipped_report_over_samples(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(OWN.parent.glob("*-report-*.toml"))
    assert len(files) == 7
    assert run(["product", "check", *map(str, files)]) == 0


def test_check_says_which_figure_does_not_fit_its_schema(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = (OWN.parent / "working-capital-report-1.toml").read_text(encoding="utf-8")
    text = text.replace('"working-capital-report"', '"own-report"').replace("number = 109", "number = 1109")
    path.write_text(text.replace("minLength = 2, maxLength = 100", "minLength = 2, maxLength = 3"), encoding="utf-8")
    assert run(["product", "check", str(path), "--json"]) == 4
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["place"] == {"file": str(path), "field": "figures.name"}
    assert "sample records" in error["message"]


def test_check_says_what_is_wrong_and_where(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    path = folder / "heat-usage-1.toml"
    assert run(["product", "check", str(path)]) == 0
    path.write_text(path.read_text(encoding="utf-8").replace('["power"]', '["steam"]'), encoding="utf-8")
    capsys.readouterr()
    assert run(["product", "check", str(path), "--json"]) == 4
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["place"] == {"file": str(path), "line": 8, "field": "domains"}
    assert error["found"] == "steam"


def test_check_refuses_a_number_that_another_product_has(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    mine, other = folder / "heat-usage-1.toml", tmp_path / "cold-usage-1.toml"
    other.write_text(mine.read_text(encoding="utf-8").replace("heat-usage", "cold-usage"), encoding="utf-8")
    for words in ([str(other), "--products", str(folder)], [str(mine), str(other)]):
        assert run(["product", "check", *words, "--json"]) == 4
        error = json.loads(capsys.readouterr().err)["error"]
        assert error["message"].startswith("two products have the number 1015")
        assert error["found"] == f"{mine} and {other}"
        assert error["place"] == {"file": str(other), "field": "number"}


def test_sample_of_a_product_of_ones_own(tmp_path: Path, folder: Path) -> None:
    out = tmp_path / "heat.jsonl"
    wanted = ["--product", "heat-usage/1", "--products", str(folder), "--records", "50", "--enterprises", "7"]
    assert run(["sample", *wanted, "-o", str(out)]) == 0
    product = load_product("heat-usage/1", [folder])
    documents = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for document in documents:
        product.validate(document)
    assert len({document["subject"]["number"] for document in documents}) == 7


def test_sample_of_all_products(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sample", "--all-products", "--records", "3", "--format", "csv", "-o", str(tmp_path), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["product"] for row in rows} == {product.ref for product in catalogue([])}
    assert all(Path(row["file"]).read_text(encoding="utf-8").count("\n") == 4 for row in rows)


def test_sample_of_all_that_some_enterprises_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--enterprises", "30", "--seed", "1", "--as-of", "2025-03-31", "-o", str(tmp_path)]
    assert run(["sample", "--all-products", *wanted, "--json"]) == 0
    rows = {row["product"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["registry-basic/1"]["records"] == 30
    assert rows["power-usage/1"]["records"] > 500
    assert 0 < rows["administrative-penalty/1"]["records"] < 20
    for row in rows.values():
        documents = [json.loads(line) for line in Path(row["file"]).read_text(encoding="utf-8").splitlines()]
        assert len(documents) == row["records"]
        assert all(document["as_of"] <= "2025-03-31" for document in documents)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-o", "a.txt"], 4),
        (["-o", "a.jsonl", "--format", "xml"], 2),
        (["-o", "a.jsonl", "--product", "nothing/1"], 4),
        (["-o", "a.jsonl", "--records", "0"], 4),
        (["-o", "a.jsonl", "--as-of", "30.6.2026"], 2),
        (["-o", "a.jsonl", "--as-of", "1999-01-01"], 4),
        ([], 2),
    ],
)
def test_wrong_calls_of_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["sample", *words]) == code
    assert list(tmp_path.iterdir()) == []
