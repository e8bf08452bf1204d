"""What all packages of a region share: it grows with members and products, not with what was ever published."""

from __future__ import annotations

import pytest

from creditchain.acts.showing_facts import _SHARED
from creditchain.log.members import compromise_key, member_key
from creditchain.log.publishing_cells import auditor_key, closed_key, flags_key, listed_key, product_key, total_key
from creditchain.vocabulary import Space


def shared(key: bytes) -> bool:
    return any(one.low <= key <= one.high for one in _SHARED)


@pytest.mark.parametrize("entry", [1, 10_000_000, 2**40 - 1])
def test_an_entry_of_a_batch_or_a_book_adds_nothing(entry: int) -> None:
    """A region audits some twenty books a day: after three years, who audited them would fill a megabyte."""
    assert not shared(flags_key(entry))
    assert not shared(auditor_key(entry))


@pytest.mark.parametrize("node", [1, 2**24 - 1])
def test_what_is_of_a_node_or_a_key_is_shared(node: int) -> None:
    whole = (total_key(node, 2**32 - 1), closed_key(node), member_key(node), compromise_key("0x" + "ff" * 20))
    assert all(map(shared, whole))
    assert all(map(shared, (product_key(node), listed_key(Space.PUBLISHER, node))))
