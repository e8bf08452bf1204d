"""docs/statistics.md on a real region: every line runs, and what was metered is counted, charged and signed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from consent_world import BANK, PLATFORM, REPORT, SOURCE, World, make_consent_world, world_at
from page_lines import DOCS, Typist, page_lines
from region_world import Place

from creditchain.catalogue.products import load_product

MONTH = datetime.now(timezone(timedelta(hours=8))).strftime("%Y-%m")
ACCOUNT = (
    "creditchain stats account --institution 4 --provider 2 --month 2026-11 --prices prices.toml --signer dev:2"
    " -o account.json"
)
CALLS = "creditchain stats calls --by month,institution --from 2026-01 --to 2026-12"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A region with the page's price list, a call under it, a call without it, a dispute, and loans of a month."""
    place = Place("embedded", tmp_path_factory.mktemp("statistics"))
    make_consent_world(place)
    page = (DOCS / "statistics.md").read_text(encoding="utf-8")
    prices = place.folder / "prices.toml"
    prices.write_text(page.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    with world_at(place, "made-") as made:
        report = made.publish()
        consent = made.granted()
        metered = [call(made, consent, report, "--terms", str(prices)), call(made, consent, report)]
        queries = place.folder / "queries.txt"
        queries.write_text("\n".join(metered), encoding="utf-8")
        made.commands.done(
            *("loans", "report", "--institution", str(BANK), "--month", "202401", "--count", "3"),
            *("--amount-fen", "500", "--queries", str(queries), "--signer", f"dev:{BANK}"),
            *("--small", "2:400", "--first-time", "1:100", "--unsecured", "0:0"),
        )
        yield made


def call(made: World, consent: Path, report: Path, *words: str) -> str:
    """Ask, deliver and meter; the request's id."""
    request, package = made.path("request.json"), made.path("delivered.json")
    asked = made.commands.done(
        *("query", "request", "--institution", str(BANK), "--provider", str(PLATFORM), "--product", REPORT),
        *("--tag-statement", str(made.folder / "statement.json"), "--staff", "07", "--consent", str(consent)),
        *("--signer", f"dev:{BANK}", "-o", str(request), *words),
    )
    key = ("--signer", f"dev:{PLATFORM}")
    made.commands.done("query", "deliver", str(request), "--report", str(report), "-o", str(package), *key)
    made.commands.done("query", "meter", str(package), *key)
    return str(asked["request"])


@pytest.fixture
def typist(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typist:
    """Types into a folder that has the price list."""
    (tmp_path / "prices.toml").write_bytes((world.folder / "prices.toml").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDITCHAIN_HOME", str(world.folder / "home"))
    monkeypatch.setenv("CREDITCHAIN_DEPLOYMENTS", str(world.folder / "deployments"))
    return Typist()


def test_every_line_of_the_page_runs(typist: Typist) -> None:
    month = {ACCOUNT: [ACCOUNT.replace("2026-11", MONTH)], CALLS: [CALLS.replace("2026-12", "2099-12")]}
    typist.play(page_lines("statistics.md"), month)
    assert Path("calls.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_what_happened_is_counted(typist: Typist) -> None:
    calls = typist.type("stats calls --by month,institution,provider,product,purpose,region")
    (row,) = calls["rows"]
    assert (row["month"], row["queries"], row["product"], row["region"]) == (MONTH, 2, REPORT, "YRD")
    assert (row["institution"], row["provider"], row["purpose"]) == (BANK, PLATFORM, "loan_application")
    batches = typist.type("stats batches --by product")
    products = {one.ref for one in map(load_product, load_product(REPORT).combines)}
    assert {row["product"]: row["records"] for row in batches["rows"]} == dict.fromkeys(products, 30)
    consents = typist.type("stats consents --by institution,platform,purpose")["rows"]
    assert [(row["granted"], row["uses_granted"], row["institution"]) for row in consents] == [(1, 2, BANK)]
    assert typist.type("stats disputes --by node")["total"]["filed"] == 0
    assert typist.type("stats batches --by node")["rows"][0]["node"] == SOURCE


def test_loans_with_the_list_of_the_institution(world: World, typist: Typist) -> None:
    kept = next((world.folder / "home").rglob(f"loans/{BANK}-202401-0.json"))
    (row,) = typist.type(f"stats loans --by month,institution --list {kept}")["rows"]
    assert (row["month"], row["loans"], row["amount_fen"], row["broken_down_loans"]) == ("2024-01", 3, 500, 3)
    assert (row["small_loans"], row["small_fen"], row["first_time_loans"], row["unsecured_fen"]) == (2, 400, 1, 0)
    Path("changed.json").write_text(kept.read_text(encoding="utf-8").replace('"400"', '"401"'), encoding="utf-8")
    code, message = typist.refused("stats loans --list changed.json")
    assert (code, "not that of any report" in message) == (4, True)


def account(typist: Typist, *words: str) -> Any:
    whose = f"--institution {BANK} --provider {PLATFORM} --month {MONTH}"
    return typist.type(" ".join(["stats account", whose, "--prices prices.toml", *words]))


def test_a_statement_is_made_signed_and_checked(typist: Typist) -> None:
    made = account(typist, f"--signer dev:{PLATFORM}", "-o signed.json")
    assert (made["total_fen"], made["charged_count"], made["apart_count"], made["signed"]) == (150, 1, 1, True)
    assert made["apart"][0]["why"] == "other_terms"
    found = typist.type("stats account --check signed.json --prices prices.toml")
    assert (found["holds"], found["differences"]) == (True, [])

    file = json.loads(Path("signed.json").read_text(encoding="utf-8"))
    file["charged"][0]["fen"] = file["total_fen"] = "149"
    Path("altered.json").write_text(json.dumps(file), encoding="utf-8")
    code, _ = run_of(typist, "stats account --check altered.json --prices prices.toml")
    assert code == 1

    account(typist, "-o unsigned.json")
    code, printed = run_of(typist, "stats account --check unsigned.json --prices prices.toml")
    assert (code, json.loads(printed)["differences"], json.loads(printed)["signer"]) == (1, [], None)


def run_of(typist: Typist, line: str) -> tuple[int, str]:
    code, printed, _ = typist._run(line)
    return code, printed


def test_only_the_provider_signs(typist: Typist) -> None:
    whose = f"--institution {BANK} --provider {PLATFORM} --month {MONTH}"
    line = f"stats account {whose} --prices prices.toml --signer dev:{BANK} -o account.json"
    code, message = typist.refused(line)
    assert (code, message) == (5, "the signer does not act for the provider")
    assert not Path("account.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("calls --by colour", 4, "not counted by this"),
        ("calls --by ,", 2, "names no dimension"),
        ("calls --from november", 4, "not a month"),
        ("calls --chart calls.gif", 2, "a .png or an .svg"),
        ("disputes --chart none.png", 2, "nothing to draw"),
        ("account --prices prices.toml", 2, "whose account"),
        ("account --prices nothing.toml --check nothing.json", 3, "cannot be read"),
    ],
)
def test_what_cannot_be_shown(typist: Typist, words: str, code: int, said: str) -> None:
    found, message = typist.refused(f"stats {words}")
    assert (found, said in message) == (code, True), message
    assert not list(Path().glob("*.png"))


def test_people_read_both_languages(world: World, capsys: pytest.CaptureFixture[str], typist: Typist) -> None:
    from creditchain.cli.app import run

    assert run(["stats", "calls", "--by", "month,purpose"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[1].startswith("month 月份\tpurpose 用途\tqueries 查询数\t")
    assert f"{MONTH}\tloan_application 贷前审查\t2\t" in shown
    assert "total 合计\t\t2" in shown
