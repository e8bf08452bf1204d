"""The table of attacks names tests that exist, each in the file that is named before it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "attacks.md"
NAMED = re.compile(r"`([\w/]+\.py)`|`(test_\w+)`")


def test_every_attack_has_its_test() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and ".py`" in line]
    assert len(rows) > 30
    missing = []
    for row in rows:
        text = ""
        for file, test in NAMED.findall(row.rsplit(" | ", 1)[1]):
            if file:
                path = next((base / file for base in (ROOT, ROOT / "tests/contracts") if (base / file).exists()), None)
                if path is None:
                    missing.append(file)
                text = path.read_text("utf-8") if path else ""
            elif not re.search(rf"def {test}\b", text):
                missing.append(test)
    assert missing == []
