"""Makes text that matches a simple pattern: literals, classes, groups, choices and counts, as products use them."""

from __future__ import annotations

import random
import re
import string

from creditchain.errors import InputError

_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_COUNTS = re.compile(r"\{([0-9]+)(,)?([0-9]+)?\}")
_MOST = 4  #: most repetitions of an unbounded part


class PatternError(InputError):
    """The sampler cannot make text for a pattern."""


def matching(pattern: str, rng: random.Random) -> str:
    """Text that matches `pattern` (anchored with ^ and $), chosen by `rng`. Raises PatternError."""
    parser = _Parser(pattern.removeprefix("^").removesuffix("$"), rng)
    text = parser.choice()
    if parser.position != len(parser.pattern):
        raise parser.error()
    return text


class _Parser:
    """Recursive descent over the pattern that writes the text as it goes."""

    def __init__(self, pattern: str, rng: random.Random) -> None:
        self.pattern = pattern
        self.rng = rng
        self.position = 0

    def error(self) -> PatternError:
        return PatternError(
            "the sampler cannot make text for this pattern",
            found=self.pattern,
            hint="Give the field `examples` in the product file.",
        )

    def choice(self) -> str:
        options = [self.sequence()]
        while self.peek() == "|":
            self.position += 1
            options.append(self.sequence())
        return self.rng.choice(options)

    def sequence(self) -> str:
        parts = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated())
        return "".join(parts)

    def repeated(self) -> str:
        start = self.position
        if self.peek() == "[":  # the common case, without reading the class again for each character
            self.position += 1
            members = self.members()
            low, high = self.counts()
            return "".join(self.rng.choices(members, k=self.rng.randint(low, high)))
        text = self.atom()
        low, high = self.counts()
        end = self.position
        parts = [text]
        for _ in range(high - 1):  # each repetition draws anew
            self.position = start
            parts.append(self.atom())
        self.position = end
        return "".join(parts[: self.rng.randint(low, high)])

    def atom(self) -> str:
        character = self.take()
        if character == "(":
            if self.pattern.startswith("?:", self.position):
                self.position += 2
            text = self.choice()
            if self.take() != ")":
                raise self.error()
            return text
        if character == "\\":
            escaped = self.take()
            return self.rng.choice(_CLASSES[escaped]) if escaped in _CLASSES else self.literal(escaped)
        if character in "^$?*+{}.":
            raise self.error()
        return character

    def members(self) -> str:
        found = ""
        while (character := self.take()) != "]":
            if character == "^" and not found:
                raise self.error()
            if character == "\\":
                escaped = self.take()
                found += _CLASSES[escaped] if escaped in _CLASSES else self.literal(escaped)
            elif self.peek() == "-" and self.pattern[self.position + 1 : self.position + 2] not in ("]", ""):
                self.position += 1
                found += "".join(map(chr, range(ord(character), ord(self.take()) + 1)))
            else:
                found += character
        return found

    def counts(self) -> tuple[int, int]:
        character = self.peek()
        if character in ("?", "*", "+"):
            self.position += 1
            return {"?": (0, 1), "*": (0, _MOST), "+": (1, _MOST)}[character]
        if character != "{":
            return 1, 1
        found = _COUNTS.match(self.pattern, self.position)
        if found is None:
            raise self.error()
        self.position = found.end()
        low, comma, high = found.groups()
        return int(low), int(high) if high else int(low) + (_MOST if comma else 0)

    def literal(self, escaped: str) -> str:
        if escaped.isalnum():
            raise self.error()
        return escaped

    def peek(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        character = self.peek()
        if not character:
            raise self.error()
        self.position += 1
        return character
