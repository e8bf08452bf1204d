"""An enterprise's report about itself: it asks by its key, or has none and the platform that vouched for it asks.

Nobody else gets it, so there is no consent to judge and nothing to meter; who asked is written down before it leaves.
That the caller is this enterprise follows from a consent: its key signed in, and its subject, which only the salt in
the enterprise's file opens, is the enterprise that is asked about.
"""

from __future__ import annotations

import logging
import secrets

from creditchain.acts.answering import Desk, tags_of
from creditchain.acts.enterprise_view import Asker, owned_consent
from creditchain.acts.issuer_words import words_numbered
from creditchain.acts.querying import require_purpose
from creditchain.acts.reporting import Wanted, assemble_surveyed
from creditchain.chain.clock import now
from creditchain.chain.consents import ConsentReads
from creditchain.consents.errors import ConsentExpiredError, ConsentRevokedError, ProductMismatchError, SubjectError
from creditchain.documents import domain_mask
from creditchain.errors import Place
from creditchain.identifiers import subject_tag
from creditchain.messages import Consent, subject_digest
from creditchain.packages.enterprise_calls import OwnReportOrder
from creditchain.products import Product, ProductKind, Purpose
from creditchain.store.own_reports import OwnReport, OwnReports
from creditchain.times import moment
from creditchain.verification.days import day_of
from creditchain.verification.scope import Asked

_log = logging.getLogger(__name__)


def own_report(desk: Desk, kept: OwnReports, asker: Asker, order: OwnReportOrder) -> bytes:
    """The package of the report, without a delivery.

    Raises:
        ConsentUnknownError, NotYourConsentError, ConsentRevokedError, ConsentExpiredError: it does not show who asks.
        SubjectError: it is about another enterprise. ProductMismatchError: no report for this purpose.
        AssemblyError: what the report needs is not here. StaleViewError, ChainUnavailableError.
    """
    seen = desk.sights.newest(desk.view_age)
    time = now(desk.region.chain, seen.head)
    consent = owned_consent(desk.region, asker, order.consent)
    _require_standing(desk, asker, consent, seen.head.number, time)
    product = _product(desk, order.product)
    _require_subject(desk, consent, order)
    day, number = day_of(time), secrets.token_bytes(12)
    wanted = Wanted(
        product=product,
        catalogue=desk.products,
        subject=order.subject,
        words=words_numbered(product, number, day),
        asked=Asked(frozenset(product.combined_sections), domain_mask(product.combined_domains)),
        as_of=day,
    )
    tags, salt = tags_of(desk, order.subject, seen), secrets.token_bytes(32)
    package = assemble_surveyed(seen.records, seen.survey, wanted, desk.library, tags, salt).package
    kept.note(OwnReport(order.consent, product.digest, package.report.commitment, asker.name, time))
    _log.info("an enterprise gets its own report")
    return package.to_json()


def _require_standing(desk: Desk, asker: Asker, consent: Consent, block: int, time: int) -> None:
    """A key that was taken back says nothing any more; a consent that is over, or used up, still shows who asks.

    A platform speaks for an enterprise without a key only as long as that one's paper says so.
    """
    if asker.platform and time > consent.not_after:
        raise ConsentExpiredError(
            "the consent on paper is over, and the platform no longer speaks for the enterprise",
            expected="a consent that is not over",
            found=f"valid until {moment(consent.not_after)}",
        )
    revoked = ConsentReads(desk.region).revoked_at(consent.id, block)
    if revoked:
        raise ConsentRevokedError(
            "the consent was revoked, and no longer shows who asks",
            expected="a consent that is not revoked",
            found=f"revoked at {moment(revoked)}",
        )


def _product(desk: Desk, name: str) -> Product:
    product = desk.products.get(name)
    if product is None or product.kind is not ProductKind.REPORT:
        raise ProductMismatchError(
            "the product that is asked for is not known here",
            expected="a report product of this provider",
            place=Place(field="product"),
        )
    require_purpose(product, Purpose.SELF_QUERY)
    return product


def _require_subject(desk: Desk, consent: Consent, order: OwnReportOrder) -> None:
    tags = (subject_tag(key, order.subject) for key in desk.vouchers.keys)
    if all(subject_digest(tag, order.subject_salt) != consent.subject for tag in tags):
        raise SubjectError(
            "the consent is about another enterprise, or under a key epoch that is not known here",
            expected="the enterprise of the consent, and the salt in its file",
            place=Place(field="subject"),
        )
