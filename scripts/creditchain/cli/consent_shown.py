"""`creditchain consent show`, `list`: the terms of consents, and what the chain says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.addresses import address_of
from creditchain.cli.connecting import open_region
from creditchain.cli.consent_naming import ConsentArgument, named_consent, on_chain, standing_json
from creditchain.cli.files import read_file
from creditchain.cli.output_files import ForceOption
from creditchain.cli.qr_code import QrOption, draw, require_drawable
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.log.views import ConsentState
    from creditchain.messages import Consent


def show(
    ctx: typer.Context,
    consent: ConsentArgument,
    paper: Annotated[Path | None, typer.Option(help="Scan to compare with the consent's digest.")] = None,
    qr: QrOption = None,
    force: ForceOption = False,
) -> None:
    """Show the terms of a consent and its state on the chain. 查看授权"""
    from creditchain.acts.consenting import consent_on_chain
    from creditchain.acts.preconditions import require_log
    from creditchain.consents.terms import described
    from creditchain.packages.consent_file import require_paper

    chosen, (id_, file) = settings(ctx), named_consent(consent)
    if file is None and (paper is not None or qr is not None):
        raise UsageError("--paper and --qr need the consent's file", found="an id")
    require_drawable(qr, force=force)
    if paper is not None and file is not None:
        require_paper(file, read_file(paper))
    with open_region(chosen) as region:
        if file is not None:
            require_log(region, file.message.log)
        found = consent_on_chain(region, id_)
    terms: dict[str, Any] = {}
    if file is not None:
        signed = {"signed": file.agreed, "endorsed": bool(file.endorsement)}
        terms = described(file.message) | signed | {"notice": file.notice.text}
        if qr is not None:
            draw(file, qr, force=force)
    chosen.output.emit({"id": id_} | terms | on_chain(found) | {"block": found.block.number})


def list_consents(
    ctx: typer.Context,
    institution: Annotated[int | None, typer.Option(help="Only consents for this institution.")] = None,
    platform: Annotated[int | None, typer.Option(help="Only consents that this platform endorsed.")] = None,
    key: Annotated[str | None, typer.Option(help="Only consents by this key of an enterprise.")] = None,
) -> None:
    """List granted consents and their state. 授权列表"""
    from creditchain.acts import consenting

    chosen, wanted = settings(ctx), None if key is None else address_of(key)
    with open_region(chosen) as region:
        block, found = consenting.list_consents(region, institution=institution, platform=platform, key=wanted)
    chosen.output.table(
        ["id", "institution", "purpose", "sections", "domains", "until", "used", "status"],
        [_row(one, state, block.time) for one, state in found],
        title=f"consents as of block {block.number}",
        value=[
            {"id": one.id, "institution": one.institution, "platform": one.platform, "key": one.key}
            | standing_json(state, block.time)
            for one, state in found
        ],
    )


def _row(one: Consent, state: ConsentState | None, time: int) -> list[object]:
    from creditchain.consents.judging import domain_names, purpose_name, section_names
    from creditchain.consents.standing import standing
    from creditchain.times import moment

    found = standing(state, time)
    names = (purpose_name(one.purpose), section_names(one.sections), domain_names(one.domains))
    used = f"{state.used if state else '?'} of {one.uses}"
    return [one.id, one.institution, *names, moment(one.not_after), used, f"{found.value} {found.zh}"]
