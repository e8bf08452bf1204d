import pytest
from Crypto.Hash import keccak as pycryptodome
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from creditchain.hashing import checksummed, keccak256, require_hash


def test_the_empty_string() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize("length", range(0, 300))
def test_every_length_around_the_block_against_pycryptodome(length: int) -> None:
    data = bytes(i * 7 % 256 for i in range(length))
    assert keccak256(data) == pycryptodome.new(digest_bits=256, data=data).digest()


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_a_programming_error(length: int) -> None:
    with pytest.raises(ValueError, match=f"root must be 32 bytes, not {length}"):
        require_hash(bytes(length), "root")


@given(st.binary(min_size=20, max_size=20))
def test_an_address_has_its_checksum(account: bytes):
    assert checksummed(account) == to_checksum_address(account)


@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_no_account(length: int):
    with pytest.raises(ValueError, match=f"20 bytes, not {length}"):
        checksummed(bytes(length))
