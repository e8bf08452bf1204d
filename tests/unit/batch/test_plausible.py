"""All three ways of accepting refuse the same texts and days that cannot be right."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import PRODUCT, RULES, document, made, rows

from creditchain.batch.accepting.bulk_columns import ColumnAcceptor
from creditchain.batch.accepting.bulk_lines import Lines, line_acceptor
from creditchain.batch.accepting.faults import value_faults
from creditchain.batch.accepting.proper_texts import improper_rows
from creditchain.batch.accepting.rules import Rules, accept_text, day_in_china
from creditchain.batch.errors import UploadError
from creditchain.catalogue.products import load_product
from creditchain.documents import is_proper
from creditchain.documents.texts import IMPROPER
from creditchain.errors import CreditchainError, InputError
from creditchain.products import Product

TODAY = date(2026, 11, 26)
EDGES = sorted({edge + near for first, last, _ in IMPROPER for edge in (first, last) for near in (-1, 0, 1)})
#: Every character at the edge of an improper run, and its neighbours, but what UTF-8 cannot say.
AT_EDGES = [chr(point) for point in EDGES if 0 <= point < 0x110000 and not 0xD800 <= point < 0xE000]
RIGHT = [
    "合肥示例（集团）有限公司",
    "阿卜杜拉·示例",
    "𠮷野家",
    "㐂\ue86f",
    "葛\U000e0100",
    "Ünïted Brändš",
    "“示例”—…￥",
    "한국예시",
]
WRONG = [
    "合肥\ufffd示例",
    "\x1b[31m",
    "示\u202e例",
    "示\ufeff例",
    "示\u200b例",
    "示\x85例",
    "示\nB",
    "示\tB",
    "示\ufdd0",
    "示\U0001fffe",
]


def told(value: dict[str, Any], rules: Rules = RULES) -> list[tuple[str | None, str]]:
    """Field and message of every fault."""

    def field(error: CreditchainError) -> str | None:
        return error.place.field if error.place else None

    return [(field(error), error.message) for error in value_faults(value, rules)]


def ways(values: list[dict[str, Any]], rules: Rules = RULES) -> tuple[list[bool], list[bool], list[bool]]:
    """Which documents are accepted one by one, as lines in bulk, and as columns."""
    raw = [json.dumps(value, ensure_ascii=False).encode() for value in values]

    def one(line: bytes) -> bool:
        try:
            accept_text(line, rules)
        except InputError:
            return False
        return True

    acceptor = line_acceptor(rules)
    assert acceptor is not None
    left = set(acceptor.accept(Lines(b"".join(line + b"\n" for line in raw))).rest)
    table = pa.Table.from_pylist(rows(values)).to_batches()[0]
    unfit = set(ColumnAcceptor(rules, table.schema.names).accept(table).rest)
    places = range(len(values))
    return [one(line) for line in raw], [at not in left for at in places], [at not in unfit for at in places]


def named(name: str) -> dict[str, Any]:
    made = document(1)
    made["data"]["name"] = name
    return made


def test_what_names_hold_and_what_they_cannot() -> None:
    judged = ways([named(name) for name in RIGHT + WRONG])
    assert judged[0] == judged[1] == judged[2] == [True] * len(RIGHT) + [False] * len(WRONG)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_text_is_told_with_its_field_and_code_point(name: str) -> None:
    ((field, message),) = told(named(name))
    assert (field, message) == ("data.name", "the text has a character that cannot be right")
    (error,) = value_faults(named(name), RULES)
    assert error.found is not None
    assert error.found.startswith("U+")
    assert name not in str(error)


def test_every_edge_of_the_improper_runs() -> None:
    names = ["示例" + character for character in AT_EDGES if character not in '"\\\\']
    strict, lines, columns = ways([named(name) for name in names])
    assert strict == [is_proper(name) for name in names]
    assert strict == lines == columns


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(st.one_of(st.characters(blacklist_categories=("Cs",)), st.sampled_from(AT_EDGES)), max_size=20),
        max_size=8,
    )
)
def test_bytes_are_judged_as_texts_are(texts: list[str]) -> None:
    """Without characters below 0x20, which JSON writes as escapes."""
    texts = ["".join(character for character in text if character >= " ") for text in texts]
    column = pa.array([*texts, ""], pa.string())
    import numpy as np

    bounds = np.frombuffer(column.buffers()[1], dtype=np.int32)[: len(column) + 1]
    data = np.frombuffer(column.buffers()[2] or b"", dtype=np.uint8)
    assert improper_rows(data, bounds).tolist() == [not is_proper(text) for text in [*texts, ""]]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=2, max_size=12), min_size=1, max_size=6))
def test_no_way_is_laxer_than_another(names: list[str]) -> None:
    strict, lines, columns = ways([named(name) for name in names])
    assert lines == strict
    # Texts with quotes, backslashes and escapes are looked at once more, one by one.
    assert all(good or not column for good, column in zip(strict, columns, strict=True))


def test_a_document_about_a_day_to_come() -> None:
    rules = replace(RULES, latest=TODAY)
    days = ["2026-11-25", "2026-11-26", "2026-11-27", "2099-01-01", "9999-12-31", "1599-12-31", "1600-01-01"]
    judged = ways([{**document(1), "as_of": day} for day in days], rules)
    assert judged[0] == judged[1] == judged[2] == [True, True, False, False, False, False, True]
    assert told({**document(1), "as_of": "2099-01-01"}, rules) == [
        ("as_of", "a document about a day that has not come yet")
    ]


def test_the_day_is_that_of_china() -> None:
    assert day_in_china(1_795_881_600.0) == date(2026, 11, 29)  # 2026-11-28 16:00 UTC
    assert day_in_china(1_795_881_599.0) == date(2026, 11, 28)


def test_a_period_that_ends_before_it_begins() -> None:
    ends = ["2004-05-05", "2004-05-06", "2034-01-01"]
    values = []
    for end in ends:
        value = document(1)
        value["data"]["term_ends_on"] = end
        values.append(value)
    judged = ways(values)
    assert judged[0] == judged[1] == judged[2] == [False, True, True]
    assert told(values[0]) == [("data.term_ends_on", "the period ends before it begins")]


def open_ended() -> Product:
    fields = {**PRODUCT.schema["properties"], "term_ends_on": {"type": "string", "format": "date-or-unlimited"}}
    return replace(PRODUCT, schema={**PRODUCT.schema, "properties": fields}, digest=b"\x07" * 32)


def test_a_field_may_say_that_there_is_no_end() -> None:
    rules = Rules(open_ended())
    ends = ["unlimited", "2034-01-01", "2028-02-29", "9999-12-31", "2004-05-05", "Unlimited", "2034-02-30"]
    values = []
    for end in ends:
        value = document(1)
        value["data"]["term_ends_on"] = end
        values.append(value)
    strict, lines, columns = ways(values, rules)
    assert strict == lines == columns == [True, True, True, False, False, False, False]
    (error,) = value_faults(values[3], rules)
    assert error.hint == "If there is no end, write unlimited."


def test_a_licence_without_end_is_refused_with_what_to_write(tmp_path: Path) -> None:
    case = Path(__file__).parent / "cases" / "lic9999.csv"
    with pytest.raises(UploadError) as refused:
        made(case, tmp_path, rules=Rules(load_product("administrative-licence/1")))
    assert (refused.value.place.line, refused.value.place.field) == (2, "data.valid_until")
    assert "unlimited" in (refused.value.hint or "")


def test_garbage_in_names_is_refused_line_and_field(tmp_path: Path) -> None:
    case = Path(__file__).parent / "cases" / "garbage-names.csv"
    told: list[tuple[int | None, str | None]] = []
    from creditchain.batch.making.task import Faults

    with pytest.raises(UploadError):
        made(
            case,
            tmp_path,
            rules=replace(RULES, latest=TODAY),
            faults=Faults(report=lambda problem: told.append((problem.line, problem.field))),
        )
    assert set(told) == {(2, "data.name"), (2, "as_of")}
