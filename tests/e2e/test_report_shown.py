"""A report as people read it, from a real chain: the verdict is that of `verify`, whatever is shown around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from report_market import Market, delivered, opened, prepare
from worlds import Kept, kept_region


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("market"), prepare) as made:
        yield made


@pytest.fixture
def market(kept: Kept, tmp_path: Path) -> Market:
    return opened(kept.fresh(tmp_path / "place"))


@pytest.fixture
def file(market: Market, tmp_path: Path) -> Path:
    """A delivered report."""
    path = tmp_path / "report.json"
    path.write_bytes(delivered(market, market.assembled(tmp_path)).to_json())
    return path


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy under which a report counts that was delivered this minute."""
    path = tmp_path / "policy.toml"
    path.write_text('format = "creditchain/policy@1"\n[completeness]\nlag_seconds = 0\n')
    return path


def test_it_shows_the_verdict_that_verify_gives(market: Market, file: Path, policy: Path) -> None:
    for words in ((), ("--policy", str(policy))):
        verdict = market.commands("verify", str(file), *words)
        shown = market.commands("report", "show", str(file), *words)
        assert shown.code == verdict.code
        assert told(shown.value["verdict"]) == told(verdict.value[0])
        assert shown.value["parts"]


def test_before_it_is_delivered_it_shows_that_it_could_not_be_checked(market: Market, tmp_path: Path) -> None:
    path = tmp_path / "undelivered.json"
    path.write_bytes(market.assembled(tmp_path).to_json())
    shown = market.commands("report", "show", str(path))
    assert (shown.code, shown.value["verdict"]["verdict"]) == (3, "could not be checked")
    assert {row["title"]["en"]: row["value"]["en"] for row in shown.value["heading"]}["Delivered"].startswith("not yet")


def test_people_read_it_in_their_language(
    market: Market, file: Path, policy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from creditchain.cli.app import run

    def shown(*words: str) -> str:
        capfd.readouterr()
        assert run([*market.place.options, "report", "show", str(file), "--policy", str(policy), *words]) == 0
        return capfd.readouterr().out

    both, chinese, english = shown(), shown("--lang", "zh"), shown("--lang", "en")
    assert "── 基本信息  Basic ──" in both
    assert "── 基本信息 ──" in chinese
    assert "Registered capital" not in chinese
    assert "── Basic ──" in english
    assert "published by: node 3" in english
    assert "有效" in chinese
    assert "VALID" in english


def test_without_an_endpoint_it_shows_what_could_not_be_checked(market: Market, file: Path) -> None:
    nowhere = ("--rpc", "http://127.0.0.1:9")
    verdict = market.commands("verify", str(file), *nowhere)
    shown = market.commands("report", "show", str(file), *nowhere)
    assert shown.code == verdict.code == 3
    assert told(shown.value["verdict"]) == told(verdict.value[0])
    badges = [record["badges"][0]["name"]["en"] for part in shown.value["parts"] for record in part["records"]]
    assert set(badges) == {"not shown to be anchored"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "not JSON"), (b'{"format":"creditchain/policy@1"}', "this is not a package")],
)
def test_what_is_no_report_is_one_error_that_names_the_file(
    market: Market, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    answer = market.commands("report", "show", str(path))
    assert answer.code == 4
    assert message in answer.error["message"]
    assert answer.error["place"]["file"] == str(path)


def told(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict without the file, and without what a second changes."""
    return {name: value for name, value in verdict.items() if name not in ("file", "facts", "weaknesses")} | {
        "weaknesses": [one["kind"] for one in verdict["weaknesses"]]
    }


def test_a_pdf_carries_its_package_and_has_its_verdict(
    market: Market, file: Path, policy: Path, tmp_path: Path
) -> None:
    pdf, html = tmp_path / "report.pdf", tmp_path / "report.html"
    words = ("--policy", str(policy))
    made = market.commands("report", "show", str(file), "--pdf", str(pdf), "--html", str(html), *words)
    assert made.code == 0, made.error
    assert made.value["verdict"] == "valid"
    assert [Path(one["file"]).stat().st_size for one in made.value["written"]] == [
        one["bytes"] for one in made.value["written"]
    ]
    assert pdf.stat().st_mode & 0o077 == 0
    assert html.read_text("utf-8").startswith("<!doctype html>")
    of_pdf, of_file = (market.commands("verify", str(path), *words) for path in (pdf, file))
    assert (of_pdf.code, told(of_pdf.value[0])) == (of_file.code, told(of_file.value[0]))
    again = market.commands("report", "show", str(pdf), *words)
    assert again.value["digest"] == market.commands("report", "show", str(file), *words).value["digest"]


def test_a_pdf_without_its_package_is_not_valid_and_is_not_shown(market: Market, tmp_path: Path) -> None:
    pdf = tmp_path / "empty.pdf"
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(pdf)
    verdict = market.commands("verify", str(pdf))
    assert verdict.code == 1
    assert "the PDF holds no package" in verdict.value[0]["steps"][0]["reason"]["en"]
    shown = market.commands("report", "show", str(pdf))
    assert shown.code == 4
    assert (shown.error["message"], shown.error["place"]["file"]) == ("the PDF holds no package", str(pdf))


def test_no_file_is_written_over(market: Market, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine")
    refused = market.commands("report", "show", str(file), "--html", str(out))
    assert refused.code == 5
    assert out.read_text() == "mine"
    assert market.commands("report", "show", str(file), "--html", str(out), "--force").code in (0, 3)
    assert out.read_text() != "mine"
    twice = market.commands("report", "show", str(file), "--html", str(out), "--pdf", str(out), "--force")
    assert twice.error["message"] == "the output is also an input"
    itself = market.commands("report", "show", str(file), "--pdf", str(file), "--force")
    assert itself.code != 0
    assert file.read_bytes().startswith(b"{")
