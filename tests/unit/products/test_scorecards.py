"""Scorecards: files that make a score of a report's figures, known by their digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.catalogue.products import SCORECARDS, catalogue, load_product, load_scorecard
from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.products import ProductFileError
from vectors.reading import load

REPORT = load_product("working-capital-report/1", [])
NAME = "example-working-capital"
SHIPPED = Path(__file__).resolve().parents[3] / "scripts" / "creditchain" / "data" / "products" / SCORECARDS
TEXT = (SHIPPED / f"{NAME}-1.toml").read_text(encoding="utf-8")


def test_every_shipped_scorecard_says_that_it_is_an_example() -> None:
    cards = [card for product in catalogue([]) for card in product.scorecards]
    assert len(cards) == len(list(SHIPPED.glob("*.toml"))) > 0
    for card in cards:
        assert card.name.startswith("example-")
        assert "example" in card.note
        assert "示例" in card.note


def test_it_is_known_by_the_digest_of_its_content() -> None:
    card = load_scorecard(f"{NAME}/1", REPORT)
    assert card.digest == keccak256(canonical_bytes(card.source))
    assert card.digest == load("products")["scorecards"][0]["digest"]
    assert card.model == {"name": f"{NAME}/1", "digest": "0x" + card.digest.hex()}
    assert set(REPORT.figures.rules if REPORT.figures else ()) < set(card.figures.rules)


def test_a_scorecard_of_ones_own_is_a_file(tmp_path: Path) -> None:
    (tmp_path / SCORECARDS).mkdir()
    path = tmp_path / SCORECARDS / "own.toml"
    path.write_text(TEXT.replace(f'"{NAME}"', '"own-card"'), encoding="utf-8")
    assert load_scorecard(str(path), REPORT).ref == "own-card/1"
    known = load_product("working-capital-report/1", [tmp_path]).scorecards
    assert {card.ref for card in known} == {"own-card/1", f"{NAME}/1"}
    assert load_product("working-capital-report/1", [tmp_path]).digest == REPORT.digest
    with pytest.raises(ProductFileError, match="there is no scorecard"):
        load_scorecard("own-card/1", REPORT)


DEFECTS = {
    "another format": ("creditchain/scorecard@1", "creditchain/scorecard@2", 2, "format"),
    "another report": ('"working-capital-report/1"', '"risk-report/1"', 5, "report"),
    "no note": ("\nnote = ", "\n# ", None, "note"),
    "it reads records": (
        '"score.value" = {', 'months_due = { from = "power-usage/1", take = "count" }\n"score.value" = {', 15,
        "figures.months_due.from",
    ),
    "a figure that the report has": (
        "_p_late = {", 'months = { on = "late_payments", steps = [[0, 1]] }\n_p_late = {', 12, "figures.months"
    ),
    "a figure that there is not": ('on = "consistency"', 'on = "honesty"', 13, "figures._p_consistency.on"),
    "a grade that the report does not have": ('[0, "C"]', '[0, "Z"]', 16, "figures.score.grade"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_wrong_scorecard(tmp_path: Path, defect: str) -> None:
    old, new, line, field = DEFECTS[defect]
    assert TEXT.count(old) == 1
    path = tmp_path / "defect.toml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(ProductFileError) as caught:
        load_scorecard(str(path), REPORT)
    place = caught.value.place
    assert place is not None
    assert (place.file, place.line, place.field) == (str(path), line, field)
