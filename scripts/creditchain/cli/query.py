"""`creditchain query`: an institution asks, a provider delivers and meters, anyone sees the evidence. Over files."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import domain_bits, purpose_code, section_mask
from creditchain.cli.connecting import SignerOption, open_region
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
from creditchain.cli.product import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.errors import Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from creditchain.chain.region import Region
    from creditchain.packages.consent_file import ConsentFile
    from creditchain.packages.report_package import ReportPackage
    from creditchain.products import Product

group = typer.Typer(no_args_is_help=True, help="Queries: request, deliver, meter, evidence. 查询与计量")


def register(app: typer.Typer) -> None:
    """Add the group."""
    # What happens on the ledger adds itself to the group.
    importlib.import_module("creditchain.cli.query_ledger")
    app.add_typer(group, name="query")


@group.command()
def request(
    ctx: typer.Context,
    institution: Annotated[int, typer.Option(help="Who asks, by its node number.")],
    provider: Annotated[int, typer.Option(help="The platform or bureau that is to deliver.")],
    product: Annotated[str, typer.Option(help="The report's product, such as working-capital-report/1.")],
    staff: Annotated[str, typer.Option(help="Who of the staff asks. Stays in the home folder; a digest is signed.")],
    out: OutOption,
    consent: Annotated[Path | None, typer.Option(help="Consent file; none if no domain asked for needs one.")] = None,
    number: Annotated[str | None, typer.Option(help="The enterprise's number, without a consent.")] = None,
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    sections: Annotated[
        str | None, typer.Option(help="Sections, joined by commas. Default: the product's, within the consent.")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="Domains, likewise.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for. Default: the consent's purpose.")] = None,
    deadline: Annotated[int, typer.Option(min=1, max=30 * 24 * 60, help="Minutes within which to answer.")] = 60,
    tag_key: TagKeysOption = None,
    statement: StatementOption = None,
    products: Folders = None,
    signer: SignerOption = None,
) -> None:
    """Ask for a report: the institution signs. 发起查询"""
    from creditchain.catalogue.products import load_product
    from creditchain.chain.clock import now
    from creditchain.home.reasons import keep_reason
    from creditchain.identifiers import parse_subject
    from creditchain.messages import NO_DIGEST, ContractDomain, QueryRequest, subject_digest
    from creditchain.packages.consent_file import parse_consent
    from creditchain.packages.request_file import RequestFile

    chosen, wanted = settings(ctx), load_product(product, folders_of(products))
    agreed = load(consent, parse_consent) if consent is not None else None
    if (agreed is None) == (number is None) or (agreed is None and purpose is None):
        raise UsageError("say whom it is about", expected="--consent FILE, or --number and --purpose without one")
    subject = agreed.subject if agreed is not None else parse_subject(scheme, number or "")
    salt = fresh_salt()
    with open_region(chosen) as region:
        if agreed is not None:
            require_here(region, agreed.message.domain, "ConsentToken", agreed.message.log)
        found = node_signer(region, signer, institution, "institution")
        tags = subject_tags(region, subject, tag_key, statement)
        time, deployment = now(region.chain), region.deployment
        message = QueryRequest(
            domain=ContractDomain(deployment.chain_id, deployment.address("QueryLedger")),
            institution=institution,
            provider=provider,
            consent=NO_DIGEST if agreed is None else agreed.message.id,
            subject=subject_digest(tags[0], salt),
            product=wanted.digest,
            sections=_sections(wanted, agreed) if sections is None else section_mask("--sections", sections),
            domains=_domains(wanted, agreed) if domains is None else domain_bits("--domains", domains),
            purpose=purpose_code("--purpose", purpose) if purpose is not None else _purpose(agreed),
            staff=keep_reason(chosen.home, f"staff of query {salt.hex()}", staff).digest,
            issued_at=time,
            deadline=time + deadline * 60,
        )
        signature = found.sign_typed(message.typed_data())
    packaged = None if agreed is None else agreed.packaged
    save(out, RequestFile(message, signature, subject, salt, packaged).to_json())
    tell(chosen.output, {"written": str(out), "request": message.id, "deadline": message.deadline})


@group.command()
def deliver(
    ctx: typer.Context,
    asked: Annotated[Path, typer.Argument(metavar="REQUEST", help="Request file.", show_default=False)],
    report: Annotated[Path, typer.Option(help="Report package, as `creditchain report assemble` writes it.")],
    out: OutOption,
    meter_within: Annotated[
        int, typer.Option(min=0, max=3600, help="Seconds within which you promise to meter.")
    ] = 1800,
    view_age: Annotated[int, typer.Option(min=1, help="Seconds that the newest block may be old.")] = 120,
    products: Folders = None,
    signer: SignerOption = None,
) -> None:
    """Answer a request: judge it by a fresh view of the chain, sign the receipt, write the package. 交付报告

    Refuses what the ledger would not meter, and a report that would fail its verification. Nothing is consumed then.
    """
    from creditchain.catalogue.products import catalogue
    from creditchain.chain.clock import now
    from creditchain.consents.judging import judge
    from creditchain.evidence.query import fresh_head, view_of
    from creditchain.messages import DeliveryReceipt
    from creditchain.packages.delivery import PackagedDelivery
    from creditchain.packages.report_package import parse_report_package
    from creditchain.packages.request_file import parse_request
    from creditchain.reports import with_delivery

    chosen, file, package = settings(ctx), load(asked, parse_request), load(report, parse_report_package)
    message, known = file.request, {one.ref: one for one in catalogue(folders_of(products))}
    with open_region(chosen) as region:
        require_here(region, message.domain, "QueryLedger")
        if file.consent is not None:
            require_here(region, file.consent.message.domain, "ConsentToken", file.consent.message.log)
        found = node_signer(region, signer, message.provider, "provider that is asked")
        head = fresh_head(region.chain, view_age)
        time = now(region.chain, head)
        judge(message, view_of(region, message, file.signature, time, head.number))
        _require_subject(package, file.subject_salt, message.subject, "request")
        if file.consent is not None:
            _require_subject(package, file.consent.subject_salt, file.consent.message.subject, "consent")
        _require_product(package, message.product, message.purpose, known)
        receipt = DeliveryReceipt(message.domain, message.id, package.report.commitment, time, time + meter_within)
        signature = found.sign_typed(receipt.typed_data())
        delivery = PackagedDelivery(message, file.subject_salt, file.signature, receipt, signature)
        whole = with_delivery(package, delivery, file.consent)
        _require_fit(region, whole, known)
    save(out, whole.to_json())
    tell(
        chosen.output,
        {
            "written": str(out),
            "request": message.id,
            "report": receipt.report,
            "delivered_at": receipt.delivered_at,
            "meter_by": receipt.meter_by,
            "next": "creditchain query meter",
        },
    )


def _sections(product: Product, agreed: ConsentFile | None) -> int:
    mask = sum(1 << section for section in product.combined_sections)
    return mask if agreed is None else mask & agreed.message.sections


def _domains(product: Product, agreed: ConsentFile | None) -> int:
    from creditchain.documents import domain_mask

    mask = domain_mask(product.combined_domains)
    return mask if agreed is None else mask & agreed.message.domains


def _purpose(agreed: ConsentFile | None) -> int:
    return agreed.message.purpose if agreed is not None else 0


def _require_subject(package: ReportPackage, salt: bytes, digest: bytes, what: str) -> None:
    from creditchain.consents.errors import SubjectError
    from creditchain.messages import subject_digest

    found = [subject_digest(one.tag.subject_tag, salt) for one in package.tags]
    if digest not in found:
        raise SubjectError(
            f"the report is about another enterprise than the {what}, or lacks the tag of its key epoch",
            expected="0x" + digest.hex(),
            found=", ".join("0x" + one.hex() for one in found) or "no tag",
        )


def _require_product(package: ReportPackage, digest: bytes, purpose: int, known: Mapping[str, Product]) -> None:
    from creditchain.consents.errors import ProductMismatchError
    from creditchain.consents.judging import purpose_name
    from creditchain.documents import parse_document

    asked = next((one for one in known.values() if one.digest == digest), None)
    if asked is None:
        raise ProductMismatchError(
            "the product that is asked for is not known here",
            expected="a product of the catalogue",
            found="0x" + digest.hex(),
            hint="Name the folder that holds it with --products.",
        )
    found = parse_document(package.report.content).product
    if found != asked.ref:
        raise ProductMismatchError("the report is of another product", expected=asked.ref, found=found)
    if purpose not in set(asked.purposes):
        raise ProductMismatchError(
            "the product is not for this purpose",
            expected=", ".join(one.label for one in asked.purposes),
            found=purpose_name(purpose),
        )


def _require_fit(region: Region, package: ReportPackage, known: Mapping[str, Product]) -> None:
    """The provider verifies what it hands out, as the institution will; only what fails stops it."""
    from creditchain.consents.errors import ReportUnfitError
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.evidence.report import ReportEvidenceFetcher
    from creditchain.verification.report import verify_report
    from creditchain.verification.verdict import Outcome

    evidence = ReportEvidenceFetcher(region, EvidenceFetcher(region)).fetch(package)
    for step in verify_report(package, evidence, catalogue=known).steps:
        if step.outcome is Outcome.FAILED:
            details = step.as_json()["details"]
            raise ReportUnfitError(
                f"the report would fail step {step.number} of its verification: {step.reason.en}",
                expected=_shown(details.get("expected")),
                found=_shown(details.get("found")),
                hint="Assemble it again, for the sections, domains and days asked for (`creditchain report assemble`).",
                place=Place(field=f"step {step.number}"),
            )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
