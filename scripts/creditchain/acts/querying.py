"""Asking for a report: the institution signs a request that the provider, and later the ledger, will judge."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from creditchain.acts.consenting import require_subject
from creditchain.acts.preconditions import require_log, require_member, require_signer
from creditchain.chain.clock import now
from creditchain.chain.consents import ConsentReads
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.consents.errors import ProductMismatchError, TermsError
from creditchain.consents.judging import domain_names, judge, purpose_name, section_names
from creditchain.documents import domain_mask
from creditchain.errors import InputError, Place
from creditchain.evidence.query import view_of
from creditchain.home.layout import Home
from creditchain.home.nonces import last_given, reserve
from creditchain.home.reasons import keep_reason, require_reason
from creditchain.identifiers import Subject
from creditchain.messages import NO_DIGEST, LogDomain, QueryRequest, subject_digest
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product, ProductKind
from creditchain.vocabulary import Role

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Query:
    """What an institution asks for. None for sections, domains and purpose: what product and consent have in common."""

    institution: int
    provider: int
    product: Product
    subject: Subject = field(repr=False)
    consent: ConsentFile | None
    sections: int | None  #: bit set
    domains: int | None  #: bit set
    purpose: int | None
    staff: str = field(repr=False)  #: who of the institution's staff asks; stays in its home
    seconds: int  #: within which the provider has to answer
    via: int = 0  #: node of the platform that brokers the request; 0 for none
    terms: bytes = NO_DIGEST  #: digest of the provider's price list, 32 bytes; NO_DIGEST for none


def request_report(region: Region, home: Home, signer: Signer, query: Query, tags: Sequence[bytes]) -> RequestFile:
    """The signed request, about the enterprise with these tags (newest key epoch first).

    Everything that the provider will judge by the chain is judged here first. The name of the member of staff goes into
    the home only then, and the signature is given out only after that.

    Raises:
        ForeignFileError: the consent is for another region. SubjectError: it is about another enterprise.
        NotEntitledError: the signer is not the institution's. TermsError: a node that is not what it has to be.
        ProductMismatchError: the product is no report, or not for this purpose.
        QueryRefusedError: the ledger would not meter a delivery for this request.
    """
    agreed = query.consent
    if agreed is not None:
        require_log(region, agreed.message.log)
        require_subject(agreed, tags)
    time, deployment = now(region.chain), region.deployment
    require_member(region, query.institution, {Role.INSTITUTION}, time, "institution")
    require_member(region, query.provider, {Role.PLATFORM, Role.BUREAU}, time, "provider")
    require_signer(region, signer, query.institution, "institution")
    salt = secrets.token_bytes(32)
    asked = QueryRequest(
        domain=LogDomain(deployment.log_id),
        institution=query.institution,
        provider=query.provider,
        consent=NO_DIGEST if agreed is None else agreed.message.id,
        subject=subject_digest(tags[0], salt),
        product=query.product.digest,
        sections=_sections(query),
        domains=_domains(query),
        purpose=_purpose(query),
        staff=NO_DIGEST,
        issued_at=time,
        deadline=time + query.seconds,
        nonce=_next_nonce(region, home, query),
        via=query.via,
        terms=query.terms,
    )
    _require_scope(query.product, asked)
    _judge(region, asked, time)
    require_reason(query.staff)
    folders = home.region(deployment.log_id)
    # Nobody else gets this nonce from this home. If another home of the institution uses it, one of the two is refused.
    asked = replace(asked, nonce=reserve(folders.nonces, query.institution, query.provider, asked.nonce))
    reasons = folders.reasons
    message = replace(asked, staff=keep_reason(reasons, f"staff of query {salt.hex()}", query.staff).digest)
    signature = signer.sign_typed(message.typed_data())
    _log.info("a request for a report is signed")
    return RequestFile(message, signature, query.subject, salt, None if agreed is None else agreed.packaged)


def countersign(region: Region, signer: Signer, file: RequestFile) -> RequestFile:
    """The request with the signature of the platform that brokers it.

    Raises:
        ForeignFileError: the request is for another region. InputError: it names no broker.
        NotEntitledError: the signer is not the broker's.
    """
    require_log(region, file.request.domain.log_id)
    if file.request.via == 0:
        raise InputError("the request names no broker", expected="a request with `via`", place=Place(field="via"))
    require_member(region, file.request.via, {Role.PLATFORM}, now(region.chain), "broker")
    require_signer(region, signer, file.request.via, "broker")
    return replace(file, broker_signature=signer.sign_typed(file.request.typed_data()))


def _next_nonce(region: Region, home: Home, query: Query) -> int:
    """The nonce after the last that this home gave out or the chain knows."""
    last = last_given(home.region(region.deployment.log_id).nonces, query.institution, query.provider)
    return ConsentReads(region).next_nonce(query.institution, query.provider, 0 if last is None else last + 1)


def require_purpose(product: Product, purpose: int) -> None:
    """Raise ProductMismatchError unless a product may be asked for with this purpose."""
    if purpose not in set(product.purposes):
        raise ProductMismatchError(
            "the product is not for this purpose",
            expected=", ".join(one.label for one in product.purposes),
            found=purpose_name(purpose),
        )


def _sections(query: Query) -> int:
    if query.sections is not None:
        return query.sections
    mask = _combined_sections(query.product)
    return mask if query.consent is None else mask & query.consent.message.sections


def _domains(query: Query) -> int:
    if query.domains is not None:
        return query.domains
    mask = domain_mask(query.product.combined_domains)
    return mask if query.consent is None else mask & query.consent.message.domains


def _purpose(query: Query) -> int:
    if query.purpose is not None:
        return query.purpose
    if query.consent is None:
        raise InputError("a request without a consent needs a purpose", place=Place(field="purpose"))
    return query.consent.message.purpose


def _combined_sections(product: Product) -> int:
    return sum(1 << section for section in product.combined_sections)


def _require_scope(product: Product, asked: QueryRequest) -> None:
    if product.kind is not ProductKind.REPORT:
        raise ProductMismatchError("only reports can be asked for", expected="a product that is a report")
    require_purpose(product, asked.purpose)
    offered = (
        ("sections", asked.sections, section_names(_combined_sections(product))),
        ("domains", asked.domains, domain_names(domain_mask(product.combined_domains))),
    )
    for name, mask, names in offered:
        if mask == 0:
            raise TermsError(
                f"the request is for no {name}: product and consent have none in common",
                expected=f"at least one of {names}",
                place=Place(field=name),
            )


def _judge(region: Region, asked: QueryRequest, time: int) -> None:
    """Judge as the provider will; the signature, which is not made yet, will be the institution's."""
    judge(asked, replace(view_of(region, asked, b"", time), signed=True, brokered=True))
