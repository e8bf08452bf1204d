"""Commands that pages, help and errors name exist, with the options that they are given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from creditchain.cli.app import whole_command
from tools.commands import PAGE, page

ROOT = Path(__file__).resolve().parents[3]
COMMAND = whole_command()
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = sorted((ROOT / "scripts").rglob("*.py"))
#: What begins with the name of a group and is no command: one of an earlier release, fields of cells, a weakness.
OTHERS = {
    "CHANGELOG.md": {"batch audit"},
    "format.md": {"node 24, since 40, until 40", "tag not vouched for"},
}


def named(text: str) -> Iterator[str]:
    """What a text names between backticks: what starts with `creditchain`, or with the name of a group."""
    for span in re.findall(r"`([^`\n]+)`", text):
        first, *more = span.split() or [""]
        if first == "creditchain" or (more and hasattr(COMMAND.commands.get(first), "commands")):
            yield span


def lines(page: Path) -> Iterator[str]:
    """Lines of commands, without comments and what is done with their output."""
    for line in page.read_text("utf-8").replace("\\\n", " ").splitlines():
        if found := re.match(r"\s*(?:env -u \w+ )?(creditchain [^#|;&]+)", line):
            yield found[1]


def wrong(text: str) -> str | None:
    """What is not so in a command line, as far as it goes; None if all of it is."""
    words = [word.rstrip(",.;:)") for word in text.replace("…", " ").split()]
    node: Any = COMMAND
    options = set(_options(node))
    for word in words[words[0] == "creditchain" :]:
        if word.startswith("-"):
            if word.split("=")[0] not in options:
                return f"{text!r}: no option {word}"
        elif hasattr(node, "commands") and re.fullmatch(r"[a-z-]+", word):
            if word not in node.commands:
                return f"{text!r}: no command {word}"
            node = node.commands[word]
            # `govern propose FILE` takes a whole command.
            options |= set(_options(node))
    return None


def _options(node: Any) -> Iterator[str]:
    yield from ("--help", "-h")
    for parameter in node.params:
        yield from (*parameter.opts, *parameter.secondary_opts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_commands_that_exist(page: Path) -> None:
    spans = [span for span in named(page.read_text("utf-8")) if span not in OTHERS.get(page.name, set())]
    assert [fault for text in (*spans, *lines(page)) if (fault := wrong(text))] == []


def test_help_and_errors_name_commands_that_exist() -> None:
    found = 0
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for span in named(node.value):
                    found += 1
                    assert wrong(span) is None, f"{path.relative_to(ROOT)}:{node.lineno}"
    assert found > 100


def test_the_page_of_commands_is_what_help_says() -> None:
    assert page() == PAGE.read_text("utf-8"), "write it anew: python -m tools.commands"


@pytest.mark.parametrize(
    "text", ["node compromised", "creditchain batch audit", "creditchain deploy --nosuch", "log no"]
)
def test_what_does_not_exist_is_seen(text: str) -> None:
    assert list(named(f"see `{text}`")) == [text]
    assert wrong(text)
