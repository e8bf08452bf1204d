"""Who signs: an encrypted keystore, the environment, a remote signer, or a development key on a local chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from creditchain.chain.connect import Chain

#: Gives the password of a keystore when asked with the keystore's path.
PasswordSource = Callable[[str], str]


class Signer(Protocol):
    """A key that signs without being shown."""

    @property
    def address(self) -> str:
        """Checksum address of the key."""

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        """The raw signed transaction. `transaction` has JSON-RPC field names and int/bytes/str values."""

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
        """EIP-712 signature over a full message as in eth_signTypedData_v4: 65 bytes r || s || v, v 27 or 28."""


def parse_signer(spec: str, chain: Chain, password: PasswordSource | None = None) -> Signer:
    """The signer that `spec` names.

    `keystore:PATH`, `env:VARIABLE`, `remote:URL#0xADDRESS`, `unlocked:0xADDRESS` and `dev:N` (the last two on local
    chains only).
    """
    raise NotImplementedError
