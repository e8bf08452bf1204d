"""What is printed: plain and whole into a pipe, never cut on a terminal, one JSON document, data never as markup."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from rich.text import Text

from creditchain.cli.app import run
from creditchain.cli.output import Output

HASHES = ["0x" + digit * 64 for digit in "ab"]
WILD = "[/a-z] [bold]x[/bold] :smile: [red"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["pipe", "terminal"])
def stdout(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What `redirect_stdout` takes in the test: a pipe, or a narrow terminal."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    return Terminal() if request.param == "terminal" else io.StringIO()


def test_no_hash_is_cut_or_wrapped(stdout: io.StringIO) -> None:
    row = [HASHES[0], bytes.fromhex(HASHES[1][2:]), "江苏省企业征信服务有限公司" * 4]
    with redirect_stdout(stdout):
        Output().table(["root", "parent", "名称"], [row])
        Output().emit({"root": HASHES[0]})
    lines = stdout.getvalue().splitlines()
    assert any(HASHES[0] in line and HASHES[1] in line for line in lines)
    assert lines[-1].split()[-1] == HASHES[0]


def test_data_is_not_markup(stdout: io.StringIO) -> None:
    with redirect_stdout(stdout):
        Output().table(["pattern"], [[WILD]], title=WILD)
        Output().emit({"pattern": WILD})
        Output().emit([WILD])
        Output().emit({}, text=WILD)
        Output().line("see ", ("bold", WILD))
    assert stdout.getvalue().count(WILD) == 6


def test_a_row_is_one_line_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [[1, "two\nlines\tand a tab", Text("valid", style="bold green"), None], [2, "long " * 200, "", 0]]
    Output().table(["n", "text", "what", "none"], rows, title="above")
    above, head, first, second = capsys.readouterr().out.splitlines()
    assert (above, head.split("\t")) == ("above", ["n", "text", "what 内容", "none"])
    assert first.split("\t") == ["1", "two lines and a tab", "valid", "None"]
    assert len(second) > 900


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.line("for people")
    output.note("for people")
    output.table(["text"], [[Text("styled")], [b"\x01"]])
    assert json.loads(capsys.readouterr().out) == [{"text": "styled"}, {"text": "0x01"}]
    with pytest.raises(RuntimeError):
        output.emit({})


def test_errors_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "show", WILD]) != 0
    assert "error" in capsys.readouterr().err


#: A product whose pattern holds a closing tag of Rich's markup, which crashed; others lost parts.
PATTERN = "^[a-z]{2}[/a-z0-9]{1,20}$"


@pytest.fixture
def product(tmp_path: Path) -> Path:
    shipped = Path(__file__).resolve().parents[3] / "scripts" / "creditchain" / "data" / "products"
    text = (shipped / "power-usage-1.toml").read_text("utf-8").replace('"power-usage"', '"heat-usage"')
    field = f'meter = {{ title = "表号", type = "string", pattern = "{PATTERN}", examples = ["ab12"] }}'
    text = text.replace("[schema.properties]", f"[schema.properties]\n{field}", 1)
    path = tmp_path / "heat-usage-1.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_pattern_is_shown_as_it_stands(product: Path, stdout: io.StringIO) -> None:
    with redirect_stdout(stdout):
        assert run(["product", "show", str(product)]) == 0
    assert PATTERN in stdout.getvalue()
    stdout.truncate(0)
    stdout.seek(0)
    with redirect_stdout(stdout):
        assert run(["product", "show", str(product), "--schema"]) == 0
    assert PATTERN in json.dumps(json.loads(stdout.getvalue()))
