"""With --json every command prints exactly one document: a result on stdout, or an error on stderr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from creditchain.cli.app import run, whole_command


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inner in group.commands.items():
        if getattr(inner, "commands", None):
            yield from commands(inner, (*path, name))
        else:
            yield (*path, name)


#: All but the long demo, whose one document test_demo.py reads.
ALL = sorted(set(commands(whole_command())) - {("demo",)})


@pytest.mark.parametrize("command", ALL, ids=" ".join)
def test_a_bare_command_gives_one_document(
    command: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, without arguments: most are refused, some list what ships."""
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()
    code = run([*command, "--json"])
    out, err = capfd.readouterr()
    if code == 0:
        json.loads(out)
        assert err == ""
    else:
        assert out == ""
        assert json.loads(err)["error"]["exit_code"] == code
        assert code not in (1, 70), err
