"""Replacements pay more: by the percentage that nodes ask for, and never less than what is asked now."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditchain.chain.fees import Fee


@pytest.mark.parametrize(
    ("old", "present", "new"),
    [
        (Fee(100, None), Fee(50, None), Fee(115, None)),
        (Fee(100, None), Fee(300, None), Fee(300, None)),
        (Fee(100, 10), Fee(90, 5), Fee(115, 12)),
        (Fee(100, 10), Fee(400, 80), Fee(400, 80)),
        (Fee(1, 1), Fee(1, 1), Fee(2, 2)),
        (Fee(0, None), Fee(0, None), None),
        (Fee(0, None), Fee(7, None), Fee(7, None)),
    ],
)
def test_a_raised_fee(old: Fee, present: Fee, new: Fee | None) -> None:
    assert old.raised(15, present) == new


@given(st.integers(1, 2**80), st.integers(0, 2**80), st.integers(10, 1000))
def test_a_raised_fee_is_what_nodes_ask_for(limit: int, present: int, percent: int) -> None:
    raised = Fee(limit, limit).raised(percent, Fee(present, present))
    assert raised is not None
    assert raised.tip is not None
    assert raised.tip <= raised.limit
    assert raised.limit * 100 >= limit * (100 + percent)
    assert raised.tip * 100 >= limit * (100 + percent)
    assert raised.limit >= present


def test_fields() -> None:
    assert Fee(5, None).fields() == {"gasPrice": 5}
    assert Fee(5, 2).fields() == {"maxFeePerGas": 5, "maxPriorityFeePerGas": 2}
