"""How an enterprise signs: with a signer, with a key derived from its mnemonic, or with a wallet elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from creditchain.chain.region import Region
from creditchain.chain.signers import LocalSigner, Signer
from creditchain.chain.wallets import signed
from creditchain.messages import SIGNATURE_BYTES, SignatureError, TypedMessage, compact, recover, signed_by
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
    signature = _shortest(message, answer)
    if not signed(region.chain, answer.wallet, message, signature):
        raise SignatureError(
            "this is not the wallet's signature over this message",
            expected=f"one by {answer.wallet}",
            found=_signer_of(message, signature),
            hint="Did the wallet sign the file that was exported last, on this network?",
        )
    return signature


def _shortest(message: TypedMessage, answer: WalletAnswer) -> bytes:
    """An account's signature in its 64 bytes. A contract's stays as it is, also if it is made of an account's."""
    try:
        short = compact(answer.signature)
    except SignatureError:
        return answer.signature
    return short if signed_by(message, short, answer.wallet) else answer.signature


def _signer_of(message: TypedMessage, signature: bytes) -> str:
    try:
        short = compact(signature) if len(signature) == SIGNATURE_BYTES + 1 else signature
        return f"one by {recover(message, short)}"
    except SignatureError as error:
        return error.message
