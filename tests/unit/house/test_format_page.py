"""The tables of docs/format.md say what the code has: prefixes with their lengths, kinds, spaces, sections, domains."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from creditchain.documents import Domain, Section
from creditchain.documents import commitments as documents
from creditchain.identifiers import tags
from creditchain.identifiers.subjects import Subject
from creditchain.log import cells, entries
from creditchain.merkle import hashing as trees
from creditchain.messages import consents
from creditchain.products import Purpose
from creditchain.vocabulary import EntryKind, Finding, Space

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "format.md").read_text("utf-8")
NONE, ADDRESS = bytes(32), "0x" + "00" * 20


def section(number: int) -> str:
    return PAGE.split(f"\n## {number}. ")[1].split("\n## ")[0]


def squeezed(name: str) -> str:
    return name.replace("_", "").lower()


HASHED: dict[str, Callable[[], bytes]] = {
    "leaf of a batch tree": lambda: documents.leaf_hash(NONE, Section.BASIC, 1, NONE),
    "leaf of a region log": lambda: entries.entry_hash(1, 1, NONE, 0, ADDRESS, 0, NONE, NONE),
    "inner node of any tree": lambda: trees.node_hash(NONE, NONE),
    "subject tag": lambda: tags.subject_tag(NONE, Subject("USCC", "914403001922038216")),
    "key epoch digest": lambda: tags.epoch_digest(NONE),
    "commitment to a document": lambda: documents.commitment(NONE, "a/b", b""),
    "salt of a document": lambda: documents.salt(NONE, NONE, b"{}"),
    "subject digest": lambda: consents.subject_digest(NONE, NONE),
    "salted digest": lambda: consents.salted_digest(NONE, b""),
    "leaf of a state tree": lambda: cells.Cell(NONE, cells.cell_word(0, 1)).hash(),
}


def rows() -> list[tuple[int, str, str]]:
    found = re.findall(r"^\| `0x(..)` \| (.+?) \| (≥ )?(\d+) \|$", section(1), re.MULTILINE)
    return [(int(prefix, 16), what, f"{least}{length}") for prefix, what, least, length in found]


def name_of(what: str) -> str:
    return next(name for name in HASHED if what.startswith(name))


def test_every_use_of_the_hash_is_listed_once() -> None:
    assert sorted(name_of(what) for _, what, _ in rows()) == sorted(HASHED)


@pytest.mark.parametrize(("prefix", "what", "length"), rows(), ids=lambda value: str(value)[:24])
def test_prefix_and_length_are_what_is_hashed(
    prefix: int, what: str, length: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    for module in (documents, entries, trees, tags, consents, cells):
        monkeypatch.setattr(module, "keccak256", lambda data: seen.append(data) or NONE)
    HASHED[name_of(what)]()
    assert seen[-1][0] == prefix
    if length.startswith("≥"):
        assert len(seen[-1]) >= int(length[2:])
    else:
        assert len(seen[-1]) == int(length)


def test_kinds_in_their_order() -> None:
    table = section(5).split("| kind | | body |")[1].split("\n\n")[0]
    found = re.findall(r"^\| (\d+) \| (\w+) \| ", table, re.MULTILINE)
    assert [(int(kind), name.lower()) for kind, name in found] == [(int(k), squeezed(k.name)) for k in EntryKind]


def test_spaces_in_their_order() -> None:
    table = section(5).split("| space | | id |")[1].split("\n\n")[0]
    found = re.findall(r"^\| (\d+) \| (\w+) \| ", table, re.MULTILINE)
    assert [(int(space), name.lower()) for space, name in found] == [(int(s), squeezed(s.name)) for s in Space]


def test_sections_and_domains() -> None:
    table = section(3).split("| section | 中文 | byte |")[1].split("\n\n")[0]
    found = {name: int(number) for name, number in re.findall(r"`(\w+)` \| [^|]+ \| (\d+)", table)}
    assert found == {one.label: int(one) for one in (*Section, *Domain)}


def test_purposes() -> None:
    table = section(6).split("| purpose | 中文 | | purpose | 中文 |")[1].split("\n\n")[0]
    found = {name: int(number) for number, name in re.findall(r"\| (\d+) `(\w+)`", table)}
    assert found == {one.name.lower(): int(one) for one in Purpose}


def test_findings() -> None:
    table = section(6).split("| finding | meaning |")[1].split("\n\n")[0]
    found: set[int] = set()
    for cell in re.findall(r"^\| ([\d, to]+) \|", table, re.MULTILINE):
        first, *rest = map(int, re.findall(r"\d+", cell))
        found |= set(range(first, rest[0] + 1)) if "to" in cell else {first, *rest}
    assert found == {int(finding) for finding in Finding}


def test_files_that_the_page_names_are_there() -> None:
    root = Path(__file__).resolve().parents[3]
    named = re.findall(r"`(tests/vectors/[\w./]*)`", PAGE)
    assert len(named) >= 5
    assert [path for path in named if not (root / path).exists()] == []
