"""Lines that people type wrongly: one error that says what is there and what to do; nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from creditchain.cli.app import run
from creditchain.errors import ExitCode
from creditchain.home.files import OutputExistsError, check_output


def error_of(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, dict[str, str]]:
    """Exit code and error of a line."""
    capsys.readouterr()
    code = run(["--json", *line])
    found: dict[str, str] = json.loads(capsys.readouterr().err)["error"]
    return code, found


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "x")
    return tmp_path


@pytest.mark.parametrize("group", ["upload", "node", "audit"])
def test_a_group_without_a_command(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([group]) == ExitCode.USAGE
    assert "a command is missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        ("verify", "package.json", "--policy", "nosuch"),
        ("product", "check", "nosuch"),
        ("epoch", "open", "--tag-key", "keystore:nosuch"),
        ("deploy", "--region-file", "nosuch", "--signer", "dev:0"),
        ("upload", "check", "nosuch", "--product", "registry-basic/1"),
        ("checkpoint", "show", "nosuch"),
    ],
    ids=lambda line: " ".join(line[:2]),
)
def test_a_file_that_is_not_there(
    line: tuple[str, ...], empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = error_of(capsys, *line)
    assert (code, error["found"]) == (ExitCode.COULD_NOT_CHECK, "No such file or directory")
    assert "nosuch" in json.dumps(error)
    assert list(empty_folder.iterdir()) == []


def test_a_mapping_is_replaced_only_on_demand(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty_folder / "a.csv").write_text("subject_number,tax\n", "utf-8")
    line = ("upload", "mapping", "new", "--product", "tax-payment/1", "--from", "a.csv", "-o", "a.toml")
    (empty_folder / "a.toml").write_text("mine", "utf-8")
    code, error = error_of(capsys, *line)
    assert code == ExitCode.REFUSED
    assert "--force" in error["hint"]
    assert (empty_folder / "a.toml").read_text("utf-8") == "mine"
    assert run([*line, "--force"]) == 0
    capsys.readouterr()
    assert error_of(capsys, *line[:-1], "a.csv", "--force")[0] == ExitCode.USAGE
    assert (empty_folder / "a.csv").read_text("utf-8") == "subject_number,tax\n"


def test_no_force_is_offered_where_there_is_none(empty_folder: Path) -> None:
    (empty_folder / "p.json").write_text("mine", "utf-8")
    with pytest.raises(OutputExistsError) as refused:
        check_output(empty_folder / "p.json", overwrite=None)
    assert refused.value.hint == "Choose another name."
