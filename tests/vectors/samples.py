"""Hand-written inputs of the vectors. The first three USCCs are published ones of companies; nothing else is real."""

from __future__ import annotations

import json
from typing import Any

import reference as ref

USCC_GOOD = [
    "914403001922038216",
    "9144030071526726XG",
    "91330100799655058B",
    ref.uscc("91310115", "MA1K4277"),
    ref.uscc("91320500", "MA1ABCDE"),
    ref.uscc("N2330100", "MF000001"),
    ref.uscc("91100000", "10000000"),
]

_GOOD = USCC_GOOD[0]


def _wrong_inner() -> str:
    """The inner check character is wrong, the outer one right."""
    inner = "0" if _GOOD[16] != "0" else "1"
    body = _GOOD[:16] + inner
    return body + ref.uscc_outer(body)


USCC_BAD = {
    "empty": "",
    "too short": _GOOD[:17],
    "too long": _GOOD + "0",
    "outer check": _GOOD[:17] + ("0" if _GOOD[17] != "0" else "1"),
    "inner check": _wrong_inner(),
    "lower case": USCC_GOOD[1].lower(),
    "space before": " " + _GOOD,
    "space inside": _GOOD[:9] + " " + _GOOD[9:],
    "hyphens": f"{_GOOD[:8]}-{_GOOD[8:17]}-{_GOOD[17]}",
    "newline after": _GOOD + "\n",
    "letter I": "9144030I1922038216",
    "letter O": "91440300192203821O",
    "letter in the division": "91A403001922038216",
    "full-width digits": "９１４４０３００１９２２０３８２１６",
    "Arabic-Indic digits": "٩١٤٤٠٣٠٠١٩٢٢٠٣٨٢١٦",
}

#: Business numbers of which the rule decides: around every remainder, with and without a 7 in place 7.
TWUBN = [
    "04595257",
    "00501503",
    "00501502",
    "10458575",
    "12345676",
    "12345675",
    *(f"1045857{i}" for i in range(5)),
    *(f"2234567{i}" for i in range(10)),
    *(f"223456{i}0" for i in range(10)),
]


def _document(**changes: Any) -> dict[str, Any]:
    return {
        "product": "registry-basic/1",
        "subject": {"scheme": "USCC", "number": _GOOD},
        "section": "basic",
        "domain": "registry",
        "as_of": "2024-02-29",
        "data": {},
    } | changes


def _text(**changes: Any) -> str:
    return json.dumps(_document(**changes), ensure_ascii=False)


_ASTRAL_NAMES = {"\ue000": 1, "\U0001f600": 2, "\uffff": 3, "a": 4, "\U00010000": 5, "\ud7ff": 6}

#: Accepted JSON texts, not canonical as they stand.
DOCUMENTS = {
    "no data": _text(),
    "spaces and order": json.dumps(_document(data={"b": 1, "a": [True, False, None, []]}), indent=3),
    "Chinese text": _text(data={"名称": "长三角示例有限公司", "资本": "1000000.00"}),
    "Chinese text, escaped": json.dumps(_document(data={"名称": "长三角示例有限公司"})),
    "largest integers": _text(data={"max": 2**53 - 1, "min": -(2**53 - 1), "zero": 0}),
    "minus zero": _text(data={"zero": "?"}).replace('"?"', "-0"),
    "every control character": _text(data={"text": "".join(map(chr, range(0x20))) + '"\\/\x7f\x80\u2028'}),
    "names beyond the BMP": _text(data=_ASTRAL_NAMES),
    "names beyond the BMP, escaped": json.dumps(_document(data={"list": [_ASTRAL_NAMES, {"x": _ASTRAL_NAMES}]})),
    "numbers that look like floats inside texts": _text(data={"a": ":1.5", "b": "[2e9,3.1", "c": "1.0"}),
    "empty names": _text(data={"": {"": ""}}),
    "deepest": _text(data={}).replace('"data": {}', '"data": {"d":' + "[" * 30 + "]" * 30 + "}"),
    "Taiwan": _text(subject={"scheme": "TWUBN", "number": "04595257"}, section="carbon", domain="environment"),
    "report": _text(product="report-five-part/12", section="report", domain="derived"),
}


def _raw(**changes: str) -> bytes:
    """The sample document with the JSON text of some members replaced."""
    text = _text(**{name: f"@{name}@" for name in changes})
    for name, value in changes.items():
        text = text.replace(f'"@{name}@"', value)
    return text.encode("utf-8", "surrogatepass")


_DEEP = 2_000

