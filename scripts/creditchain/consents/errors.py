"""One error for each reason to refuse a query (docs/consent.md). None of them consumes a use of the consent."""

from __future__ import annotations

from typing import ClassVar

from creditchain.errors import InputError, RefusedError, UnavailableError
from creditchain.vocabulary import Finding


class TermsError(InputError):
    """The terms of a consent, a request or a report of loans are impossible: a date, a name, a period, a number."""


class ContentError(InputError):
    """The text in a file, with its salt, does not match the digest that was signed."""


class ForeignFileError(InputError):
    """The file is for another chain, contract or region."""


class StaleViewError(UnavailableError):
    """The newest block is older than a provider may judge a consent by."""


class QueryRefusedError(RefusedError):
    """A query is refused. `finding` is what the ledger would find; None where the ledger cannot tell."""

    finding: ClassVar[Finding | None] = None


class ScopeError(QueryRefusedError):
    """The request asks for no section, or for no domain."""

    finding = Finding.SCOPE


class RequestNotIssuedError(QueryRefusedError):
    """The request is dated later than now."""

    finding = Finding.NOT_ISSUED


class RequestExpiredError(QueryRefusedError):
    """The request's deadline has passed."""

    finding = Finding.PAST_DEADLINE


class RequestReplayedError(QueryRefusedError):
    """A delivery was already metered for the request's nonce."""

    finding = Finding.REPLAYED


class NonceError(QueryRefusedError):
    """The request's nonce is far from those in use. The ledger would take it, at the provider's expense."""


class InstitutionError(QueryRefusedError):
    """The node that asks is not an active institution."""

    finding = Finding.INSTITUTION


class ProviderError(QueryRefusedError):
    """The node that is asked is not an active platform or bureau, or not the one that signs here."""

    finding = Finding.PROVIDER


class RequestSignatureError(QueryRefusedError):
    """The request is not signed by the operator of the institution or of its host."""

    finding = Finding.REQUEST_SIGNATURE


class BrokerError(QueryRefusedError):
    """The node that is to broker the request is not an active platform."""

    finding = Finding.BROKER


class BrokerSignatureError(QueryRefusedError):
    """The request is not signed by its broker."""

    finding = Finding.BROKER_SIGNATURE


class ConsentUnknownError(QueryRefusedError):
    """There is no such consent, and at least one domain needs one."""

    finding = Finding.CONSENT_UNKNOWN


class ConsentInstitutionError(QueryRefusedError):
    """The consent was given to another institution."""

    finding = Finding.CONSENT_INSTITUTION


class ConsentPurposeError(QueryRefusedError):
    """The consent is for another purpose."""

    finding = Finding.CONSENT_PURPOSE


class ConsentSectionsError(QueryRefusedError):
    """The request asks for a section that the consent does not cover."""

    finding = Finding.CONSENT_SECTIONS


class ConsentDomainsError(QueryRefusedError):
    """The request asks for a domain that needs consent and is not covered."""

    finding = Finding.CONSENT_DOMAINS


class ConsentNotYetValidError(QueryRefusedError):
    """The consent is not valid yet."""

    finding = Finding.CONSENT_NOT_YET_VALID


class ConsentExpiredError(QueryRefusedError):
    """The consent has expired."""

    finding = Finding.CONSENT_EXPIRED


class ConsentRevokedError(QueryRefusedError):
    """The consent was revoked."""

    finding = Finding.CONSENT_REVOKED


class ConsentPausedError(QueryRefusedError):
    """The consent is paused. The ledger would meter the delivery and flag it PAUSED."""


class ConsentExhaustedError(QueryRefusedError):
    """All uses of the consent are spent. The ledger would meter the delivery and flag it OVERDRAWN."""

    finding = Finding.OVERDRAWN


class SubjectError(QueryRefusedError):
    """Consent, request and report are not about the same enterprise."""


class ProductMismatchError(QueryRefusedError):
    """The report is of another product than the request names, or the product may not be used for this purpose."""


class ReportUnfitError(QueryRefusedError):
    """The report would fail verification: it has a record outside request or consent, or leaves out a batch."""
