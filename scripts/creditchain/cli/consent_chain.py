"""`creditchain consent relay`, `show`, `list`, `revoke`: consents on the chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.consent import QrOption, draw, group
from creditchain.cli.enterprise import (
    Enterprise,
    ExportOption,
    MnemonicOption,
    SignatureOption,
    WalletKeyOption,
)
from creditchain.cli.handing import (
    digits,
    load,
    require_here,
    save,
    tell,
)
from creditchain.cli.settings import Settings, settings
from creditchain.errors import InputError, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.log.views import ConsentState
    from creditchain.packages.consent_file import ConsentFile


@group.command()
def relay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Endorsed consent file, or revocation file.", show_default=False)],
    signer: SignerOption = None,
) -> None:
    """Bring a consent, or its revocation, to the chain. Anyone may; the signatures decide. 上链"""
    from creditchain.packages.consent_file import REVOCATION_FORMAT, parse_consent, parse_revocation
    from creditchain.packages.reading import format_of

    chosen = settings(ctx)
    if load(file, format_of) == REVOCATION_FORMAT:
        _relay_revocation(chosen, load(file, parse_revocation), signer)
    else:
        _relay_consent(chosen, load(file, parse_consent), signer)


@group.command()
def show(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="Consent file, or 0xID.", show_default=False)],
    paper: Annotated[Path | None, typer.Option(help="Scan to compare with the consent's digest.")] = None,
    qr: QrOption = None,
) -> None:
    """The terms of a consent, and what the chain says of it. 查看授权"""
    from creditchain.chain.consents import ConsentReads
    from creditchain.cli.files import read_file
    from creditchain.consents.terms import described
    from creditchain.packages.consent_file import require_paper

    chosen = settings(ctx)
    id_, file = _named(consent)
    if paper is not None and file is not None:
        require_paper(file, read_file(paper))
    with open_region(chosen) as region:
        if file is not None:
            require_here(region, file.message.domain, "ConsentToken", file.message.log)
        block = region.chain.final_block()
        state = ConsentReads(region).consent(id_, block.number)
    shown: dict[str, Any] = {"id": id_}
    if file is not None:
        shown |= described(file.message) | {"signed": file.agreed, "endorsed": bool(file.endorsement)}
        shown |= {"notice": file.notice.text}
        if qr is not None:
            draw(file, qr)
    tell(chosen.output, shown | _standing(state, block.time) | {"block": block.number})


@group.command("list")
def list_consents(
    ctx: typer.Context,
    institution: Annotated[int | None, typer.Option(help="Only those for this institution.")] = None,
    platform: Annotated[int | None, typer.Option(help="Only those that this platform endorsed.")] = None,
    key: Annotated[str | None, typer.Option(help="Only those by this key of an enterprise.")] = None,
) -> None:
    """Consents that were granted, and how they stand. 授权列表"""
    from eth_utils.address import is_address, to_checksum_address

    from creditchain.chain.consents import ConsentReads
    from creditchain.consents.judging import domain_names, moment, purpose_name, section_names

    chosen = settings(ctx)
    if key is not None and not is_address(key):
        raise UsageError("--key takes an address", expected="0x and 40 hex digits")
    wanted = None if key is None else to_checksum_address(key)
    with open_region(chosen) as region:
        reads, block = ConsentReads(region), region.chain.final_block()
        granted = reads.granted(institution=institution, platform=platform, key=wanted, last=block.number)
        found = [(one.consent, reads.consent(one.consent.id, block.number)) for one in granted]
    chosen.output.table(
        ["id", "institution", "purpose", "sections", "domains", "until", "used", "status"],
        [
            [
                one.id,
                one.institution,
                purpose_name(one.purpose),
                section_names(one.sections),
                domain_names(one.domains),
                moment(one.not_after),
                f"{state.used if state else '?'} of {one.uses}",
                " ".join(_status(state, block.time)),
            ]
            for one, state in found
        ],
        title=f"consents as of block {block.number}",
        value=[
            {"id": one.id, "institution": one.institution, "platform": one.platform, "key": one.key}
            | _standing(state, block.time)
            for one, state in found
        ],
    )


@group.command()
def revoke(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="Consent file, or 0xID.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--output", "-o", help="Sign only: write a revocation file for others to relay.")
    ] = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
) -> None:
    """Take a consent back, for ever: its key, directly or signed (-o), or the platform that endorsed it. 撤销授权"""
    from creditchain.chain.consents import ConsentReads
    from creditchain.messages import Revocation
    from creditchain.messages.enterprise_keys import KeyUse
    from creditchain.packages.consent_file import RevocationFile

    chosen = settings(ctx)
    id_, _ = _named(consent)
    if out is None and export is None:
        if mnemonic is not None or key is not None or signature is not None:
            raise UsageError("a signed revocation goes into a file", expected="-o FILE; then `consent relay FILE`")
        _revoke_directly(chosen, id_, signer)
        return
    with open_region(chosen) as region:
        reads = ConsentReads(region)
        state = _standing_consent(reads.consent(id_), id_)
        message = Revocation(reads.domain("ConsentToken"), id_)

        def fill(address: str) -> Revocation:
            if address != state.key:
                raise InputError("only the consent's own key revokes it", expected=state.key or "none", found=address)
            return message

        made = Enterprise(signer, mnemonic, key, export, signature).sign(
            region, KeyUse.CONSENT, state.institution, fill
        )
    if made is None or out is None:
        tell(
            chosen.output, {"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"}
        )
        return
    save(out, RevocationFile(*made).to_json())
    tell(chosen.output, {"written": str(out), "consent": id_, "next": "creditchain consent relay"})


def _relay_consent(chosen: Settings, file: ConsentFile, signer: str | None) -> None:
    from creditchain.chain.consent_calls import ConsentCalls
    from creditchain.chain.consents import ConsentReads

    if not file.endorsement:
        raise InputError("the platform has not endorsed this", hint="`creditchain consent endorse`")
    id_ = file.message.id
    with acting(chosen, signer) as (region, outbox):
        require_here(region, file.message.domain, "ConsentToken", file.message.log)
        reads, calls = ConsentReads(region), ConsentCalls(region.deployment)
        call = calls.grant(file.message, file.key_signature, file.endorsement)
        with chosen.output.progress("granting: waiting for a final block"):
            outbox.submit(f"grant {id_.hex()}", call, already_done=lambda: reads.consent(id_) is not None)
        block = region.chain.final_block()
        state = reads.consent(id_, block.number)
    tell(chosen.output, {"id": id_} | _standing(state, block.time))


def _relay_revocation(chosen: Settings, file: Any, signer: str | None) -> None:
    from creditchain.chain.consent_calls import ConsentCalls

    id_ = file.message.consent
    with acting(chosen, signer) as (region, outbox):
        require_here(region, file.message.domain, "ConsentToken")
        call = ConsentCalls(region.deployment).revoke_signed(id_, file.signature)
        _submit_revocation(chosen, region, outbox, id_, call)


def _revoke_directly(chosen: Settings, id_: bytes, signer: str | None) -> None:
    from creditchain.chain.consent_calls import ConsentCalls

    with acting(chosen, signer) as (region, outbox):
        _submit_revocation(chosen, region, outbox, id_, ConsentCalls(region.deployment).revoke(id_))


def _submit_revocation(chosen: Settings, region: Region, outbox: Any, id_: bytes, call: Any) -> None:
    from creditchain.chain.consents import ConsentReads

    reads = ConsentReads(region)

    def done() -> bool:
        state = reads.consent(id_)
        return state is not None and state.revoked_at > 0

    with chosen.output.progress("revoking: waiting for a final block"):
        # A key and a platform may both try; the intent is each one's own.
        outbox.submit(f"revoke {id_.hex()} {outbox.signer.address}", call, already_done=done)
    block = region.chain.final_block()
    state = reads.consent(id_, block.number)
    tell(chosen.output, {"id": id_} | _standing(state, block.time))


def _named(text: str) -> tuple[bytes, ConsentFile | None]:
    """A consent by its id, or by its file."""
    from creditchain.packages.consent_file import parse_consent

    if text.startswith("0x") and len(text) == 66:
        return digits(text, "a consent's id"), None
    path = Path(text)
    if not path.is_file():
        raise UsageError("this names no consent", expected="a consent file, or 0x and 64 hex digits")
    file = load(path, parse_consent)
    return file.message.id, file


def _standing_consent(state: ConsentState | None, id_: bytes) -> ConsentState:
    from creditchain.consents.errors import ConsentRevokedError, ConsentUnknownError
    from creditchain.consents.judging import moment

    if state is None:
        raise ConsentUnknownError(
            "the chain has no such consent", expected="one that was granted", found="0x" + id_.hex()
        )
    if state.revoked_at:
        found = f"revoked at {moment(state.revoked_at)}"
        raise ConsentRevokedError("the consent was revoked already", expected="one that stands", found=found)
    return state


def _status(state: ConsentState | None, time: int) -> tuple[str, str]:
    """How a consent stands, in both languages."""
    if state is None:
        return "not granted", "未授权"
    if state.revoked_at:
        return "revoked", "已撤销"
    if time > state.not_after:
        return "over", "已到期"
    if state.used >= state.uses:
        return "used up", "已用尽"
    return ("not yet valid", "未生效") if time < state.valid_from else ("valid", "有效")


def _standing(state: ConsentState | None, time: int) -> dict[str, Any]:
    """How it stands at `time`, and what the chain keeps."""
    status, status_zh = _status(state, time)
    said = {"status": status, "status_zh": status_zh}
    if state is None:
        return said
    kept = ("valid_from", "not_after", "uses", "used", "revoked_at", "entry")
    return said | {name: getattr(state, name) for name in kept}
