"""Options that take names or days; errors list the names that exist."""

from __future__ import annotations

from collections.abc import Iterable

from creditchain.errors import UsageError


def names_of(option: str, text: str, known: Iterable[str]) -> list[str]:
    """Names joined by commas, each one of `known`. Raises UsageError."""
    listed, names = list(known), [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in listed]
    if unknown:
        raise UsageError(f"{option}: no such name", expected=", ".join(listed), found=", ".join(unknown))
    return names


def section_mask(option: str, text: str) -> int:
    """Sections joined by commas, as a bit set."""
    from creditchain.documents import SECTIONS

    return sum({1 << SECTIONS[name] for name in names_of(option, text, SECTIONS)})


def domain_bits(option: str, text: str) -> int:
    """Domains joined by commas, as a bit set."""
    from creditchain.documents import DOMAINS, domain_mask

    return domain_mask(DOMAINS[name] for name in names_of(option, text, DOMAINS))


def purpose_code(option: str, text: str) -> int:
    """A purpose by its name, as its code."""
    from creditchain.products import Purpose

    return int({one.label: one for one in Purpose}[names_of(option, text, (one.label for one in Purpose))[0]])


def two_days(option: str, text: str) -> tuple[int, int]:
    """`YYYYMMDD-YYYYMMDD`, as two numbers. Raises UsageError."""
    first, _, last = text.partition("-")
    if not (len(first) == len(last) == 8 and (first + last).isascii() and (first + last).isdecimal() and first <= last):
        raise UsageError(f"{option}: not a period of two days", expected="YYYYMMDD-YYYYMMDD")
    return int(first), int(last)
