"""How an enterprise signs: with a signer, with a key derived from its mnemonic, or with a wallet elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from creditchain.chain.region import Region
from creditchain.chain.signers import LocalSigner, Signer
from creditchain.chain.wallets import signed
from creditchain.messages import SignatureError, TypedMessage, recover
from creditchain.messages.enterprise_keys import KeyUse, derive_key

_Message = TypeVar("_Message", bound=TypedMessage)


@dataclass(frozen=True, slots=True)
class MnemonicKeys:
    """Another key for each counterpart, derived from one mnemonic."""

    words: str = field(repr=False)
    passphrase: str = field(default="", repr=False)

    def signer(self, log_id: bytes, use: KeyUse, counterpart: int) -> Signer:
        """The key for one counterpart in the region with this log id. Raises MnemonicError."""
        account = derive_key(self.words, log_id, use, counterpart, self.passphrase)
        return LocalSigner(bytes(account.key))


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """What a wallet elsewhere answered; an account's signature, or a wallet contract's (ERC-1271)."""

    wallet: str  #: checksum address
    signature: bytes


#: A plain signer is one key for all counterparts: whoever sees it twice knows that it is the same enterprise.
EnterpriseKey = Signer | MnemonicKeys | WalletAnswer


def sign_as(
    region: Region, key: EnterpriseKey, use: KeyUse, counterpart: int, fill: Callable[[str], _Message]
) -> tuple[_Message, bytes]:
    """The message that `fill` makes for the key's address, and the key's signature over it.

    `counterpart` is the node that a mnemonic's key is derived for: the institution, or the publisher of a record.
    Raises MnemonicError; SignerError; SignatureError: it is not the wallet's signature over this message.
    """
    if isinstance(key, WalletAnswer):
        message = fill(key.wallet)
        return message, _checked(region, key, message)
    signer = key.signer(region.deployment.log_id, use, counterpart) if isinstance(key, MnemonicKeys) else key
    message = fill(signer.address)
    return message, signer.sign_typed(message.typed_data())


def _checked(region: Region, answer: WalletAnswer, message: TypedMessage) -> bytes:
    signature = _usual_recovery_byte(answer.signature)
    if not signed(region.chain, answer.wallet, message, signature):
        raise SignatureError(
            "this is not the wallet's signature over this message",
            expected=f"one by {answer.wallet}",
            found=_signer_of(message, signature),
            hint="Did the wallet sign the file that was exported last, on this network?",
        )
    return signature


def _usual_recovery_byte(signature: bytes) -> bytes:
    """Some wallets write the recovery byte as 0 or 1; contracts take 27 or 28."""
    if len(signature) == 65 and signature[64] in (0, 1):
        return signature[:64] + bytes([signature[64] + 27])
    return signature


def _signer_of(message: TypedMessage, signature: bytes) -> str:
    try:
        return f"one by {recover(message, signature)}"
    except SignatureError as error:
        return error.message
