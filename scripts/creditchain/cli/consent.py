"""`creditchain consent request`, `grant`, `endorse`: a consent from the bank's wish to both signatures, on files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import domain_bits, purpose_code, section_mask, two_days
from creditchain.cli.connecting import SignerOption, open_region
from creditchain.cli.enterprise import (
    Enterprise,
    ExportOption,
    MnemonicOption,
    SignatureOption,
    WalletKeyOption,
)
from creditchain.cli.handing import (
    OutOption,
    StatementOption,
    TagKeysOption,
    fresh_salt,
    load,
    node_signer,
    require_here,
    save,
    subject_tags,
    tell,
)
from creditchain.cli.settings import Settings, settings
from creditchain.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.messages import Consent
    from creditchain.packages.consent_file import ConsentFile

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
    # The commands that ask the chain add themselves to the group.
    importlib.import_module("creditchain.cli.consent_chain")
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
    from creditchain.identifiers import parse_subject
    from creditchain.messages import NO_KEY, Consent, ContractDomain, subject_digest
    from creditchain.packages.consent_file import ConsentFile
    from creditchain.packages.reading import Sealed

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
    from creditchain.consents.terms import require_terms
    from creditchain.messages import NO_DIGEST
    from creditchain.messages.enterprise_keys import KeyUse
    from creditchain.packages.consent_file import parse_consent

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
        tell(
            chosen.output, {"typed_data": str(export), "next": "sign it in the wallet; then the same with --signature"}
        )
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
    from creditchain.cli.files import read_file
    from creditchain.packages.consent_file import parse_consent

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


def _notice(path: Path) -> str:
    from creditchain.cli.files import read_file
    from creditchain.packages.reading import LONGEST_TEXT

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


def _finish(chosen: Settings, file: ConsentFile, out: Path, qr: Path | None) -> None:
    """Write a consent file, and show what is in it."""
    from creditchain.consents.terms import described

    if qr is not None:
        draw(file, qr)
    save(out, file.to_json())
    steps = {"signed": file.agreed, "endorsed": bool(file.endorsement)}
    tell(chosen.output, {"written": str(out), **described(file.message), **steps})


def draw(file: ConsentFile, path: Path) -> None:
    import segno

    from creditchain.packages.reading import compact

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
