"""The vectors of facts under a checkpoint: words, absence, entries, and what must be refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import read_facts
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.errors import InputError
from creditchain.log.facts import EntryPlace, MissingFactError
from vectors.reading import load

VECTORS = load("facts")
PINNED = PinnedSigners(VECTORS["log_id"], VECTORS["epoch"], frozenset(VECTORS["signers"]), VECTORS["threshold"])


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", named(VECTORS["taken"]))
def test_what_facts_say(case: dict[str, Any]) -> None:
    facts = SignedFacts(read_facts(json.loads(case["facts"])), PINNED)
    for key, word in case["words"]:
        assert facts.knows(key) is (word is not None)
        if word is None:
            with pytest.raises(MissingFactError):
                facts.words([key])
        else:
            assert facts.words([key]) == [word]
    assert [index for index in range(facts.head.size) if facts.has_entry(index)] == case["entries"]
    found = facts.entries([EntryPlace(index) for index in case["entries"]])
    assert [one.index for one in found] == case["entries"]


@pytest.mark.parametrize("case", named(VECTORS["refused"]))
def test_what_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises((CheckpointError, InputError)):
        SignedFacts(read_facts(json.loads(case["facts"])), PINNED)
