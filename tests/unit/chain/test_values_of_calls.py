"""Values that no contract can take are told as input, before anything is asked."""

from __future__ import annotations

import pytest

from creditchain.chain.abi import interface
from creditchain.errors import InputError


@pytest.mark.parametrize("number", [-1, 2**24, 10**30])
def test_numbers_out_of_range(number: int) -> None:
    with pytest.raises(InputError, match="no contract can take") as refused:
        interface("NodeRegistry").encode("suspend", number)
    assert refused.value.expected == "a number from 0 to 16777215"


def test_numbers_in_range() -> None:
    assert interface("NodeRegistry").encode("suspend", 2**24 - 1)[4:] == (2**24 - 1).to_bytes(32, "big")
