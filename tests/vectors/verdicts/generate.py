"""Writes the vectors of whole packages and policies beside this file: `python tests/vectors/verdicts/generate.py`.

The packages come from the small region of `tests/unit/verification/report_world.py`. The expected outcomes are written
by hand in `record_cases.py` and `report_cases.py`: this computes none of them. A case is kept as its difference from a
base (JSON Patch, RFC 6902). A unit test checks that the files are what this writes, and that the verifier gives the
outcomes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit" / "verification"), str(ROOT / "scripts")]

from vectors.verdicts.cases import Case  # noqa: E402
from vectors.verdicts.part_cases import part_cases  # noqa: E402
from vectors.verdicts.patching import difference  # noqa: E402
from vectors.verdicts.policy_cases import POLICIES  # noqa: E402
from vectors.verdicts.record_cases import record_base, record_cases  # noqa: E402
from vectors.verdicts.report_cases import report_base, report_cases  # noqa: E402

ABOUT = (
    "Whole packages, the facts of the chain and the verifier's policy, with the outcome of each step. docs/format.md, "
    "section 8, says what decides. A case is its base with the operations of package and facts applied (RFC 6902); or "
    "`raw` is the file, in base64. Integers past 2^53 are text. `products` lists the shipped products that the "
    "verifier knows, null for all; `tag_key` is a key epoch's secret that it holds."
)


def verdicts() -> dict[str, Any]:
    """The bases and all cases."""
    made = {"record": record_base(), "report": report_base()}
    bases = {name: {"package": package, "facts": facts} for name, (package, facts) in made.items()}
    cases = [*record_cases(), *report_cases(), *part_cases()]
    return {"about": ABOUT, "bases": bases, "cases": [_case(one, bases[one.base]) for one in cases]}


def _case(one: Case, base: dict[str, Any]) -> dict[str, Any]:
    held = {"raw": one.raw} if one.raw is not None else {"package": [*difference(base["package"], one.package)]}
    return {
        "name": one.name,
        "base": one.base,
        **held,
        "facts": [*difference(base["facts"], one.facts)],
        "policy": one.policy,
        "products": one.products,
        "tag_key": one.tag_key,
        "outcomes": one.outcomes(),
        "verdict": one.verdict,
        "weaknesses": one.weaknesses,
    }


def files() -> dict[str, str]:
    """Every file by name, as text."""
    return {"verdicts.json": _render(verdicts()), "policies.json": _render({"policies": POLICIES})}


def _render(value: dict[str, Any]) -> str:
    """JSON with one line for each item of a list at the top, so that a change shows as lines."""
    parts = []
    for name, item in value.items():
        lines = ",\n".join(f"  {_line(one)}" for one in item) if isinstance(item, list) else ""
        parts.append(f" {_line(name)}: [\n{lines}\n ]" if lines else f" {_line(name)}: {_line(item)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for file_name, text in files().items():
        (HERE / file_name).write_text(text, encoding="utf-8")
