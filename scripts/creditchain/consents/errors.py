"""Why a query is not answered, an error for each reason (docs/consent.md). Nothing is consumed by any of them."""

from __future__ import annotations

from typing import ClassVar

from creditchain.errors import InputError, RefusedError, UnavailableError
from creditchain.vocabulary import Finding


class TermsError(InputError):
    """What a consent, a request or a report of loans says can not be meant: a date, a name, a period, a number."""


class ContentError(InputError):
    """A file's text and its salt do not give the digest that is signed."""


class ForeignFileError(InputError):
    """The file is for another chain, contract or region."""


class StaleViewError(UnavailableError):
    """The newest block is older than a provider may judge a consent by."""


class QueryRefusedError(RefusedError):
    """A query is not answered. `finding` is what the ledger would find; None where it can not know."""

    finding: ClassVar[Finding | None] = None


class RequestNotIssuedError(QueryRefusedError):
    """The request is dated later than now."""

    finding = Finding.NOT_ISSUED


class RequestExpiredError(QueryRefusedError):
    """The request's deadline is over."""

    finding = Finding.PAST_DEADLINE


class RequestReplayedError(QueryRefusedError):
    """The request was answered and metered already."""

    finding = Finding.REPLAYED


class InstitutionError(QueryRefusedError):
    """Who asks is no institution that acts."""

    finding = Finding.INSTITUTION


class ProviderError(QueryRefusedError):
    """Who is asked is no platform or bureau that acts, or not the one that signs here."""

    finding = Finding.PROVIDER


class RequestSignatureError(QueryRefusedError):
    """The request is not signed by the institution's operator, or its host's."""

    finding = Finding.REQUEST_SIGNATURE


class ConsentUnknownError(QueryRefusedError):
    """There is no such consent, and a domain needs one."""

    finding = Finding.CONSENT_UNKNOWN


class ConsentInstitutionError(QueryRefusedError):
    """The consent is another institution's."""

    finding = Finding.CONSENT_INSTITUTION


class ConsentPurposeError(QueryRefusedError):
    """The consent is for another purpose."""

    finding = Finding.CONSENT_PURPOSE


class ConsentSectionsError(QueryRefusedError):
    """A section outside the consent."""

    finding = Finding.CONSENT_SECTIONS


class ConsentDomainsError(QueryRefusedError):
    """A domain outside the consent that needs one."""

    finding = Finding.CONSENT_DOMAINS


class ConsentNotYetValidError(QueryRefusedError):
    """The consent begins later."""

    finding = Finding.CONSENT_NOT_YET_VALID


class ConsentExpiredError(QueryRefusedError):
    """The consent ended."""

    finding = Finding.CONSENT_EXPIRED


class ConsentRevokedError(QueryRefusedError):
    """The consent was revoked."""

    finding = Finding.CONSENT_REVOKED


class ConsentExhaustedError(QueryRefusedError):
    """The consent has no use left. The ledger would meter the delivery, flagged OVERDRAWN, for all to see."""

    finding = Finding.OVERDRAWN


class SubjectError(QueryRefusedError):
    """Consent, request and report are not about one enterprise."""


class ProductMismatchError(QueryRefusedError):
    """The report is of another product than was asked for, or the product is not for this purpose."""


class ReportUnfitError(QueryRefusedError):
    """The report would not pass its verification: a record outside the request or the consent, a batch left out."""
