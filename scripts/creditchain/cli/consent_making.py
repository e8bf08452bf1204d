"""`creditchain consent request`, `grant`, `endorse`: a consent from the request to both signatures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import domain_bits, purpose_code, section_mask, two_days
from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.enterprise import Enterprise, ExportOption, MnemonicOption, SignatureOption, WalletKeyOption
from creditchain.cli.files import load, read_file, short_text
from creditchain.cli.output_files import (
    AgainOption,
    ChangedOption,
    ForceOption,
    OutOption,
    require_place,
    require_writable,
    save,
)
from creditchain.cli.qr_code import QrOption, draw, require_drawable
from creditchain.cli.settings import Settings, settings
from creditchain.cli.subject_options import SchemeOption, StatementOption, TagKeysOption, TagSources, subject_of

if TYPE_CHECKING:
    from creditchain.packages.consent_file import ConsentFile

_DAY = 86_400
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Consent file.", show_default=False)]


def request(
    ctx: typer.Context,
    institution: Annotated[int, typer.Option(help="Who will ask for reports, by its node number.")],
    platform: Annotated[int, typer.Option(help="The platform that will endorse.")],
    number: Annotated[str, typer.Option(help="The enterprise's number.")],
    sections: Annotated[str, typer.Option(help="Sections, joined by commas.")],
    domains: Annotated[str, typer.Option(help="Domains, joined by commas.")],
    purpose: Annotated[str, typer.Option(help="What for, such as loan_application.")],
    days: Annotated[str, typer.Option(help="Days that records may be about, YYYYMMDD-YYYYMMDD.")],
    notice: Annotated[Path, typer.Option(help="The notice to show the enterprise: a text file in UTF-8.")],
    out: OutOption,
    scheme: SchemeOption = "USCC",
    valid_days: Annotated[int, typer.Option(min=1, max=3660, help="For how many days reports may be delivered.")] = 30,
    begins_in: Annotated[int, typer.Option(min=0, max=366, help="In how many days these begin.")] = 0,
    uses: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="Number of deliveries.")] = 1,
    keep_days: Annotated[int, typer.Option(min=0, max=2**16 - 1, help="For how many days a report may be kept.")] = 365,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    qr: QrOption = None,
    force: ForceOption = False,
) -> None:
    """Write a consent for the enterprise to sign, on behalf of an institution. 请求授权"""
    from creditchain.acts.consenting import ConsentTerms, request_consent

    chosen, (first, last) = settings(ctx), two_days("--days", days)
    require_writable(out, force=force, inputs=(notice,))
    require_drawable(qr, force=force)
    sources = TagSources(tag_key, statement)
    terms = ConsentTerms(
        institution=institution,
        platform=platform,
        subject=subject_of(chosen, scheme, number),
        sections=section_mask("--sections", sections),
        domains=domain_bits("--domains", domains),
        purpose=purpose_code("--purpose", purpose),
        data_from=first,
        data_to=last,
        begins_in=begins_in * _DAY,
        valid_for=valid_days * _DAY,
        uses=uses,
        keep_days=keep_days,
        notice=short_text(notice),
    )
    with open_region(chosen) as region:
        file = request_consent(region, terms, sources.of(region, terms.subject))
    _finish(chosen, file, out, qr, force=force)


def grant(
    ctx: typer.Context,
    file: FileArgument,
    out: ChangedOption = None,
    signer: SignerOption = None,
    mnemonic: MnemonicOption = None,
    key: WalletKeyOption = None,
    export: ExportOption = None,
    signature: SignatureOption = None,
    qr: QrOption = None,
    force: AgainOption = False,
) -> None:
    """Sign as the enterprise. A mnemonic gives a key that no other institution sees. 企业签署授权"""
    from creditchain.acts import consenting
    from creditchain.packages.consent_file import parse_consent

    chosen, enterprise = settings(ctx), Enterprise(signer, mnemonic, key, export, signature)
    asked = load(file, parse_consent)
    place = require_place(out, file, force=force)
    require_drawable(qr, force=force)
    with open_region(chosen) as region:
        if enterprise.exports(
            chosen.output, lambda wallet: consenting.consent_to_sign(region, asked, wallet, again=force), force=force
        ):
            return
        made = consenting.grant(region, asked, enterprise.key(region), again=force)
    _finish(chosen, made, place, qr, force=force or out is None)


def endorse(
    ctx: typer.Context,
    file: FileArgument,
    out: ChangedOption = None,
    paper: Annotated[Path | None, typer.Option(help="Scan of the paper on which the enterprise agreed.")] = None,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    signer: SignerOption = None,
    qr: QrOption = None,
    force: ForceOption = False,
) -> None:
    """Endorse as the platform; for a consent on paper it signs alone. 平台背书"""
    from creditchain.acts import consenting
    from creditchain.packages.consent_file import parse_consent

    chosen, asked = settings(ctx), load(file, parse_consent)
    place = require_place(out, file, force=force)
    require_drawable(qr, force=force)
    scan, sources = (None if paper is None else read_file(paper)), TagSources(tag_key, statement)
    with open_region(chosen) as region:
        tags = sources.of(region, asked.subject)
        made = consenting.endorse(region, signer_of(region, signer), asked, tags, scan)
    _finish(chosen, made, place, qr, force=force or out is None)


def _finish(chosen: Settings, file: ConsentFile, out: Path, qr: Path | None, *, force: bool) -> None:
    """Write a consent file, and its picture if one is wanted, and show what is in it."""
    from creditchain.consents.terms import described

    if qr is not None:
        draw(file, qr, force=force)
    save(out, file.to_json(), force=force)
    steps = {"signed": file.agreed, "endorsed": bool(file.endorsement)}
    chosen.output.emit({"written": str(out), **described(file.message), **steps})
