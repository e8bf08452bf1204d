"""Step 11: each figure of a report is what follows, by its product's rules, from the records that the report shows.

Whoever assembles a report computes it by the same functions, so that both get the same bytes. What no rule gives is
the issuer's own word; the step passes, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from creditchain.documents import Document, domain_mask
from creditchain.figures import Difference, FigureRecord, FigureRules, Figures, differences, evaluate, own_words
from creditchain.figures.comparing import value_at
from creditchain.products import Product, Scorecard
from creditchain.verification.case import Case
from creditchain.verification.days import day_of
from creditchain.verification.evidence import Missing
from creditchain.verification.scope import Asked, asked_for
from creditchain.verification.verdict import Outcome, Step, failed, not_applicable, not_verified, passed, pending
from creditchain.vocabulary import Role

#: How many figures a step describes one by one.
_DESCRIBED = 20


def figure_record(product: Product, document: Document, node: int, role: int, entry: int, leaf: bytes) -> FigureRecord:
    """A record as rules see it. `entry`: of the book or batch in which the report shows it."""
    value = document.value
    return FigureRecord(product.ref, node, Role(role), entry, leaf, value["as_of"], value["data"])


def covered(report: Product, catalogue: Mapping[str, Product], asked: Asked, files: Iterable[str]) -> frozenset[str]:
    """The products, by name/version, of which a report shows all that there is: asked for in whole, and no files.

    `files` are the products of which a record is a file, in which no field can be read.
    """
    unread = set(files)
    return frozenset(
        ref
        for ref in report.combines
        if ref not in unread
        and set(catalogue[ref].sections) <= asked.sections
        and not domain_mask(catalogue[ref].domains) & ~asked.domains
    )


def figures_of(case: Case, rules: FigureRules, as_of: date) -> Figures | Step:
    """The figures by `rules`, as the verifier computes them for a delivered report; or why nobody can."""
    delivery, members = case.package.delivery, case.evidence.members
    if case.product is None or any(ref not in case.catalogue for ref in case.product.combines):
        return not_verified(11, "the report's product, or one that it combines, is not known here", "本地未知某产品")
    if delivery is None:
        return not_verified(11, "no request: what was asked for is not known", "无请求，不知所请求的范围")
    if isinstance(members, Missing):
        return not_verified(11, members.why.en, members.why.zh)
    records, files = [], set()
    for one in case.records:
        publisher = members.get(one.key[0])
        if one.product is None or publisher is None:
            return not_verified(
                11, "a record's product or publisher is not known here", "本地未知某记录的产品或发布节点"
            )
        if one.document is None:
            files.add(one.product.ref)
            continue
        node, leaf = one.key
        entry = one.range.packaged.place.index
        records.append(figure_record(one.product, one.document, node, publisher.info.role, entry, leaf))
    asked = asked_for(delivery.request)
    return evaluate(rules, records, as_of, covered(case.product, case.catalogue, asked, files))


def rules_of(product: Product, data: Mapping[str, Any]) -> tuple[FigureRules | None, Scorecard | None]:
    """The rules for a report's data: those of its scorecard, if that is known here; else those of its product."""
    named = value_at(data, "score.model.digest")
    card = next((one for one in product.scorecards if one.model["digest"] == named), None)
    return (product.figures if card is None else card.figures), card


def check_figures(case: Case, report: Step, complete: Step) -> Step:
    """Step 11. `report` is what step 2 says of the report itself, `complete` is step 9."""
    product, document = case.product, case.report
    if product is not None and product.figures is None:
        return not_applicable(11, "the report's product has no rules for figures", "该报告产品没有数据项规则")
    if report.outcome is not Outcome.PASSED or document is None or product is None or case.time is None:
        return not_verified(11, "the report itself does not hold: see step 2", "报告本身不成立：见步骤 2")
    if complete.outcome not in (Outcome.PASSED, Outcome.PENDING):
        return not_verified(11, "that no record is missing does not hold: see step 9", "记录是否齐全不成立：见步骤 9")
    data: Mapping[str, Any] = document.value["data"]
    rules, card = rules_of(product, data)
    if rules is None:
        raise TypeError("unreachable")
    figures = figures_of(case, rules, document.as_of)
    if isinstance(figures, Step):
        return figures
    fault = _day_fault(case.time, document) or _contradiction(rules, figures, data, card)
    if fault is not None:
        return fault
    if complete.outcome is Outcome.PENDING:
        return pending(11, "the figures follow from the records shown: see step 9", "由所展示的记录得出：见步骤 9")
    return _follow(len(rules.shown), own_words(rules, data), card)


def _day_fault(time: int, report: Document) -> Step | None:
    """The figures are those of a day, which has to be that of the delivery."""
    day = day_of(time)
    if report.as_of == day:
        return None
    return failed(
        11, "the figures are of another day than the delivery", "数据项并非交付当日的数据",
        expected=day.isoformat(), found=report.as_of.isoformat(),
    )  # fmt: skip


def _contradiction(
    rules: FigureRules, figures: Figures, data: Mapping[str, Any], card: Scorecard | None
) -> Step | None:
    """The figures that are not what follows from the records. Their values are for the verdict, never for a log."""
    wrong = list(differences(rules, figures, data))
    if card is not None and (found := value_at(data, "score.model.name")) != card.ref:
        wrong.append(Difference("score.model.name", card.ref, found))
    if not wrong:
        return None
    names = ", ".join(one.figure for one in wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
    names_zh = "、".join(one.figure for one in wrong[:3]) + (f" 等 {len(wrong)} 项" if len(wrong) > 3 else "")
    return failed(
        11, f"figures contradict the records: {names}", f"数据项与记录不符：{names_zh}", of=len(wrong),
        figures=[
            {"figure": one.figure, "expected": one.expected, "found": one.found} for one in wrong[:_DESCRIBED]
        ],
    )  # fmt: skip


def _follow(count: int, words: list[str], card: Scorecard | None) -> Step:
    """All figures follow from the records; what no rule gives is named."""
    scored = ("", "") if card is None else (f", scored by {card.ref}", f"，按评分卡 {card.ref} 评分")
    words = [one for one in words if card is None or not one.startswith("score.model.")]
    own = ("; the issuer's own word: " + ", ".join(words), "；机构自述：" + "、".join(words)) if words else ("", "")
    return passed(
        11,
        f"all {count} figures follow from the records{scored[0]}{own[0]}",
        f"全部 {count} 个数据项均由记录得出{scored[1]}{own[1]}",
        figures=count, own_words=words, scorecard=None if card is None else card.ref,
    )  # fmt: skip
