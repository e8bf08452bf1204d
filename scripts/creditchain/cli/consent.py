"""`creditchain consent`: what an enterprise lets an institution ask for; from the request to the chain and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.app import Settings, settings
from creditchain.cli.choices import domain_bits, purpose_code, section_mask, two_days
from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.handing import (
    Enterprise,
    ExportOption,
    MnemonicOption,
    OutOption,
    SignatureOption,
    StatementOption,
    TagKeysOption,
    WalletKeyOption,
    digits,
    fresh_salt,
    load,
    node_signer,
    require_here,
    save,
    subject_tags,
)
from creditchain.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.chain.views import ConsentState
    from creditchain.consents.consent_file import ConsentFile
    from creditchain.messages import Consent

group = typer.Typer(no_args_is_help=True, help="Consents: request, grant, endorse, relay, show, list, revoke. 企业授权")

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Consent file.", show_default=False)]
AgainOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write instead of the one that was read.")
]
QrOption = Annotated[
    Path | None, typer.Option("--qr", help="Also as a QR code: a file .svg or .png. A scanner reads the file's text.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="consent")


@group.command()
def request(
    ctx: typer.Context,
    institution: Annotated[int, typer.Option(help="Who will ask for reports, by its node number.")],
    platform: Annotated[int, typer.Option(help="The platform that will endorse.")],
    number: Annotated[str, typer.Option(help="The enterprise's number.")],
    sections: Annotated[str, typer.Option(help="Sections, joined by commas.")],
    domains: Annotated[str, typer.Option(help="Domains, likewise.")],
    purpose: Annotated[str, typer.Option(help="What for, such as loan_application.")],
    days: Annotated[str, typer.Option(help="Days that records may be about, YYYYMMDD-YYYYMMDD.")],
    notice: Annotated[Path, typer.Option(help="The notice to show the enterprise: a text file in UTF-8.")],
    out: OutOption,
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    valid_days: Annotated[int, typer.Option(min=1, max=3660, help="Days for which reports may be delivered.")] = 30,
    begins_in: Annotated[int, typer.Option(min=0, max=366, help="Days until these begin.")] = 0,
    uses: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="Number of deliveries.")] = 1,
    keep_days: Annotated[int, typer.Option(min=0, max=2**16 - 1, help="Days for which a delivery may be kept.")] = 365,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    qr: QrOption = None,
) -> None:
    """Write the consent that an institution asks for, for the enterprise to sign. 请求授权"""
    from creditchain.chain.clock import now
    from creditchain.consents.consent_file import ConsentFile
    from creditchain.consents.reading import Sealed
    from creditchain.identifiers import parse_subject
    from creditchain.messages import NO_KEY, Consent, ContractDomain, subject_digest

    chosen, subject, salt = settings(ctx), parse_subject(scheme, number), fresh_salt()
    shown = Sealed(fresh_salt(), _notice(notice))
    first, last = two_days("--days", days)
    with open_region(chosen) as region:
        time, deployment = now(region.chain), region.deployment
        message = Consent(
            domain=ContractDomain(deployment.chain_id, deployment.address("ConsentToken")),
            log=deployment.log_id,
            institution=institution,
            platform=platform,
            key=NO_KEY,
            subject=subject_digest(subject_tags(region, subject, tag_key, statement)[0], salt),
            sections=section_mask("--sections", sections),
            domains=domain_bits("--domains", domains),
            purpose=purpose_code("--purpose", purpose),
            data_from=first,
            data_to=last,
            not_before=time + begins_in * 86_400,
            not_after=time + (begins_in + valid_days) * 86_400,
            uses=uses,
            keep_days=keep_days,
            notice=shown.digest,
        )
        _require_parties(region, message, time)
    _finish(chosen, ConsentFile(message, subject, salt, shown), out, qr)


@group.command()
def grant(
    ctx: typer.Context,
    file: FileArgument,
    out: AgainOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    qr: QrOption = None,
) -> None:
    """Agree: the enterprise signs. With a mnemonic, by a key that no other institution sees. 企业签署授权"""
    from dataclasses import replace

    from creditchain.chain.clock import now
    from creditchain.consents.consent_file import parse_consent
    from creditchain.consents.terms import require_terms
    from creditchain.enterprise_keys import KeyUse
    from creditchain.messages import NO_DIGEST

    chosen, asked = settings(ctx), load(file, parse_consent)
    with open_region(chosen) as region:
        require_here(region, asked.message.domain, "ConsentToken", asked.message.log)
        require_terms(asked.message, now(region.chain))
        made = Enterprise(signer, mnemonic, key, export, signature).sign(
            region,
            KeyUse.CONSENT,
            asked.message.institution,
            lambda address: replace(asked.message, key=address, paper=NO_DIGEST),
        )
    if made is None:
        chosen.output.emit({"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"})
        return
    _finish(chosen, asked.signed(*made), out or file, qr)


@group.command()
def endorse(
    ctx: typer.Context,
    file: FileArgument,
    out: AgainOption = None,
    paper: Annotated[Path | None, typer.Option(help="The enterprise agreed on paper: the scan of it.")] = None,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    signer: SignerOption = None,
    qr: QrOption = None,
) -> None:
    """Vouch for the enterprise: the platform signs, alone if the consent is on paper. 平台背书"""
    from dataclasses import replace

    from creditchain.chain.clock import now
    from creditchain.cli.verify import read_file
    from creditchain.consents.consent_file import parse_consent

    chosen, asked = settings(ctx), load(file, parse_consent)
    with open_region(chosen) as region:
        require_here(region, asked.message.domain, "ConsentToken", asked.message.log)
        if paper is not None:
            if asked.key_signature:
                raise InputError("the enterprise signed with its key; a paper is for those who have none")
            asked = asked.on_paper(fresh_salt(), read_file(paper))
        _require_agreed(region, asked)
        _require_parties(region, asked.message, now(region.chain))
        _require_subject(asked, subject_tags(region, asked.subject, tag_key, statement))
        found = node_signer(region, signer, asked.message.platform, "platform")
        endorsement = found.sign_typed(asked.message.typed_data())
    _finish(chosen, replace(asked, endorsement=endorsement), out or file, qr)


@group.command()
def relay(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Endorsed consent file, or revocation file.", show_default=False)],
    signer: SignerOption = None,
) -> None:
    """Bring a consent, or its revocation, to the chain. Anyone may; the signatures decide. 上链"""
    from creditchain.consents.consent_file import REVOCATION_FORMAT, parse_consent, parse_revocation
    from creditchain.consents.reading import format_of

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
    from creditchain.cli.verify import read_file
    from creditchain.consents.consent_file import require_paper
    from creditchain.consents.terms import described

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
        shown |= {"notice 告知书": file.notice.text}
        if qr is not None:
            _draw(file, qr)
    chosen.output.emit(shown | {"status": _status(state, block.time)} | _standing(state) | {"block": block.number})


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
                _status(state, block.time),
            ]
            for one, state in found
        ],
        title=f"consents as of block {block.number}",
        value=[
            {"id": one.id, "institution": one.institution, "platform": one.platform, "key": one.key}
            | {"status": _status(state, block.time)}
            | _standing(state)
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
    from creditchain.consents.consent_file import RevocationFile
    from creditchain.enterprise_keys import KeyUse
    from creditchain.messages import Revocation

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
        chosen.output.emit({"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"})
        return
    save(out, RevocationFile(*made).to_json())
    chosen.output.emit({"written": str(out), "consent": id_, "next": "creditchain consent relay"})


def _notice(path: Path) -> str:
    from creditchain.cli.verify import read_file
    from creditchain.consents.reading import LONGEST_TEXT

    try:
        text = read_file(path).decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not 1 <= len(text) <= LONGEST_TEXT:
        expected = f"1 to {LONGEST_TEXT} characters in UTF-8"
        raise InputError("the notice is a text", expected=expected, place=Place(str(path)))
    return text


def _require_parties(region: Region, message: Consent, time: int) -> None:
    """What the contract would refuse later is said now: the terms, and the roles of both nodes."""
    from creditchain.chain.consents import ConsentReads
    from creditchain.consents.errors import TermsError
    from creditchain.consents.terms import require_terms
    from creditchain.vocabulary import Role

    require_terms(message, time)
    reads = ConsentReads(region)
    for name, node, role in (
        ("institution", message.institution, Role.INSTITUTION),
        ("platform", message.platform, Role.PLATFORM),
    ):
        member = reads.member_at(node, time)
        if member.role != role or not member.acts:
            found = "no such node" if member.role == 0 else Role(member.role).label
            found += "" if member.acts or member.role == 0 else ", not active"
            raise TermsError(
                f"node {node} can not be the {name}",
                expected=f"an active {role.label}",
                found=found,
                place=Place(field=name),
            )


def _require_agreed(region: Region, file: ConsentFile) -> None:
    from creditchain.chain.wallets import signed
    from creditchain.messages import SignatureError

    if not file.agreed:
        raise InputError("nobody agreed to this yet", hint="`creditchain consent grant`, or --paper with the scan.")
    if file.key_signature and not signed(region.chain, file.message.key, file.message, file.key_signature):
        raise SignatureError("the consent is not signed by its key", expected=f"a signature by {file.message.key}")


def _require_subject(file: ConsentFile, tags: tuple[bytes, ...]) -> None:
    from creditchain.consents.errors import SubjectError
    from creditchain.messages import subject_digest

    if all(subject_digest(tag, file.subject_salt) != file.message.subject for tag in tags):
        raise SubjectError(
            "the consent is about another enterprise than the file names, or under another key epoch",
            expected="0x" + file.message.subject.hex(),
            found="0x" + subject_digest(tags[0], file.subject_salt).hex(),
        )


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
    chosen.output.emit({"id": id_, "status": _status(state, block.time)} | _standing(state))


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
    chosen.output.emit({"id": id_, "status": _status(state, block.time)} | _standing(state))


def _named(text: str) -> tuple[bytes, ConsentFile | None]:
    """A consent by its id, or by its file."""
    from creditchain.consents.consent_file import parse_consent

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


def _status(state: ConsentState | None, time: int) -> str:
    if state is None:
        return "not granted 未授权"
    if state.revoked_at:
        return "revoked 已撤销"
    if time > state.not_after:
        return "over 已到期"
    if state.used >= state.uses:
        return "used up 已用尽"
    return "not yet valid 未生效" if time < state.valid_from else "valid 有效"


def _standing(state: ConsentState | None) -> dict[str, Any]:
    """What the chain keeps, for whoever shows it."""
    if state is None:
        return {}
    kept = ("valid_from", "not_after", "uses", "used", "revoked_at", "entry")
    return {name: getattr(state, name) for name in kept}


def _finish(chosen: Settings, file: ConsentFile, out: Path, qr: Path | None) -> None:
    """Write a consent file, and show what is in it."""
    from creditchain.consents.terms import described

    if qr is not None:
        _draw(file, qr)
    save(out, file.to_json())
    steps = {"signed": file.agreed, "endorsed": bool(file.endorsement)}
    chosen.output.emit({"written": str(out), **described(file.message), **steps})


def _draw(file: ConsentFile, path: Path) -> None:
    import segno

    from creditchain.consents.reading import compact

    if path.suffix not in (".svg", ".png"):
        raise UsageError("--qr takes a file .svg or .png", found=path.suffix or "no suffix")
    content = compact(file.as_json()).encode()
    try:
        code = segno.make(content, error="l", mode="byte", micro=False, boost_error=False)
        code.save(str(path), scale=4)
    except segno.DataOverflowError:
        raise InputError(
            "the consent does not fit into a QR code",
            expected="at most 2953 bytes",
            found=f"{len(content)} bytes",
            hint="Shorten the notice, or hand on the file.",
        ) from None
    except OSError as error:
        raise InputError("the file can not be written", place=Place(str(path)), found=error.strerror) from error
