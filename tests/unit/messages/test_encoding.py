"""The hashes of EIP-712 messages are those that eth-account, an implementation of others, computes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from creditchain.chain.signers import LocalSigner
from creditchain.hashing import keccak256
from creditchain.messages import compact
from creditchain.messages.encoding import struct_hash, typed_data_digest

KEY = keccak256(b"a key")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "uint8": st.integers(0, 2**8 - 1),
    "uint40": st.integers(0, 2**40 - 1),
    "uint256": st.integers(0, 2**256 - 1),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes": st.binary(max_size=100),
    "string": st.text(max_size=40),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
}


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    types = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=6))
    members = {f"member{place}": draw(VALUES[type_]) for place, type_ in enumerate(types)}
    return {
        "types": {
            "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "salt", "type": "bytes32"}],
            "Thing": [{"name": name, "type": type_} for name, type_ in zip(members, types, strict=True)],
        },
        "primaryType": "Thing",
        "domain": {"name": "a domain", "salt": "0x" + KEY.hex()},
        "message": {name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in members.items()},
    }


@given(messages())
def test_the_digest_is_that_of_eth_account(message: dict[str, Any]) -> None:
    theirs = encode_typed_data(full_message=json.loads(json.dumps(message)))
    assert typed_data_digest(message) == keccak256(b"\x19" + theirs.version + theirs.header + theirs.body)


@given(messages())
def test_the_signature_is_that_of_eth_account(message: dict[str, Any]) -> None:
    theirs = Account.from_key(KEY).sign_message(encode_typed_data(full_message=message))
    assert LocalSigner(KEY).sign_typed(message) == compact(bytes(theirs.signature))


@pytest.mark.parametrize(
    ("type_", "value"), [("uint8", 256), ("uint8", -1), ("bytes32", b"short"), ("address", "0x12"), ("bytes4", "0xzz")]
)
def test_a_value_that_does_not_fit(type_: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"fit|expected|fromhex"):
        struct_hash("Thing", (("member", type_),), [value])


@pytest.mark.parametrize("type_", ["uint256[]", "Other", "int8"])
def test_a_type_that_is_not_encoded(type_: str) -> None:
    with pytest.raises(ValueError, match="not encoded here"):
        struct_hash("Thing", (("member", type_),), [1])
