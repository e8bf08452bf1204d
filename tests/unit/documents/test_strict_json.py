"""Reading JSON from outside: what is refused, where, and how fast nesting is."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from creditchain.documents import DOCUMENT_LIMITS, DocumentError, JsonLimits, parse_document, parse_json, read_json
from creditchain.documents.strict_json import _read_exact, _read_fast
from creditchain.errors import InputError
from vectors.reading import load

REFUSED = load("documents")["refused"]
HUNDRED_MB = JsonLimits(max_bytes=10**9)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_refused(case: dict) -> None:
    with pytest.raises(InputError):
        parse_document(case["raw"])


@pytest.mark.parametrize(
    ("raw", "field", "fault"),
    [
        (b'{"a":{"b":[1,{"c":1.5}]}}', "a.b[1].c", "fraction"),
        (b'{"a":{"b":[1,{"c":1,"d":2,"c":3}]}}', "a.b[1].c", "twice"),
        (b'{"a":1,"a":{}}', "a", "twice"),
        (b'{"a":{"b":9007199254740992}}', "a.b", "too large"),
        (b'{"a":["x",NaN]}', "a[1]", "fraction"),
        (b'{"a":["x","\\ud800"]}', "a[1]", "surrogate"),
        ('{"数据":{"金额":1.5}}'.encode(), "数据.金额", "fraction"),
        (b'{"9144030071526726XG":{"x y":1.5}}', "(name).(name)", "fraction"),
    ],
)
def test_errors_name_the_field(raw: bytes, field: str, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault) as caught:
        parse_json(raw)
    assert caught.value.place
    assert caught.value.place.field == field


@pytest.mark.parametrize(
    ("raw", "fault"),
    [(b'{"secret content"', "at character 17"), (b'{"x":"\xff"}', "at byte 6"), (b"\xef\xbb\xbf{}", "byte order mark")],
)
def test_errors_name_the_position_and_quote_nothing(raw: bytes, fault: str) -> None:
    with pytest.raises(DocumentError, match=fault) as caught:
        parse_json(raw)
    assert "secret" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'[{"a":', b'"\\', b'\\"', b"[]", b'["],', b"]", b"{}}"])
@pytest.mark.parametrize("start", [b"", b'{"a":', b'{"a":"'])
def test_a_hundred_megabytes_of_nesting_are_refused_by_size(unit: bytes, start: bytes) -> None:
    raw = start + unit * (10**8 // len(unit))
    with pytest.raises(DocumentError, match="too large"):
        parse_json(raw)


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'[{"a":', b'{"":['])
def test_depth_is_found_before_parsing_even_where_size_is_allowed(unit: bytes) -> None:
    raw = b'{"a":' + unit * (10**8 // len(unit))
    with pytest.raises(DocumentError, match="nested too deep"):
        parse_json(raw, HUNDRED_MB)


@pytest.mark.parametrize("unit", [b'"\\', b'\\"', b'"', b"[],", b'["],', b"]["])
def test_the_scan_stays_linear_on_texts_made_to_slow_it(unit: bytes) -> None:
    # A quadratic scan would take hours here.
    raw = b'{"a":[[[[[[[[[[[[[[[[[[[[[[[[[' + b"[]," * 40 + unit * (DOCUMENT_LIMITS.max_bytes // len(unit) - 60)
    with pytest.raises(DocumentError):
        parse_json(raw)


def test_brackets_inside_texts_do_not_count() -> None:
    value = {"a": ['[{"\\' * 50, "]}" * 50, '"[']}
    assert parse_json(json.dumps(value).encode()) == value


def test_limits_beyond_what_the_parser_can_bear_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="max_depth"):
        JsonLimits(max_depth=10_000)


# Pieces that together make nearly-JSON: what a fast path could get wrong.
PIECES = st.sampled_from(
    ['"a"', '"b"', '"\\u0061"', '"\\\\"', '"\\""', '"\\\\\\""', "1", "-0", "1.5", "1e2", "9007199254740993", "null",
     "true", ":", ":", ":", ",", ",", "{", "{", "}", "}", "[", "]", '"中"', '"\U0001f600"', '"\ue000"', " ", '"[1.5"']
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map(lambda pieces: ("{" + "".join(pieces) + "}").encode()))
@settings(max_examples=1000, deadline=None)
@example(b'{"a":1,"\\u0061":1}')
@example(b'{"a\\\\":"\\\\\\"","a\\\\":"\\""}')
@example(b'{"a":"\\\\","a":"\\\\"}')
def test_the_fast_path_says_what_the_exact_path_says(raw: bytes) -> None:
    fast = _read_fast(raw)
    if fast is not None:
        assert fast == _read_exact(raw, DOCUMENT_LIMITS)


class Pairs:
    """An object by its members, names free to repeat."""

    def __init__(self, members: list[tuple[str, Any]]) -> None:
        self.members = members


def _objects() -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.integers() | st.floats() | st.text(st.sampled_from('a"\\中é:,{}[]1.e😀'), max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(st.tuples(st.sampled_from(["a", "b", "\\", '"', "é"]), inner), max_size=4).map(Pairs)
        ),
        max_leaves=12,
    )


def _write(value: Any, *, ascii_only: bool) -> str:
    if isinstance(value, Pairs):
        members = (
            f"{json.dumps(name, ensure_ascii=ascii_only)}:{_write(item, ascii_only=ascii_only)}"
            for name, item in value.members
        )
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(item, ascii_only=ascii_only) for item in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def _repeats_or_leaves_the_format(value: Any) -> bool:
    if isinstance(value, Pairs):
        names = [name for name, _ in value.members]
        return len(set(names)) < len(names) or any(_repeats_or_leaves_the_format(item) for _, item in value.members)
    if isinstance(value, list):
        return any(_repeats_or_leaves_the_format(item) for item in value)
    return isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**53 - 1)


@given(_objects(), st.booleans())
@settings(max_examples=400, deadline=None)
def test_accepted_exactly_if_names_are_single_and_numbers_are_integers(value: Any, ascii_only: bool) -> None:
    raw = ('{"x":' + _write(value, ascii_only=ascii_only) + "}").encode()
    if _repeats_or_leaves_the_format(value):
        with pytest.raises(DocumentError):
            read_json(raw)
    else:
        assert read_json(raw)[0] == json.loads(raw)
