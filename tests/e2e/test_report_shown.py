"""A report as people read it, from a real chain: the verdict is that of `verify`, whatever is shown around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_market import Market, delivered, opened, prepare
from worlds import Kept, kept_region


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("market")) as made:
        prepare(made.place)
        made.keep()
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
