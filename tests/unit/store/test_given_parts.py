"""What a publisher notes of the parts that it gave: each order once, and the answer for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from creditchain.hashing import keccak256
from creditchain.home.files import StorageError
from creditchain.home.journal import open_journal
from creditchain.home.sealing import Sealed
from creditchain.messages import LogDomain, QueryRequest
from creditchain.store.answers import Answers
from creditchain.store.parts import GivenPart, GivenParts, KnownPart

LOG = keccak256(b"log")
SEALED = Sealed("0" * 32, b"sealed")


def given(**changes: object) -> GivenPart:
    digests = {name: keccak256(name.encode()) for name in ("consent", "subject", "product", "staff")}
    request = QueryRequest(
        LogDomain(LOG), 18, 5, **digests, sections=2, domains=1, purpose=1, issued_at=1000, deadline=2000, nonce=1
    )
    made = GivenPart(request, b"s" * 64, 7, keccak256(b"order"), keccak256(b"part"), 3, 1500)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[GivenParts]:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        yield GivenParts(journal, LOG)


def find(parts: GivenParts, one: GivenPart) -> KnownPart | None:
    return parts.find(one.request.id, one.node, one.order)


def test_what_was_given_is_known_again(parts: GivenParts) -> None:
    assert find(parts, given()) is None
    assert parts.give(given(), SEALED) is None
    assert find(parts, given()) == KnownPart(1500, SEALED)


def test_the_first_answer_to_an_order_counts(parts: GivenParts) -> None:
    parts.give(given(), SEALED)
    again = parts.give(given(given_at=1600), Sealed("1" * 32, b"other"))
    assert again == KnownPart(1500, SEALED)
    assert parts.count() == 1


@pytest.mark.parametrize("changes", [{"node": 8}, {"order": keccak256(b"other")}], ids=["node", "order"])
def test_another_order_is_another_part(parts: GivenParts, changes: dict[str, object]) -> None:
    parts.give(given(), SEALED)
    assert find(parts, given(**changes)) is None
    assert parts.give(given(**changes), SEALED) is None
    assert parts.count() == 2


def test_another_log_knows_nothing_of_it(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        GivenParts(journal, LOG).give(given(), SEALED)
        assert find(GivenParts(journal, keccak256(b"other log")), given()) is None


def test_an_answer_is_forgotten_and_the_part_is_not(parts: GivenParts) -> None:
    other = Sealed("1" * 32, b"other")
    parts.give(given(), SEALED)
    parts.give(given(node=8), other)
    assert parts.drop_answers(SEALED.key) == 1
    assert find(parts, given()) == KnownPart(1500, None)
    assert find(parts, given(node=8)) == KnownPart(1500, other)


def test_old_answers_of_all_holders_are_forgotten(parts: GivenParts, tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers", -3600)
    sealed = answers.seal(b"part")
    parts.give(given(), sealed)
    assert answers.open(sealed) == b"part"
    assert answers.forget_old(parts) == 1
    assert find(parts, given()) == KnownPart(1500, None)
    assert answers.open(sealed) is None


def test_an_answer_that_a_consent_does_not_let_wait_is_dropped(parts: GivenParts) -> None:
    made = [given(node=node) for node in range(3)]
    for one, drop_after in zip(made, (None, 1600, 1601), strict=True):
        parts.give(one, SEALED, drop_after)
    assert parts.drop_due(1600) == 0
    assert parts.drop_due(1601) == 1
    assert [find(parts, one) for one in made] == [
        KnownPart(1500, SEALED),
        KnownPart(1500, None),
        KnownPart(1500, SEALED),
    ]
    assert parts.drop_due(1601) == 0
    assert parts.count() == 3


def test_the_clock_of_one_log_drops_nothing_of_another(tmp_path: Path) -> None:
    with open_journal(tmp_path / "journal.sqlite") as journal:
        parts, others = GivenParts(journal, LOG), GivenParts(journal, keccak256(b"another"))
        parts.give(given(), SEALED, 1600)
        assert others.drop_due(2**40) == 0
        assert find(parts, given()) == KnownPart(1500, SEALED)


def test_a_key_that_cannot_be_destroyed_keeps_no_other(parts: GivenParts, tmp_path: Path) -> None:
    folder, names = tmp_path / "keys", []
    for node in range(3):
        answers = Answers(folder, 0)  # each with a key of its own
        sealed = answers.seal(b"a part")
        parts.give(given(node=node), sealed)
        names.append(sealed.key)
        os.utime(folder / f"{sealed.key}.key", (0, 0))
    broken = folder / f"{sorted(names)[1]}.key"
    broken.unlink()
    broken.mkdir()
    os.utime(broken, (0, 0))
    with pytest.raises(StorageError):
        answers.forget_old(parts)
    assert list(folder.iterdir()) == [broken]
    left = [find(parts, given(node=node)) for node in range(3)]
    assert sum(one is not None and one.answer is not None for one in left) == 1
