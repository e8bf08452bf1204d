"""Accounts and their storage under a state root, by EIP-1186 proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from rlp.exceptions import RLPException

from creditchain.proven.errors import StateProofError
from creditchain.proven.trie import proven_value


@dataclass(frozen=True, slots=True)
class Account:
    """What the state trie holds of an account."""

    nonce: int
    balance: int  #: wei
    storage_root: bytes  #: 32 bytes
    code_hash: bytes  #: 32 bytes


@dataclass(frozen=True, slots=True)
class StorageProof:
    """What an endpoint says of a slot (32 bytes): its word, and the nodes from the storage root on."""

    slot: bytes
    word: bytes  #: 32 bytes
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """What an endpoint says of an account (address of 20 bytes), and the nodes from the state root on."""

    address: bytes
    account: Account
    nodes: tuple[bytes, ...]
    storage: tuple[StorageProof, ...]


def proven_account(proof: AccountProof, address: bytes, state_root: bytes) -> Account:
    """The account at `address` under this state root.

    Raises:
        StateProofError: the proof does not hold, shows that there is no account, or another one than it says.
    """
    what = f"the proof of account 0x{address.hex()}"
    if proof.address != address:
        raise StateProofError(f"{what} is of another account", found="0x" + proof.address.hex())
    value = proven_value(state_root, address, proof.nodes, what)
    if value is None:
        raise StateProofError(f"there is no account 0x{address.hex()} in this state", hint="Is it the right block?")
    account = _account(value, what)
    if account != proof.account:
        raise StateProofError(f"{what} shows another account than its answer says")
    return account


def proven_word(proof: StorageProof, slot: bytes, account: Account) -> bytes:
    """The word in a slot (32 bytes) of an account, 32 bytes; zero if the proof shows that nothing is stored there.

    Raises:
        StateProofError: the proof does not hold, or shows another word than it says.
    """
    what = f"the proof of slot 0x{slot.hex()}"
    if proof.slot != slot:
        raise StateProofError(f"{what} is of another slot", found="0x" + proof.slot.hex())
    value = proven_value(account.storage_root, slot, proof.nodes, what)
    word = bytes(32) if value is None else _word(value, what)
    if word != proof.word:
        raise StateProofError(
            f"{what} shows another word than its answer says",
            expected="0x" + word.hex(),
            found="0x" + proof.word.hex(),
        )
    return word


def _account(value: bytes, what: str) -> Account:
    fields = _decoded(value, what)
    whole = isinstance(fields, list) and len(fields) == 4 and all(isinstance(field, bytes) for field in fields)
    if not whole or len(fields[2]) != 32 or len(fields[3]) != 32:
        raise StateProofError(f"{what} ends in other bytes than an account")
    nonce, balance = (int.from_bytes(field) for field in fields[:2])
    return Account(nonce, balance, fields[2], fields[3])


def _word(value: bytes, what: str) -> bytes:
    word = _decoded(value, what)
    if word == b"":
        return bytes(32)  # Anvil keeps slots that were read and are empty as leaves of zero; others have no such leaves
    if not isinstance(word, bytes) or not 0 < len(word) <= 32 or word[0] == 0:
        raise StateProofError(f"{what} ends in other bytes than a word")
    return word.rjust(32, b"\0")


def _decoded(value: bytes, what: str) -> Any:
    try:
        return rlp.decode(value)
    except RLPException as error:
        raise StateProofError(f"{what} ends in bytes that are no RLP") from error
