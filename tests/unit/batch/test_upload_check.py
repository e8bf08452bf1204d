"""`upload check`: everything that anchoring would refuse, in one pass, and a summary that holds no identifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from making import RULES, document, lines, made, number, write_csv, write_parquet
from test_mapping import MAPPING, own_rows, write_own

from creditchain.acts import checking_uploads
from creditchain.acts.checking_uploads import CheckedUpload, check_upload
from creditchain.acts.drafting_mappings import draft_mapping
from creditchain.batch.checking.masking import masked, yuan
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.readers.mapping import parse_mapping
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.products import load_product
from creditchain.cli.app import run
from creditchain.errors import ExitCode

DATA = Path(__file__).resolve().parents[2] / "data" / "uploads"
GOOD = [document(record) for record in range(60)]


def wrong_lines() -> list[bytes]:
    """Good lines, and among them faults of many kinds."""
    found = lines(GOOD).splitlines(keepends=True)
    found[3] = b"{\n"
    found[10] = lines([document(10, as_of="2024-02-30", section="carbon")])
    found[20] = lines([{**document(20), "data": {**document(20)["data"], "capital_fen": -1, "division": "x"}}])
    found[21] = found[20].replace(b'"x"', b"[]")
    found[40] = found[5]  # the same document
    found[50] = lines([{**document(50), "data": {**document(50)["data"], "record_id": "R000000007"}}])
    return found


def anchored(path: Path, tmp_path: Path) -> list[Problem]:
    """What making a batch reports about the upload."""
    problems: list[Problem] = []
    with pytest.raises(UploadError):
        made(path, tmp_path / "batches", faults=Faults(report=problems.append))
    return problems


@pytest.mark.parametrize("piece_bytes", [900, 1 << 20])
@pytest.mark.parametrize("workers", [1, 2])
def test_it_tells_what_anchoring_tells(
    workers: int, piece_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(wrong_lines()))
    expected = {(problem.line, problem.field, problem.message) for problem in anchored(path, tmp_path)}
    if workers > 1:
        monkeypatch.setattr(checking_uploads, "SMALL_BYTES", 0)
    told: list[Problem] = []
    found = check_upload(
        find_upload(path), RULES, limits=BatchLimits(piece_bytes=piece_bytes, workers=workers), report=told.append
    )
    assert expected <= {(problem.line, problem.field, problem.message) for problem in told}
    assert {problem.line for problem in told} == {4, 11, 21, 22, 41, 51}
    assert [problem.line for problem in told if problem.line == 41] == [41]
    assert (found.lines, found.records, found.bad_lines, found.clean) == (60, 56, 6, False)
    assert found.fault_count == len(told) == sum(kind.count for kind in found.kinds)


def fields(found: CheckedUpload) -> dict[str, dict[str, Any]]:
    return {told["field"]: told for told in found.fields}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_the_summary(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "jsonl":
        path.write_bytes(lines(GOOD))
    else:
        (write_csv if kind == "csv" else write_parquet)(path, GOOD)
    found = check_upload(find_upload(path), RULES, limits=BatchLimits(piece_bytes=2_000))
    assert found.clean
    told = fields(found)
    amount = told["data.capital_fen"]
    assert (amount["least"], amount["most"], amount["most_yuan"], amount["distinct"]) == (0, 5900, "59.00", 60)
    assert told["data.type"]["values"] == {"limited": 60}
    assert told["data.term_ends_on"]["filled"] == 0
    assert told["data.term_ends_on"]["empty"] == 60
    assert told["as_of"]["least"] == min(one["as_of"] for one in GOOD)
    assert told["subject.number"]["distinct"] == 7
    assert told["data.name"]["title"] == "企业名称"
    shown = json.dumps(found.fields, ensure_ascii=False)
    for one in GOOD:
        assert one["subject"]["number"] not in shown
        assert one["data"]["name"] not in shown
        assert one["data"]["record_id"] not in shown


def test_many_different_values_are_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("creditchain.batch.checking.summary.MAX_DISTINCT", 20)
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(GOOD))
    told = fields(check_upload(find_upload(path), RULES, limits=BatchLimits(piece_bytes=2_000)))
    assert told["data.record_id"]["distinct"] == "more than 20"
    assert told["subject.number"]["distinct"] == 7


def test_reading_that_ends_early_is_told_with_what_came_before(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", GOOD).read_bytes()
    path = tmp_path / "b.csv"
    path.write_bytes(text + "上海".encode("gb18030") + b"\n")
    found = check_upload(find_upload(path), RULES, limits=BatchLimits(piece_bytes=2_000))
    assert not found.complete
    assert not found.clean
    assert [problem.line for problem in found.faults] == [62]
    assert 0 < found.records <= 60
    damaged = write_parquet(tmp_path / "a.parquet", GOOD)
    raw = bytearray(damaged.read_bytes())
    raw[40:400] = bytes(360)
    damaged.write_bytes(raw)
    assert check_upload(find_upload(damaged), RULES).fault_count


def test_masks() -> None:
    assert [masked(text) for text in ("", "a", "张三", "上海示例有限公司")] == ["", "•", "张•", "上海•••司 (8)"]
    assert [yuan(amount) for amount in (0, 5, -5, 123456789)] == ["0.00", "0.05", "-0.05", "1,234,567.89"]


def test_all_columns_that_are_missing_are_named_and_no_cell_of_a_file_without_header(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", GOOD).read_text("utf-8")
    short = tmp_path / "short.csv"
    short.write_text(text.replace("record_id", "编号", 1).replace(",authority", ",登记", 1), "utf-8")
    (fault,) = check_upload(find_upload(short), RULES).faults
    assert fault.expected == "record_id, authority"
    assert "mapping" in (fault.hint or "")
    bare = tmp_path / "bare.csv"
    first = text.splitlines()[1].split(",")
    first[-1] = first[5]  # the same cell twice
    bare.write_text(",".join(first) + "\n", "utf-8")
    (fault,) = check_upload(find_upload(bare), RULES).faults
    assert "lacks" in fault.message
    assert not [cell for cell in first if len(cell) > 5 and cell in str(fault)]


# The command.


def test_four_faults_and_their_exit_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report = tmp_path / "faults.jsonl"
    arguments = ["upload", "check", str(DATA / "wrongtwo.csv"), "--product", "tax-payment/1"]
    assert run([*arguments, "--json", "--report-errors", str(report)]) == ExitCode.BAD_INPUT
    value = json.loads(capsys.readouterr().out)
    assert value["faults"] == 4
    assert value["bad_lines"] == 1
    told = {fault["field"] for fault in value["first_faults"]}
    assert told == {"data.period_from", "data.tax", "data.rating", "data.paid_on"}
    assert [json.loads(line)["field"] for line in report.read_text().splitlines()] == [
        fault["field"] for fault in value["first_faults"]
    ]
    assert run(arguments) == ExitCode.BAD_INPUT
    shown = capsys.readouterr().out
    assert "a date such as 2023-05-05" in shown
    assert "91340100MAYX0101X7" not in shown


def test_a_clean_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(GOOD))
    home = tmp_path / "home"
    assert run(["--home", str(home), "upload", "check", str(path), "--product", "registry-basic/1"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "no faults" in shown
    assert "59.00" in shown
    assert number(0) not in shown
    assert not home.exists()


def test_gbk_with_and_without_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["upload", "check", str(DATA / "gbk.csv"), "--product", "registry-basic/1"]
    assert run(arguments) == ExitCode.BAD_INPUT
    assert "--encoding gb18030" in capsys.readouterr().out
    assert run([*arguments, "--encoding", "gb18030"]) == ExitCode.OK


def test_the_report_never_overwrites_the_upload(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(GOOD))
    arguments = ["upload", "check", str(path), "--product", "registry-basic/1", "--report-errors", str(path)]
    assert run(arguments) == ExitCode.USAGE
    assert path.read_bytes() == lines(GOOD)
    assert "also an input" in capsys.readouterr().err


def test_before_and_after_of_a_mapping(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = own_rows()
    table[1]["成立日期"] = "91310000MA00000000"  # a cell of another column is not shown
    path, own = write_own(tmp_path / "own.csv", table), tmp_path / "own.toml"
    own.write_text(MAPPING, "utf-8")
    arguments = ["upload", "check", str(path), "--product", "registry-basic/1", "--mapping", str(own)]
    assert run([*arguments, "--json"]) == ExitCode.BAD_INPUT
    value = json.loads(capsys.readouterr().out)
    assert value["reading"]["mapping"].startswith("0x")
    cells = {(cell["line"], cell["field"]): (cell["before"], cell["after"]) for cell in value["mapped"]}
    assert cells[2, "established_on"] == ("2004年5月6日", "2004-05-06")
    assert cells[3, "established_on"][1] is None
    assert cells[4, "capital_fen"] == ("2,000,002.00", "200000200")
    assert {line for line, _ in cells} == {2, 3, 4}
    assert run(arguments) == ExitCode.BAD_INPUT
    shown = capsys.readouterr().out
    for one in GOOD:
        assert one["subject"]["number"] not in shown
        assert one["subject"]["number"].lower() not in shown
        assert one["data"]["name"] not in shown
    assert "91310000MA00000000" not in shown


# Drafts.


def test_a_draft_fills_in_what_is_alike(tmp_path: Path) -> None:
    product = load_product("tax-payment/1")
    path = tmp_path / "own.csv"
    names = ["统一社会信用代码", "数据日期", "记录编号", "所属期起", "所属期止", "税种", "应税销售额（元）"]
    names += ["实缴税额（分）"]
    path.write_text(",".join(names) + "\n", "utf-8")
    draft = draft_mapping(find_upload(path), product)
    columns = {"subject_number", "as_of", "record_id", "period_from", "period_to", "tax", "sales_fen", "paid_fen"}
    assert set(draft.filled) == columns | {"subject_scheme", "section", "domain"}
    assert set(draft.open) >= {"taxpayer", "rating", "due_fen", "paid_on"}
    finished = draft.text
    for name in draft.open:
        finished = finished.replace(f"[fields.{name}]", f'[fields.{name}]\nconstant = "x"')
    mapping = parse_mapping(finished.encode(), product, "draft.toml")
    assert set(mapping.columns) == set(names)
    rules = {rule.name: rule.conversions for rule in mapping.rules}
    assert rules["sales_fen"].yuan
    assert not rules["paid_fen"].yuan


def test_the_command_drafts_and_never_overwrites(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path, out = write_csv(tmp_path / "a.csv", GOOD), tmp_path / "own.toml"
    arguments = ["upload", "mapping", "new", "--product", "registry-basic/1", "--from", str(path), "-o", str(out)]
    assert run([*arguments, "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["unfilled"] == []
    check = ["upload", "check", str(path), "--product", "registry-basic/1", "--mapping", str(out), "--json"]
    assert run(check) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["records"] == 60
    before = out.read_text("utf-8")
    assert run(arguments) == ExitCode.REFUSED
    assert out.read_text("utf-8") == before
