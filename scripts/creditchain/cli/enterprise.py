"""How an enterprise signs: by a keystore or other signer, from a mnemonic, or with a wallet elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from creditchain.cli.handing import digits, save, tell
from creditchain.errors import ConfigError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.cli.output import Output
    from creditchain.messages import TypedMessage
    from creditchain.messages.enterprise_keys import KeyUse

_Message = TypeVar("_Message", bound="TypedMessage")

MnemonicOption = Annotated[
    str | None,
    typer.Option(
        "--mnemonic",
        envvar="CREDITCHAIN_MNEMONIC",
        help="The enterprise's words: env:VARIABLE or file:PATH. Another key for each counterpart is derived.",
    ),
]
WalletKeyOption = Annotated[
    str | None, typer.Option("--key", help="The enterprise's address, when a wallet elsewhere signs.")
]
ExportOption = Annotated[
    Path | None,
    typer.Option("--export-typed-data", help="Write what the wallet of --key is to sign (eth_signTypedData_v4)."),
]
SignatureOption = Annotated[
    str | None, typer.Option("--signature", help="What the wallet of --key answered: 0x and hex digits.")
]


@dataclass(frozen=True)
class Enterprise:
    """How the enterprise signs: a keystore or other signer, a mnemonic, or a wallet elsewhere."""

    signer: str | None
    mnemonic: str | None
    key: str | None
    export: Path | None
    signature: str | None

    def sign(
        self, region: Region, use: KeyUse, node: int, fill: Callable[[str], _Message]
    ) -> tuple[_Message, bytes] | None:
        """The message for the enterprise's key, and its signature. None: written for the wallet to sign.

        `fill` makes the message for a key's address; `node` is the counterpart that a mnemonic's key is derived for.
        """
        if self.key is not None or self.export is not None or self.signature is not None:
            return self._by_wallet(region, fill)
        if self.mnemonic is not None:
            from creditchain.chain.signers import LocalSigner
            from creditchain.messages.enterprise_keys import derive_key

            words, passphrase = _words(self.mnemonic), os.environ.get("CREDITCHAIN_MNEMONIC_PASSPHRASE", "")
            account = derive_key(words, region.deployment.log_id, use, node, passphrase)
            message = fill(str(account.address))
            return message, LocalSigner(bytes(account.key)).sign_typed(message.typed_data())

        from creditchain.chain.signers import parse_signer

        if self.signer is None:
            raise UsageError(
                "the enterprise signs",
                expected="--signer, --mnemonic, or --key with --export-typed-data or --signature",
            )
        found = parse_signer(self.signer, region.chain)
        message = fill(found.address)
        return message, found.sign_typed(message.typed_data())

    def _by_wallet(self, region: Region, fill: Callable[[str], _Message]) -> tuple[_Message, bytes] | None:
        from eth_utils.address import is_address, to_checksum_address

        from creditchain.chain.wallets import signed
        from creditchain.messages import SignatureError

        if self.key is None or not is_address(self.key):
            raise UsageError("a wallet signs with --key", expected="--key 0xADDRESS of the wallet")
        if (self.export is None) == (self.signature is None):
            raise UsageError("first --export-typed-data FILE, then --signature 0x… of what the wallet answered")
        message = fill(to_checksum_address(self.key))
        if self.export is not None:
            save(self.export, (json.dumps(message.typed_data(), ensure_ascii=False, indent=1) + "\n").encode())
            return None
        signature = _low_v(digits(self.signature or "", "--signature"))
        if not signed(region.chain, to_checksum_address(self.key), message, signature):
            raise SignatureError(
                "this is not the wallet's signature over this message",
                expected=f"one by {to_checksum_address(self.key)}",
                found=_signer_of(message, signature),
                hint="Did the wallet sign the file that was exported last, on this network?",
            )
        return message, signature


def to_sign(output: Output, export: Path | None) -> None:
    """Say that the wallet has to sign what was exported."""
    tell(output, {"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"})


def _low_v(signature: bytes) -> bytes:
    """Some wallets write the recovery byte as 0 or 1; contracts take 27 or 28."""
    if len(signature) == 65 and signature[64] in (0, 1):
        return signature[:64] + bytes([signature[64] + 27])
    return signature


def _signer_of(message: TypedMessage, signature: bytes) -> str:
    from creditchain.messages import SignatureError, recover

    try:
        return f"one by {recover(message, signature)}"
    except SignatureError as error:
        return error.message


def _words(spec: str) -> str:
    kind, _, rest = spec.partition(":")
    if kind == "env" and rest:
        if rest not in os.environ:
            raise ConfigError(f"the environment has no {rest}", hint="Set it to the words, or use file:PATH.")
        return os.environ[rest].strip()
    if kind == "file" and rest:
        try:
            return " ".join(Path(rest).read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            found = type(error).__name__
            raise ConfigError("the mnemonic can not be read", place=Place(rest), found=found) from error
    # What was given is not repeated: it may be the words.
    raise UsageError("not a mnemonic", expected="env:VARIABLE or file:PATH")
