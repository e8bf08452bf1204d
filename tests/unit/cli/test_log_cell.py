"""`log cell` says how a cell's key is made to whoever gives none."""

from __future__ import annotations

import json

import pytest

from creditchain.cli.app import run


def test_what_is_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", "log", "cell", "0x12"]) == 2
    printed = capsys.readouterr()
    error = json.loads(printed.out or printed.err)["error"]
    assert error["message"] == "a cell's key is 0x and 64 hex digits"
    assert "The first two digits are the space" in error["hint"]
