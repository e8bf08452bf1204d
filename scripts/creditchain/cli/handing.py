"""What commands share that pass signed files on: reading, writing, tags, who signs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from creditchain.cli.connecting import required_signer
from creditchain.errors import ConfigError, CreditchainError, InputError, NotValidError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.signers import Signer
    from creditchain.enterprise_keys import KeyUse
    from creditchain.identifiers import Subject
    from creditchain.messages import ContractDomain, TypedMessage

_Made = TypeVar("_Made")
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
OutOption = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]
TagKeysOption = Annotated[
    list[str] | None,
    typer.Option("--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="Tag key of an epoch: keystore:PATH or env:VARIABLE."),
]
StatementOption = Annotated[Path | None, typer.Option("--tag-statement", help="A platform's tag statement about it.")]


def load(path: Path, parse: Callable[[bytes], _Made]) -> _Made:
    """A file, parsed; errors name it.

    Raises:
        UnavailableError: it can not be read. InputError: it is malformed.
    """
    from creditchain.cli.verify import read_file

    try:
        return parse(read_file(path))
    except CreditchainError as error:
        raise error.at(Place(str(path))) from None


def save(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone: it holds salts."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise InputError("the file can not be written", place=Place(str(path)), found=error.strerror) from error


def require_here(region: Region, domain: ContractDomain, contract: str, log: bytes | None = None) -> None:
    """Raise ForeignFileError unless a message is meant for this region's contract and, if it names one, log."""
    from creditchain.consents.errors import ForeignFileError

    deployment = region.deployment
    checks = (
        ("chain", str(deployment.chain_id), str(domain.chain_id)),
        (contract, deployment.address(contract), domain.contract),
        ("log", "0x" + deployment.log_id.hex(), "0x" + (log or deployment.log_id).hex()),
    )
    for what, ours, theirs in checks:
        if ours != theirs:
            hint = "Choose the network and deployment that the file was made for."
            raise ForeignFileError(f"this is for another {what}", expected=ours, found=theirs, hint=hint)


def digits(text: str, option: str) -> bytes:
    """Bytes from 0x and hex digits."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise UsageError(f"{option} takes 0x and hex digits") from None


def fresh_salt() -> bytes:
    """32 random bytes."""
    import secrets

    return secrets.token_bytes(32)


def subject_tags(region: Region, subject: Subject, keys: list[str] | None, statement: Path | None) -> tuple[bytes, ...]:
    """The subject's tag under each key epoch that is given, the newest epoch first. At least one.

    Raises:
        UsageError: neither key nor statement. ConfigError: a key of no epoch.
        InputError: a statement about somebody else.
        NotValidError: a statement that no active platform of this region signed.
    """
    from creditchain.chain.evidence import EvidenceFetcher
    from creditchain.keystores import load_tag_key
    from creditchain.reports import gather_tags
    from creditchain.verification.package import parse_statement
    from creditchain.verification.subject import check_signature
    from creditchain.verification.verdict import Outcome

    statements = [load(statement, parse_statement)] if statement is not None else []
    if not keys and not statements:
        raise UsageError("the enterprise's tag is needed", expected="--tag-statement FILE, or --tag-key of a platform")
    if statements:
        fetcher = EvidenceFetcher(region)
        step = check_signature(statements[0], fetcher.origin, fetcher.signer(statements[0]))
        if step.outcome is not Outcome.PASSED:
            raise NotValidError(step.reason.en, place=Place(str(statement)))
    block = region.chain.final_block().number
    epochs = range(1, region.current_key_epoch(block) + 1)
    logged = {epoch: region.key_epoch_digest(epoch, block) for epoch in epochs}
    known = {epoch: digest for epoch, digest in logged.items() if digest is not None}
    tags = gather_tags(subject, known, [load_tag_key(key) for key in keys or []], statements)
    return tuple(tags[epoch].subject_tag for epoch in sorted(tags, reverse=True))


def node_signer(region: Region, signer: str | None, node: int, what: str) -> Signer:
    """The signer, who has to act for a node now. Raises InputError."""
    from creditchain.chain.signers import parse_signer

    found = parse_signer(required_signer(signer), region.chain)
    if not region.acts_for(found.address, node):
        raise InputError(
            f"the signer does not act for the {what}",
            expected=f"the operator of node {node}, active, or of its host",
            found=f"a key of node {region.node_of(found.address) or 'nobody'}",
        )
    return found


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
            from creditchain.enterprise_keys import derive_key

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
