"""The command lines of a page, in its order, and a shell in this process that runs what is typed for each of them."""

from __future__ import annotations

import json
import re
import shlex
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from eth_account import Account

from creditchain.chain.signers import dev_key
from creditchain.cli.app import run

DOCS = Path(__file__).parents[2] / "docs"


def address(number: int) -> str:
    """The address of a development key."""
    return str(Account.from_key(dev_key(number)).address)


def page_lines(page: str) -> list[str]:
    """The lines that begin with `creditchain` in the blocks of a page, without their comments."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [" ".join(line.split("#")[0].split()) for line in re.findall(r"^(?:    )?(creditchain .*)$", text, re.M)]


class Typist:
    """Types lines into one folder. `{root}` and the like in a line stand for what earlier lines answered."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def type(self, line: str) -> Any:
        """The JSON that a line printed, the last document of several; an assertion if it failed."""
        code, printed, said = self._run(line)
        assert code == 0, f"{line}: {code}: {said}"
        found: Any = None
        for document in re.split(r"\n(?=[{\[])", printed.strip()):
            found = json.loads(document) if document else None
        return found

    def refused(self, line: str) -> tuple[int, str]:
        """Exit code and message of a line that has to fail."""
        code, printed, said = self._run(line)
        assert code, f"{line}: {printed}"
        return code, json.loads(said)["error"]["message"]

    def _run(self, line: str) -> tuple[int, str, str]:
        words = shlex.split(line.removeprefix("creditchain ").format(**self.known))
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["--json", *words])
        return code, out.getvalue(), err.getvalue()

    def play(self, lines: list[str], instead: dict[str, list[str]]) -> None:
        """Type each line of a page, or what stands for it where it has places to fill in; nothing for an empty list."""
        unused = instead.keys() - set(lines)
        assert not unused, f"not on the page: {unused}"
        for line in lines:
            for typed in instead.get(line, [line]):
                if typed.startswith("!"):
                    getattr(self, typed[1:])()
                else:
                    self.remember(self.type(typed))

    def remember(self, answer: Any) -> None:
        """What later lines name: the first of each name in an answer."""
        if isinstance(answer, dict):
            self.known |= {name: str(value) for name, value in answer.items() if isinstance(value, str | int)}

    def wait(self) -> None:
        """Until the operations that wait are due; `{operation}` and `{another}` are their ids."""
        waiting = [one for one in self.type("govern list") if one["state"] in ("waiting", "due")]
        self.known |= dict(zip(("operation", "another"), (one["operation"] for one in waiting), strict=False))
        time.sleep(1 + max(one["seconds_left"] for one in waiting))