#: Texts that must be refused.
REFUSED: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"{",
    "trailing comma": _text().encode()[:-1] + b",}",
    "two objects": _text().encode() * 2,
    "an array outermost": b"[" + _text().encode() + b"]",
    "a text outermost": b'"x"',
    "null outermost": b"null",
    "byte order mark": b"\xef\xbb\xbf" + _text().encode(),
    "UTF-16": _text().encode("utf-16"),
    "UTF-16 without a mark": _text().encode("utf-16-le"),
    "Latin-1": _text(data={"name": "Müller"}).encode("latin-1"),
    "GBK": _text(data={"name": "长三角"}).encode("gbk"),
    "lone surrogate, escaped": _raw(data='{"x":"\\ud800"}'),
    "lone surrogate, escaped, low": _raw(data='{"x":"\\udc00\\ud800"}'),
    "lone surrogate in a name": _raw(data='{"\\ud83d":1}'),
    "lone surrogate in the bytes": _raw(data='{"x":"\ud800"}'),
    "overlong UTF-8": _raw(data='{"x":"@"}').replace(b"@", b"\xc0\xaf"),
    "duplicate name": _raw(data='{"a":1,"a":1}'),
    "duplicate name, escaped": _raw(data='{"a":1,"\\u0061":1}'),
    "duplicate name, deep": _raw(data='{"x":[{"y":{"a":"\\"","a":"\\\\"}}]}'),
    "duplicate name with backslashes": _raw(data='{"a\\\\":"\\\\\\"","a\\\\":"\\""}'),
    "duplicate envelope name": _text().encode()[:-1] + b', "data": {}}',
    "float": _raw(data='{"x":1.5}'),
    "float of whole value": _raw(data='{"x":[1,2.0]}'),
    "exponent": _raw(data='{"x":1e2}'),
    "capital exponent": _raw(data='{"x":1E2}'),
    "minus zero float": _raw(data='{"x":-0.0}'),
    "tiny": _raw(data='{"x":1e-400}'),
    "huge float": _raw(data='{"x":1e400}'),
    "2^53": _raw(data='{"x":9007199254740992}'),
    "-2^53": _raw(data='{"x":-9007199254740992}'),
    "2^64": _raw(data='{"x":18446744073709551616}'),
    "5000 digits": _raw(data='{"x":' + "9" * 5000 + "}"),
    "leading zero": _raw(data='{"x":01}'),
    "plus": _raw(data='{"x":+1}'),
    "hexadecimal": _raw(data='{"x":0x1}'),
    "underscore": _raw(data='{"x":1_0}'),
    "NaN": _raw(data='{"x":NaN}'),
    "Infinity": _raw(data='{"x":Infinity}'),
    "-Infinity": _raw(data='{"x":-Infinity}'),
    "comment": _raw(data="{}/* */"),
    "single quotes": _raw(data="{'x':1}"),
    "raw newline in a text": _raw(data='{"x":"a\nb"}'),
    "raw NUL in a text": _raw(data='{"x":"a\x00b"}'),
    "bad escape": _raw(data='{"x":"\\x41"}'),
    "depth 33": _raw(data='{"d":' + "[" * 31 + "]" * 31 + "}"),
    "depth 33, brackets in texts": _raw(data='{"d":' + '["]}\\"",' * 31 + "0" + "]" * 31 + "}"),
    "nesting without end": b'{"a":' * _DEEP,
    "arrays without end": b"[" * _DEEP,
    "member missing": b'{"product":"registry-basic/1"}',
    "member too many": _text().encode()[:-1] + b', "more": 1}',
    "product without version": _raw(product='"registry-basic"'),
    "product version 0": _raw(product='"registry-basic/0"'),
    "product in capitals": _raw(product='"Registry/1"'),
    "product with newline": _raw(product='"registry-basic/1\\n"'),
    "subject not an object": _raw(subject=f'"{_GOOD}"'),
    "subject with a name": _raw(subject=f'{{"scheme":"USCC","number":"{_GOOD}","name":"x"}}'),
    "subject unknown scheme": _raw(subject=f'{{"scheme":"uscc","number":"{_GOOD}"}}'),
    "subject number as integer": _raw(subject='{"scheme":"TWUBN","number":12345675}'),
    "subject has a letter that no number has": _raw(subject=f'{{"scheme":"USCC","number":"{_GOOD[:17]}I"}}'),
    "section unknown": _raw(section='"unknown"'),
    "section by number": _raw(section="1"),
    "section true": _raw(section="true"),
    "section as array": _raw(section='["basic"]'),
    "domain unknown": _raw(domain='"Registry"'),
    "day that is none": _raw(as_of='"2023-02-29"'),
    "day without hyphens": _raw(as_of='"20240229"'),
    "week date": _raw(as_of='"2024-W09-4"'),
    "day with time": _raw(as_of='"2024-02-29T00:00:00"'),
    "day in other digits": _raw(as_of='"２０２４-02-29"'),
    "data an array": _raw(data="[]"),
    "data null": _raw(data="null"),
}
