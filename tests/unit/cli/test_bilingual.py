"""Results as people see them: both languages, times, durations and money in one form each, lists as rows."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from creditchain.cli.bilingual import duration, labelled, lines
from creditchain.cli.labels import LABELS
from creditchain.cli.output import Output

ADDRESSES = ["0x" + digit * 40 for digit in "ab"]
CLI = Path(__file__).parents[3] / "scripts" / "creditchain" / "cli"
#: Words that are values, and not names of what a command shows.
VALUES = {"not verified", "not applicable", "not valid", "could not be checked"}

RESULT = {
    "node": 5,
    "life": "live",
    "life_zh": "现行",
    "filed_at": 1795729744,
    "paused_at": 0,
    "time": 1795729752,
    "until": "2027-06-30T18:00:00Z",
    "amount_fen": 1_200_000_005,
    "delivery_age_seconds": 691_200,
    "limit_wei": 1_500_000_000,
    "on_paper": False,
    "safe": None,
    "domains": ["registry", "tax"],
    "gone": [],
    "owners": ADDRESSES,
    "signers": [{"node": 1, "address": ADDRESSES[0]}, {"node": 2, "address": ADDRESSES[1]}],
    "fee": {"limit_wei": 7, "tip_wei": 1},
    "proven": {"index": 93, "root": "0x" + "c" * 64, "writer": ADDRESSES[0], "due_at": 1795729752},
}
SHOWN = f"""\
node 节点  5
life 状态  live 现行
filed_at 提出时间  2026-11-26T21:49:04Z
paused_at 暂停时间  –
time 时间  2026-11-26T21:49:12Z
until 截止  2027-06-30T18:00:00Z
amount_fen 金额  12,000,000.05 CNY 元
delivery_age_seconds 交付时效  8 days 天 (691200 s)
limit_wei  1,500,000,000 wei
on_paper 纸质授权  no 否
safe 多签账户  –
domains 数据域  registry, tax
gone 已剔除批次  –
owners 治理方
\t{ADDRESSES[0]}
\t{ADDRESSES[1]}
signers 签名方
\tnode 节点\taddress 地址
\t1\t{ADDRESSES[0]}
\t2\t{ADDRESSES[1]}
fee 手续费  limit_wei 7 wei; tip_wei 1 wei
proven
\tindex 序号  93
\troot 根哈希  0x{"c" * 64}
\twriter 写入合约  {ADDRESSES[0]}
\tdue_at 答复期限  2026-11-26T21:49:12Z
"""


def test_one_form_for_each_kind_of_value(capsys: pytest.CaptureFixture[str]) -> None:
    Output().emit(RESULT)
    assert capsys.readouterr().out == SHOWN


def test_json_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).emit(RESULT)
    assert json.loads(capsys.readouterr().out) == RESULT


def test_an_error_of_one_of_many_is_not_shown_twice(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"upload": "a.jsonl", "error": {"kind": "InputError", "message": "wrong"}}
    Output().event(event)
    assert capsys.readouterr().out == "upload 上传文件  a.jsonl\n"
    Output(as_json=True).event(event)
    assert json.loads(capsys.readouterr().out) == event


def test_no_result_is_shown_as_python_writes_it() -> None:
    shown = [text for _, text in lines(RESULT | {"leaf": bytes(32), "nested": [{"empty": None, "list": [1, 2]}]})]
    assert not [text for text in shown for mark in ("None", "False", "[", "{", "'", "b\\x") if mark in text]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "61 s"),
        (60, "1 minute 分钟 (60 s)"),
        (120, "2 minutes 分钟 (120 s)"),
        (172_800, "2 days 天 (172800 s)"),
        (7_200, "2 hours 小时 (7200 s)"),
    ],
)
def test_durations(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def test_names_of_results_are_one_word() -> None:
    """As JSON names that a script can use, and so that both languages have their place."""
    wrong = [
        f"{path.name}:{key.lineno} {key.value}"
        for path in CLI.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
        if key.value not in VALUES and not (key.value.isascii() and " " not in key.value)
    ]
    assert wrong == []


def test_names_of_results_have_their_chinese() -> None:
    """Those that a command writes down in the call that shows them; what acts return has names of the same kind."""
    shown: dict[str, str] = {}
    for path in CLI.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                if node.func.attr == "emit" and isinstance(first, ast.Dict):
                    named = first.keys
                elif node.func.attr == "table" and isinstance(first, ast.List):
                    named = first.elts
                else:
                    continue
                shown |= {key.value: path.name for key in named if isinstance(key, ast.Constant)}
    assert len(shown) > 80
    bare = {name: file for name, file in shown.items() if name.isascii() and name not in LABELS}
    assert {name: file for name, file in bare.items() if not name.endswith("_zh")} == {}


def test_tables_have_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(["node", "state"], [[1, "open"]])
    assert capsys.readouterr().out == "node 节点\tstate 状态\n1\topen\n"
    assert labelled("unheard_of") == "unheard_of"
