"""Help of every command: what it is in both languages, and what each of its options means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from creditchain.cli.app import whole_command

#: Commands for one operator alone: nobody proposes what they do.
ALONE = (("anchor",), ("record", "revoke"), ("checkpoint", "sign"), ("node", "accept"), ("node", "rotate"))
#: Commands that governors decide together.
TOGETHER = (("node", "suspend"), ("node", "replace"), ("limit", "accept"), ("upgrade", "swap"), ("audit", "annul"))


def commands(node: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below a group, with its words."""
    for name, command in (node or whole_command()).commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_is_named_in_both_languages(words: tuple[str, ...]) -> None:
    first = (COMMANDS[words].help or "").split("\n\n")[0]
    assert re.search(r"[a-z].*[\u4e00-\u9fff]", first, re.DOTALL)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_option_says_what_it_means(words: tuple[str, ...]) -> None:
    silent = [one.name for one in COMMANDS[words].params if not getattr(one, "help", None) and not one.metavar]
    assert silent == []


@pytest.mark.parametrize("words", [*ALONE, *TOGETHER], ids=" ".join)
def test_a_proposal_is_offered_where_governors_decide(words: tuple[str, ...]) -> None:
    signer = next(one for one in COMMANDS[words].params if one.name == "signer")
    assert ("propose:FILE" in signer.help) == (words in TOGETHER)
