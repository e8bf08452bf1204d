"""`python -m tools.commands`: write docs/commands.md, the list of all commands, from their help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from creditchain.cli.app import whole_command
from tools.compiling import PROJECT

PAGE = PROJECT / "docs" / "commands.md"
_HEAD = """# Commands 命令
All commands, as their help says it; `python -m tools.commands` writes this page. `creditchain COMMAND --help` lists the
options of one. Options of all commands (`--network`, `--home`, `--json` …) may stand anywhere on the line.
See also [exit codes](operations.md#exit-codes) and [environment variables](operations.md#environment-variables).
"""


def page() -> str:
    """The page: a table for each group, and one for the commands that stand alone."""
    found = whole_command().commands
    alone = [name for name in found if not hasattr(found[name], "commands")]
    groups = [name for name in found if name not in alone]
    tables = [_table("Alone 单独命令", ((name, found[name]) for name in alone))]
    tables += [_table(_first(found[name]), _commands(name, found[name])) for name in groups]
    return _HEAD + "".join(tables)


def _commands(words: str, group: Any) -> Iterator[tuple[str, Any]]:
    if getattr(group, "invoke_without_command", False):
        yield words, group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{words} {name}", command)
        else:
            yield f"{words} {name}", command


def _table(title: str, commands: Iterator[tuple[str, Any]]) -> str:
    rows = "".join(f"| `{words}` | {_first(command)} |\n" for words, command in commands)
    return f"\n## {title}\n| command | what it does |\n|---|---|\n{rows}"


def _first(command: Any) -> str:
    text = " ".join((command.help or "").split("\n\n")[0].split())
    return re.sub(r"(<[a-z]+>)", r"`\1`", text).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
