"""Global options work wherever they stand on the line: they are moved to the front before the line is parsed.

The parser takes an application's options only before the name of the command. People write
`creditchain verify X --network anvil --json`; so this walks the line as the parser would, with the options of the
command that was reached, and moves what that command does not know but the application does. An option of a command
wins over a global one of the same name, and what stands after `--` is left alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from creditchain.cli.failures import SEE_HELP
from creditchain.errors import UsageError

#: How many words an option takes after it, by every way to write the option.
_Options = Mapping[str, int]


def to_the_front(words: Sequence[str], application: Any) -> tuple[list[str], list[str]]:
    """The global options of a line, and the rest of it, both in their order.

    Raises UsageError for a global option whose value is missing: moved to the front, it would take the command's name.
    """
    moved: list[str] = []
    kept: list[str] = []
    everywhere, command = _options(application), application
    waiting = deque(words)
    while waiting:
        word = waiting.popleft()
        if word == "--":
            kept += [word, *waiting]
            break
        inner = getattr(command, "commands", {}).get(word)
        if inner is not None:
            command = inner
            kept.append(word)
        else:
            own = {} if command is application else _options(command)
            if not _option(word, waiting, (own, everywhere), (kept, moved)):
                kept.append(word)
    return moved, kept


def _option(
    word: str, waiting: deque[str], known: tuple[_Options, _Options], goes: tuple[list[str], list[str]]
) -> bool:
    """Put an option and its value where they go; False if the word is no option that somebody knows."""
    if word.startswith("--"):
        name, joined, _ = word.partition("=")
        parts = [(name, word, bool(joined))]
    elif word.startswith("-") and len(word) > 1:
        parts = _letters(word, known)
    else:
        return False
    if not parts or not all(any(name in options for options in known) for name, _, _ in parts):
        return False
    for name, written, complete in parts:
        at = 0 if name in known[0] else 1
        goes[at].append(written)
        if not complete:
            if at and len(waiting) < known[at][name]:
                raise UsageError(f"the option {name} needs a value", hint=SEE_HELP)
            goes[at].extend(waiting.popleft() for _ in range(min(known[at][name], len(waiting))))
    return True


def _letters(word: str, known: tuple[_Options, _Options]) -> list[tuple[str, str, bool]]:
    """Each letter of a word such as `-qo` or `-nanvil`, how to write it alone, and whether its value stands with it."""
    parts: list[tuple[str, str, bool]] = []
    for at, letter in enumerate(word[1:], 1):
        name = f"-{letter}"
        takes = next((options[name] for options in known if name in options), None)
        if takes is None:
            return []
        rest = word[at + 1 :]
        if takes and rest:
            return [*parts, (name, name + rest, True)]
        parts.append((name, name, False))
    return parts


def _options(command: Any) -> dict[str, int]:
    return {
        written: 0 if getattr(param, "is_flag", False) or getattr(param, "count", False) else param.nargs
        for param in command.params
        if param.param_type_name == "option"
        for written in (*param.opts, *param.secondary_opts)
    } | {"--help": 0, "-h": 0}
