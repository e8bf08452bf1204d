"""`creditchain query request`: an institution signs what it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import domain_bits, purpose_code, section_mask
from creditchain.cli.connecting import SignerOption, open_region, signer_of
from creditchain.cli.files import load, read_file
from creditchain.cli.output_files import ForceOption, OutOption, require_writable, save
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.cli.subject_options import SchemeOption, StatementOption, TagKeysOption, TagSources, subject_of
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.cli.settings import Settings
    from creditchain.identifiers import Subject
    from creditchain.packages.consent_file import ConsentFile


def request(
    ctx: typer.Context,
    institution: Annotated[int, typer.Option(help="Who asks, by its node number.")],
    provider: Annotated[int, typer.Option(help="The platform or bureau that is to deliver.")],
    product: Annotated[str, typer.Option(help="The report's product, such as working-capital-report/1.")],
    staff: Annotated[str, typer.Option(help="Who of the staff asks. Stays in the home folder; a digest is signed.")],
    out: OutOption,
    consent: Annotated[
        Path | None, typer.Option(help="Consent file; left out if no requested domain needs a consent.")
    ] = None,
    number: Annotated[str | None, typer.Option(help="The enterprise's number, without a consent.")] = None,
    scheme: SchemeOption = "USCC",
    sections: Annotated[
        str | None, typer.Option(help="Sections, joined by commas. Default: the product's, within the consent.")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="Domains, joined by commas.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for. Default: the consent's purpose.")] = None,
    deadline: Annotated[int, typer.Option(min=1, max=30 * 24 * 60, help="Minutes within which to answer.")] = 60,
    via: Annotated[int, typer.Option(help="The platform that brokers it and signs it too, by its node number.")] = 0,
    terms: Annotated[Path | None, typer.Option(help="The provider's price list; its digest is signed.")] = None,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    products: Folders = None,
    signer: SignerOption = None,
    force: ForceOption = False,
) -> None:
    """Sign a request for a report as the institution. 发起查询

    Refused here is what the provider would refuse: a request outside the consent, or one that is not on the chain.
    """
    from creditchain.acts.querying import Query, request_report
    from creditchain.catalogue.products import load_product
    from creditchain.hashing import keccak256
    from creditchain.home.layout import Home
    from creditchain.messages import NO_DIGEST
    from creditchain.packages.consent_file import parse_consent

    chosen, agreed = settings(ctx), load(consent, parse_consent) if consent is not None else None
    query = Query(
        institution=institution,
        provider=provider,
        product=load_product(product, folders_of(products)),
        subject=_subject(chosen, agreed, scheme, number, purpose),
        consent=agreed,
        sections=None if sections is None else section_mask("--sections", sections),
        domains=None if domains is None else domain_bits("--domains", domains),
        purpose=None if purpose is None else purpose_code("--purpose", purpose),
        staff=staff,
        seconds=deadline * 60,
        via=via,
        terms=NO_DIGEST if terms is None else keccak256(read_file(terms)),
    )
    require_writable(out, force=force, inputs=() if consent is None else (consent,))
    sources = TagSources(tag_key, statement)
    with open_region(chosen) as region:
        tags = sources.of(region, query.subject)
        made = request_report(region, Home(chosen.home), signer_of(region, signer), query, tags)
    save(out, made.to_json(), force=force)
    chosen.output.emit({"written": str(out), "request": made.request.id, "deadline": made.request.deadline})


def _subject(
    chosen: Settings, agreed: ConsentFile | None, scheme: str, number: str | None, purpose: str | None
) -> Subject:
    if (agreed is None) == (number is None) or (agreed is None and purpose is None):
        raise UsageError(
            "say which enterprise it is about", expected="--consent FILE, or --number and --purpose without one"
        )
    return agreed.subject if agreed is not None else subject_of(chosen, scheme, number or "")
