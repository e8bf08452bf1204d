"""An enterprise's keys: one mnemonic gives a different key for each counterpart, so that no two see the same key.

BIP-39 and BIP-32; the path is m/44'/60'/log'/use/node with `log` the first 31 bits of the region's log id, since node
numbers repeat from region to region.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from creditchain.errors import InputError
from creditchain.hashing import require_hash

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


class KeyUse(IntEnum):
    """What a key is used for: the fourth level of the path."""

    CONSENT = 0  #: the node is the institution
    DISPUTE = 1  #: the node is the publisher of the record


class MnemonicError(InputError):
    """The words are not a BIP-39 mnemonic. The error never repeats them."""


def key_path(log_id: bytes, use: KeyUse, node: int) -> str:
    """The BIP-32 path of the key for one node of the region with this log id (32 bytes)."""
    region = int.from_bytes(require_hash(log_id, "log_id")[:4], "big") >> 1
    if not 0 < node < 1 << 24:
        raise ValueError("a node number is from 1 to 2^24 - 1")
    return f"m/44'/60'/{region}'/{use.value}/{node}"


def derive_key(mnemonic: str, log_id: bytes, use: KeyUse, node: int, passphrase: str = "") -> LocalAccount:
    """The account for one node. Raises MnemonicError."""
    from eth_account import Account
    from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
    from eth_utils.exceptions import ValidationError

    path = key_path(log_id, use, node)
    try:
        seed = seed_from_mnemonic(mnemonic, passphrase)
    except ValidationError:
        # Not chained: the cause quotes the words.
        raise MnemonicError("the mnemonic is not valid", expected="12 to 24 words of BIP-39") from None
    account: LocalAccount = Account.from_key(key_from_seed(seed, path))
    return account
