"""What each figure of a report follows from, as a note beside it: its records by number, or its issuer's word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from creditchain.figures import Figures, differences, own_words
from creditchain.verification.case import Case
from creditchain.verification.figured import figures_of, rules_of
from creditchain.verification.lives import RecordKey
from creditchain.verification.verdict import Outcome, Text, Verdict

#: The step that says whether figures follow from records, and its outcomes if somebody could say so.
_STEP: Final = 11
_JUDGED: Final = (Outcome.PASSED, Outcome.FAILED, Outcome.PENDING)
_OWN_WORD = Text("the issuer's own word", "机构自述")
_CONTRADICTION = Text("this is not what the records say", "与记录不符")


def notes_of(case: Case, verdict: Verdict, numbers: Mapping[RecordKey, int]) -> dict[str, Text]:
    """Notes on figures by their dotted names; none if step 11 could not be judged, which then says why.

    Args:
        numbers: of the records of the view.
    """
    product, report = case.product, case.report
    judged = any(step.number == _STEP and step.outcome in _JUDGED for step in verdict.steps)
    if not judged or product is None or report is None:
        return {}
    data = report.value["data"]
    rules, _ = rules_of(product, data)
    figures = None if rules is None else figures_of(case, rules, report.as_of)
    if rules is None or not isinstance(figures, Figures):
        return {}
    notes = dict(_followed(figures, {leaf: number for (_, leaf), number in numbers.items()}))
    notes |= dict.fromkeys(own_words(rules, data), _OWN_WORD)
    return notes | {one.figure: _CONTRADICTION for one in differences(rules, figures, data)}


def _followed(figures: Figures, numbers: Mapping[bytes, int]) -> Iterator[tuple[str, Text]]:
    for name, one in figures.figures.items():
        if not one.leaves:
            yield name, Text("there is no such record", "无此类记录")
            continue
        runs = list(_runs(sorted(numbers[leaf] for leaf in one.leaves if leaf in numbers)))
        plural = "s" if len(one.leaves) > 1 else ""
        yield name, Text(f"from record{plural} {', '.join(runs)}", f"依据记录 {'、'.join(runs)}")


def _runs(numbers: Iterable[int]) -> Iterator[str]:
    """Ascending numbers as texts; those that follow each other as one, such as 2–13."""
    first = last = 0
    for number in numbers:
        if first and number == last + 1:
            last = number
            continue
        if first:
            yield str(first) if first == last else f"{first}–{last}"
        first = last = number
    if first:
        yield str(first) if first == last else f"{first}–{last}"
