"""Audits and proofs of disorder from lists of leaves."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from creditchain.documents import leaf_hash
from creditchain.documents.commitments import leaf_key
from creditchain.merkle import Leaf, root
from creditchain.verification import audit as room
from creditchain.verification.audit import LeafList, audit_list, audit_report, first_disorder, report_digest, union


def leaves(count: int) -> list[Leaf]:
    """Leaves in order, some of them of one tag, some of one tag and section."""
    digests = [hashlib.sha256(bytes([number])).digest() for number in range(count)]
    return sorted(Leaf(digests[n // 3], n % 2, n % 4, digests[n]) for n in range(count))


def listed(given: list[Leaf]) -> LeafList:
    """The same leaves as keys."""
    keys = [leaf_key(*leaf) for leaf in given]
    return LeafList(np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 69))


@pytest.mark.parametrize("count", [*range(1, 34), 200])
def test_a_list_in_order(count: int) -> None:
    given = leaves(count)
    found = audit_list(listed(given))
    assert found.root == root([leaf_hash(*leaf) for leaf in given])
    assert (found.size, found.disorder) == (count, None)
    assert found.subjects == len({leaf.tag for leaf in given})
    assert first_disorder(listed(given)) is None


@pytest.mark.parametrize("count", [2, 3, 8, 33])
def test_each_pair_out_of_order_is_found(count: int) -> None:
    for place in range(count - 1):
        for twice in (False, True):
            given = leaves(count)
            given[place], given[place + 1] = given[place + 1], given[place + 1 if twice else place]
            found = first_disorder(listed(given))
            assert found is not None
            assert abs(found - place) <= 1
            assert not given[found] < given[found + 1]


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_the_union_of_lists_is_in_order(parts: int) -> None:
    given = leaves(33)
    lists = [listed(given[part::parts]) for part in range(parts)]
    whole = union(lists)
    assert [whole.leaf(index) for index in range(33)] == given
    assert audit_list(whole).root == root([leaf_hash(*leaf) for leaf in given])


def test_a_leaf_in_two_lists_is_a_disorder_of_their_union() -> None:
    given = leaves(9)
    whole = union([listed(given[:5]), listed(given[4:])])
    assert first_disorder(whole) == 4


def test_disorder_across_the_border_of_two_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_CHUNK", 4)
    for place in range(19):
        given = leaves(20)
        given[place], given[place + 1] = given[place + 1], given[place]
        found = audit_list(listed(given)).disorder
        assert found is not None
        assert abs(found - place) <= 1
        assert not given[found] < given[found + 1]


def test_keys_are_compared_as_65_bytes_with_zeros_at_the_end() -> None:
    tag = bytes(32)
    given = [Leaf(tag, 0, 0, bytes(32)), Leaf(tag, 0, 0, bytes(31) + b"\1"), Leaf(tag, 1, 0, bytes(32))]
    assert audit_list(listed(given)).disorder is None
    assert audit_list(listed([given[0], given[0]])).disorder == 0


def test_a_report_is_the_same_each_time_and_names_what_was_audited() -> None:
    found = audit_list(listed(leaves(9)))
    digest = report_digest(audit_report(found, log_id=bytes(32), node=3, key_epoch=1, auditor=1, batches=2))
    assert digest == report_digest(audit_report(found, log_id=bytes(32), node=3, key_epoch=1, auditor=1, batches=2))
    assert digest != report_digest(audit_report(found, log_id=bytes(32), node=4, key_epoch=1, auditor=1, batches=2))
