"""A report as a view: what it shows of documents, and what the chain says of each record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_world import CATALOGUE, POWER, Region
from shown_world import NAMES, WORD, judged, records, region_of, texts, values, view, with_table

from creditchain.hashing import keccak256
from creditchain.log.views import RecordState
from creditchain.products import ProductKind
from creditchain.sample.sampling import Sample
from creditchain.sample.writing import Form, write_sample
from creditchain.verification.evidence import Missing
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.verdict import Outcome, Status, Text
from creditchain.views.codes import code_text
from creditchain.views.languages import Language
from creditchain.views.report import view_of
from creditchain.views.shown import Row
from creditchain.views.values import groups_of, inner_groups
from creditchain.vocabulary import DisputeState


@pytest.fixture(scope="module")
def region() -> Region:
    return region_of()


def test_the_heading_says_which_report_of_which_day_for_whom(region: Region):
    package = region.honest()
    shown = view(region, package)
    assert shown.title == Text("Working capital scenario report", "流动资金贷款场景报告")
    assert (shown.number, shown.as_of) == ("REPORT2025", "2025-06-15")
    heading = {row.title.en: row.value for row in shown.heading}
    assert heading["Enterprise"].zh == "示例企业"
    assert heading["Enterprise number"].en == "914403001922038216 (USCC)"
    assert heading["Purpose"] == Text("loan application", "贷前审查")
    assert heading["Delivered to"] == Text("node 11 (institution)", "节点 11（金融机构）")
    assert shown.facts.en.startswith(f"agreed ({WORD.en}), as of block 1000, ")


def test_a_view_names_its_package_by_nothing_but_its_digest(region: Region):
    package = region.honest()
    shown = view(region, package)
    assert shown.names == "creditchain:package:keccak-256:0x" + keccak256(package.to_json()).hex()


def test_the_verdict_is_the_one_that_was_given(region: Region):
    package = region.honest()
    found = judged(region, package)
    assert view_of(found, package.to_json()).verdict == found.verdict == view(region, package).verdict
    assert found.verdict.status is Status.VALID


def test_the_parts_are_sections_in_their_order_with_each_record_once(region: Region):
    package = region.honest()
    shown = view(region, package)
    assert [part.title.zh for part in shown.parts] == ["基本信息", "经营信息"]
    listed = records(shown)
    assert [one.number for one in listed] == list(range(1, len(package.records) + 1))
    assert {one.leaf for one in listed} == {"0x" + one.leaf.hex() for one in judged(region, package).case.records}
    power = [one.as_of for one in listed if one.title.en == CATALOGUE["power-usage/1"].title]
    assert power == sorted(power, reverse=True)
    assert len(power) == 2  # the superseded one is not shown


def test_values_are_what_people_read(region: Region):
    registration = records(view(region, region.honest()))[0]
    shown = values(registration.groups)
    assert shown["注册资本"] == Text("CNY 1,000,000.00", "1,000,000.00 元")
    assert shown["登记状态"] == Text("operating", "存续（在营）")
    assert shown["行政区划"] == Text("Nanjing (320100)", "南京市（320100）")
    assert shown["成立日期"] == Text("2015-02-28", "2015-02-28")
    assert registration.source == Text(
        "node 7 (Market regulator of Nanjing, source)", "节点 7（南京市市场监督管理局，数据源单位）"
    )


def test_badges_say_since_when_a_record_is_anchored(region: Region):
    for one in records(view(region, region.honest())):
        assert [badge.name.en for badge in one.badges] == ["anchored", "not audited"]
        assert one.badges[0].text.en.startswith("2025-02-")


def test_a_record_of_a_book_was_published_before_the_book():
    region = region_of()
    for root in [root for node, root in region.anchors if node == POWER]:
        region.audit(POWER, root)
    power = [one for one in records(view(region, region.honest())) if one.title.zh == "用电信息"]
    assert [one.badges[0].name.en for one in power] == ["in a book"] * len(power)
    assert all("published before" in one.badges[0].text.en for one in power)


@pytest.mark.parametrize(
    ("state", "name", "text"),
    [
        (RecordState(0, b"", open=1, filings=1, filed_at=1_750_000_000), "disputed", "answer due 2025-07-05"),
        (
            RecordState(0, b"", filings=1, filed_at=1, outcome=DisputeState.UPHELD, answered_at=1_750_000_000),
            "dispute answered",
            "upheld, 2025-06-15",
        ),
        (RecordState(0, b"", life=2, life_at=1_750_000_000), "revoked", "2025-06-15"),
    ],
)
def test_badges_say_what_is_disputed_and_what_is_gone(region: Region, state: RecordState, name: str, text: str):
    package = region.honest()
    states = region.evidence(package).states
    assert not isinstance(states, Missing)
    key = judged(region, package).case.records[0].key
    shown = view(region, package, states={**states, key: replace(state, node=key[0], leaf=key[1])})
    (bent,) = [one for one in records(shown) if one.leaf == "0x" + key[1].hex()]
    found = {badge.name.en: badge.text.en for badge in bent.badges}
    assert text in found[name]
    others = {badge.name.en for one in records(shown) if one is not bent for badge in one.badges}
    assert name not in others


def test_a_superseded_record_names_the_one_that_took_its_place(region: Region):
    package = region.honest()
    evidence = region.evidence(package)
    case = judged(region, package).case
    first, second = [one.key for one in case.records if one.key[0] == POWER]
    assert not isinstance(evidence.states, Missing)
    assert not isinstance(evidence.lives, Missing)
    state = RecordState(*first, life=1, life_at=1_750_000_000)
    lives = replace(evidence.lives, successors={**evidence.lives.successors, first: second[1]})
    shown = view(region, package, states={**evidence.states, first: state}, lives=lives)
    numbers = {one.leaf: one.number for one in records(shown)}
    (bent,) = [one for one in records(shown) if one.leaf == "0x" + first[1].hex()]
    badge = next(one for one in bent.badges if one.name.en == "superseded")
    assert badge.text.en.endswith(f"by record {numbers['0x' + second[1].hex()]}")


def test_without_the_chain_nothing_is_said_to_be_anchored(region: Region):
    package = region.honest()
    why = Text("nobody answers", "无人应答")
    entries = [one.index for one in package.named_entries]
    absent = ReportEvidence.absent(region.evidence(package).origin, entries, [1, 2], why)
    found = judged(
        region, package, **{name: getattr(absent, name) for name in absent.__dataclass_fields__ if name != "source"}
    )
    shown = view_of(found, package.to_json())
    assert shown.verdict.status is Status.COULD_NOT_CHECK
    for one in records(shown):
        assert one.badges[0].name.en == "not shown to be anchored"
        assert one.title.zh in ("工商登记信息", "用电信息", "纳税信息")
        assert values(one.groups)


def test_a_record_whose_salt_is_another_one_says_which_step_fails(region: Region):
    package = region.honest()
    bent = replace(package.records[0], record=replace(package.records[0].record, salt=bytes(32)))
    shown = view(region, replace(package, records=(bent, *package.records[1:])))
    assert shown.verdict.status is Status.NOT_VALID
    wrong = [one for one in records(shown) if any(badge.name.en == "step 3 failed" for badge in one.badges)]
    assert len(wrong) == 1
    assert wrong[0].badges[0].name.en == "not shown to be anchored"


def test_hidden_characters_of_a_document_are_written_out():
    def bend(document: dict[str, Any]) -> None:
        document["data"]["name"] = "示例<script>alert(1)</script>\u202e企业\n\x1b[2J"

    region = region_of(bend=bend)
    shown = view(region, region.honest())
    name = values(records(shown)[0].groups)["企业名称"].zh
    assert name == "示例<script>alert(1)</script>〔U+202E〕企业〔U+000A〕〔U+001B〕[2J"
    assert not [one for text in texts(shown) for one in text if not one.isprintable()]


def test_a_list_of_objects_is_a_table(region: Region):
    table = with_table(view(region, region.honest())).summary[-1]
    assert [one.zh for one in table.columns] == ["因素", "得分"]
    assert [[one.zh for one in line] for line in table.lines] == [["用电稳定", "12"], ["纳税信用级别", "-3"]]
    assert table.note == Text("from record 1", "依据记录 1")


def test_data_of_an_unknown_product_is_shown_under_its_own_names():
    data = {"count": 2, "flag": True, "list": ["a", "b"], "inner": {"deep": {"x_fen": -5}}, "empty": [], "none": None}
    shown = {row.title.en: row.value.en for group in groups_of(data, {}) for row in group.rows}
    assert shown == {
        "Count": "2", "Flag": "yes", "List": "a, b", "X": "CNY -0.05", "Empty": "none", "None": "none"
    }  # fmt: skip


def test_a_list_with_as_many_names_as_objects_is_no_table_of_their_square():
    (table,) = groups_of({"list": [{f"name{at}": at} for at in range(5000)]}, {})
    assert len(table.columns) == 1
    assert [line[0].en for line in table.lines[:2]] == ["Name0: 0", "Name1: 1"]


def test_references_of_a_schema_hold_inside_its_objects():
    schema = {
        "properties": {"basic": {"type": "object", "properties": {"fee_fen": {"$ref": "#/$defs/fee"}}}},
        "$defs": {"fee": {"type": "integer", "title": "费用（分）"}},
    }
    (group,) = inner_groups("basic", {"basic": {"fee_fen": 150}}, schema, {"basic.fee_fen": Text("a note", "说明")})
    assert group.title is None
    assert group.rows == (Row(Text("Fee", "费用"), Text("CNY 1.50", "1.50 元"), Text("a note", "说明")),)


def test_amounts_are_of_the_currency_that_stands_beside_them():
    schema = CATALOGUE["credit-loan/1"].schema
    shown = values(groups_of({"granted_fen": 100, "currency": "USD"}, schema))
    assert shown["授信金额"] == Text("USD 1.00", "USD 1.00")


@pytest.mark.parametrize("ref", sorted(CATALOGUE))
def test_every_product_is_shown_in_both_languages(ref: str, tmp_path: Path):
    product, file = CATALOGUE[ref], tmp_path / "sample.jsonl"
    write_sample(Sample(product, 20, 1), file, Form.JSONL, overwrite=True)
    for line in file.read_text("utf-8").splitlines():
        data = json.loads(line)["data"]
        groups = groups_of(data, product.schema)
        titles = {row.title for group in groups for row in group.rows}
        assert all(title.zh and not title.zh.isascii() and title.en for title in titles)
        assert not [one for title in titles for one in title.en if "\u4e00" <= one <= "\u9fff"]
        shown = [value for group in groups for row in group.rows for value in row.value]
        assert not [value for value in shown if "_" in value]
        if product.kind is ProductKind.RECORD:
            assert sum(len(group.rows) for group in groups) == len(data)


def test_every_code_of_the_catalogue_has_words():
    """Grades, currencies and units are the same in Chinese."""
    international = {"A", "AA", "AAA", "B", "BB", "BBB", "C", "D", "M", "CNY", "USD", "EUR", "HKD", "m3", "GJ"}

    def codes(schema: Any) -> set[tuple[str, str]]:
        found = set()
        for name, field in schema.get("properties", {}).items():
            found |= {(name, code) for code in field.get("enum", ())}
            found |= codes(field) | codes(field.get("items", {}))
        return found

    listed = {one for product in CATALOGUE.values() for one in codes(product.schema)}
    assert len(listed) > 100
    unsaid = [
        (name, code)
        for name, code in listed
        if code_text(name, code).zh == code and code not in international and "/" not in code
    ]
    assert unsaid == []


def test_both_languages_stand_side_by_side_and_equal_ones_once():
    assert Language.BOTH.of(Text("yes", "是")) == ("是", "yes")
    assert Language.BOTH.of(Text("7", "7")) == ("7",)
    assert Language.EN.of(Text("yes", "是")) == ("yes",)
    assert Language.ZH.line(Text("yes", "是")) == "是"


def test_every_text_has_both_languages(region: Region):
    package = region.honest()
    shown = view(region, package)
    assert [one for one in texts(shown) if not one.zh or not one.en] == []
    assert {step.outcome for step in shown.verdict.steps} == {Outcome.PASSED}
    assert NAMES
