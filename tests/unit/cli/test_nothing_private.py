"""What goes in never comes out in an error, a preview, a log line or a report of faults."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from creditchain.cli.app import run
from creditchain.errors import ExitCode

PRODUCT = "registry-basic/1"
NAME, NUMBER, RECORD, SECRET = "机密示例企业", "91310000SECRETXX91", "SECRET-0077", "hunter2secret"
KEY = "ab" * 32
PRIVATE = (NAME, NUMBER, RECORD, SECRET, KEY)
#: Databases that cannot be used, with a password in the URL.
DATABASES = (
    f"postgresql://u:{SECRET}@127.0.0.1:1/x",
    f"postgresql://u:{SECRET}@no-such-host.invalid/x?connect_timeout=2",
    f"postgresql://u:12{SECRET}@34@h/x",
    f"mysql://u:{SECRET}@h/x",
    SECRET,
)
CHECK = ("upload", "check", "--product", PRODUCT)


@pytest.fixture
def documents(tmp_path: Path) -> list[dict[str, Any]]:
    path = tmp_path / "sample.jsonl"
    assert run(["sample", "--product", PRODUCT, "--records", "8", "--seed", "1", "-o", str(path)]) == ExitCode.OK
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def require_nothing_private(capsys: pytest.CaptureFixture[str], line: list[str], *reports: Path) -> None:
    capsys.readouterr()
    assert run(["-vv", *line]) not in (ExitCode.OK, ExitCode.BUG)
    printed = capsys.readouterr()
    told = printed.out + printed.err + "".join(path.read_text("utf-8") for path in reports)
    assert told
    assert [text for text in PRIVATE if text in told] == []


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_json_lines(
    form: list[str], documents: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, fourth, *_ = documents
    first["data"] |= {"name": NAME + "\u202e", "status": NAME, "division": RECORD, "capital_fen": NUMBER}
    second |= {"section": NAME, "domain": RECORD, "as_of": NUMBER, "product": NAME + "/1", NUMBER: 1}
    third["subject"] = {"number": NUMBER, "scheme": NAME}
    fourth["data"] = {NUMBER: {NUMBER: 1}}
    path, report = tmp_path / "a.jsonl", tmp_path / "report"
    lines = [
        *map(json.dumps, documents),
        f'{{"{NUMBER}":1,"{NUMBER}":2}}',
        f"{NUMBER}",
        f'{{"{NUMBER}":{{"{NUMBER}":1.5}}}}',
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    require_nothing_private(capsys, [*form, *CHECK, str(path), "--report-errors", str(report)], report)


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("mapped", [False, True])
def test_tables_with_values_in_wrong_columns(
    form: list[str], mapped: bool, documents: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = [
        {"subject_number": each["subject"]["number"], **{name: each[name] for name in ("section", "domain", "as_of")}}
        | each["data"]
        for each in documents
    ]
    names = [name for name in table[0] if name != "term_ends_on"]
    path, report, mapping = tmp_path / "a.csv", tmp_path / "report", tmp_path / "m.toml"
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, extrasaction="ignore")
        writer.writeheader()
        for value, row in zip((NAME, NUMBER, RECORD) * 3, table, strict=False):
            writer.writerow({name: value if name != "record_id" else row[name] for name in names})
    fields = "".join(f'[fields.{name}]\ncolumn = "{name}"\n' for name in names)
    mapping.write_text(f'product = "{PRODUCT}"\n{fields}')
    line = [*form, *CHECK, str(path), "--report-errors", str(report), *(["--mapping", str(mapping)] if mapped else [])]
    require_nothing_private(capsys, line, report)


@pytest.mark.parametrize(
    "line",
    [
        [*CHECK, f"http://user:{SECRET}@127.0.0.1:1/a.csv?sig={SECRET}"],
        [*CHECK, f"http://user:{SECRET}@127.0.0.1:1/a.unknown?sig={SECRET}"],
        [*CHECK, f"unknown://user:{SECRET}@host/a.csv?sig={SECRET}"],
        ["deploy", "--region", "YRD", "--signer", f"keystore:{KEY}"],
        ["deploy", "--region", "YRD", "--signer", f"keystore:0x{KEY}"],
        ["deploy", "--region", "YRD", "--signer", KEY],
        ["deploy", "--region", "YRD", "--signer", f"remote:http://user:{SECRET}@127.0.0.1:1#0x{'1' * 40}"],
    ],
)
def test_secrets_on_the_command_line(
    line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    require_nothing_private(capsys, line)


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("url", DATABASES)
def test_the_password_of_a_database(
    form: list[str], url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home" / "keys").mkdir(parents=True)
    require_nothing_private(capsys, [*form, "--home", str(tmp_path / "home"), "--database", url, "batch", "list"])
