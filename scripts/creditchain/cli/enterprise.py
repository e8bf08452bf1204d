"""Options for how an enterprise signs: with a signer, a mnemonic, or a wallet elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.files import digits
from creditchain.cli.output_files import require_writable, save
from creditchain.errors import ConfigError, Place, UsageError, unreadable

if TYPE_CHECKING:
    from creditchain.acts.enterprise_keys import EnterpriseKey, MnemonicKeys
    from creditchain.chain.region import Region
    from creditchain.cli.output import Output
    from creditchain.messages import TypedMessage

MnemonicOption = Annotated[
    str | None,
    typer.Option(
        "--mnemonic",
        envvar="CREDITCHAIN_MNEMONIC",
        help="The enterprise's recovery words: env:VARIABLE or file:PATH. Each counterpart gets its own derived key.",
    ),
]
WalletKeyOption = Annotated[
    str | None, typer.Option("--key", help="The enterprise's address, if a wallet elsewhere signs.")
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
    """How the enterprise signs, as the options say it."""

    signer: str | None
    mnemonic: str | None
    wallet: str | None
    export: Path | None
    signature: str | None

    def key(self, region: Region) -> EnterpriseKey:
        """The key that signs. Raises UsageError, ConfigError, SignerError."""
        from creditchain.acts.enterprise_keys import WalletAnswer
        from creditchain.chain.signers import parse_signer

        if self.wallet is not None or self.signature is not None:
            if self.signature is None:
                raise UsageError("first --export-typed-data FILE, then --signature 0x… with the wallet's answer")
            return WalletAnswer(self._wallet_address(), digits(self.signature, "--signature"))
        if self.mnemonic is not None:
            return _mnemonic_keys(self.mnemonic)
        if self.signer is None:
            raise UsageError(
                "the enterprise signs",
                expected="--signer, --mnemonic, or --key with --export-typed-data or --signature",
            )
        return parse_signer(self.signer, region.chain)

    def exports(self, output: Output, make: Callable[[str], TypedMessage], *, force: bool) -> bool:
        """Write what a wallet elsewhere is to sign, if that is what was asked for; `make` takes the wallet's address.

        Raises UsageError, and as `make` and `save` do.
        """
        if self.export is None:
            return False
        if self.signature is not None:
            raise UsageError("first --export-typed-data FILE, then --signature 0x… with the wallet's answer")
        require_writable(self.export, force=force)
        message = make(self._wallet_address())
        typed_data = json.dumps(message.typed_data(), ensure_ascii=False, indent=1) + "\n"
        save(self.export, typed_data.encode(), force=force)
        following = "sign it in the wallet; then the same with --signature"
        output.emit({"typed_data": str(self.export), "next": following})
        return True

    def _wallet_address(self) -> str:
        from eth_utils.address import is_address, to_checksum_address

        if self.wallet is None or not is_address(self.wallet):
            raise UsageError("a wallet signs with --key", expected="--key 0xADDRESS of the wallet")
        return to_checksum_address(self.wallet)


def _mnemonic_keys(spec: str) -> MnemonicKeys:
    from creditchain.acts.enterprise_keys import MnemonicKeys

    return MnemonicKeys(_words(spec), os.environ.get("CREDITCHAIN_MNEMONIC_PASSPHRASE", ""))


def _words(spec: str) -> str:
    kind, _, rest = spec.partition(":")
    if kind == "env" and rest:
        if rest not in os.environ:
            raise ConfigError(f"the environment has no {rest}", hint="Set it to the words, or use file:PATH.")
        return os.environ[rest].strip()
    if kind == "file" and rest:
        try:
            return " ".join(Path(rest).read_text(encoding="utf-8").split())
        except OSError as error:
            raise unreadable("the mnemonic", rest, error) from error
        except UnicodeDecodeError as error:
            raise ConfigError("the mnemonic is not text", place=Place(rest), expected="UTF-8") from error
    # What was given is not repeated: it may be the words.
    raise UsageError("not a mnemonic", expected="env:VARIABLE or file:PATH")
