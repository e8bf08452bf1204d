"""One sentence for each finding of the ledger (docs/consent.md)."""

from __future__ import annotations

from typing import Final

from creditchain.vocabulary import Finding

MEANING: Final = {
    Finding.FITS: "metered: the consent covers it",
    Finding.WITHOUT_CONSENT: "metered: its domains need no consent",
    Finding.OVERDRAWN: "metered and flagged: the consent had no use left",
    Finding.IN_FUTURE: "dated later than the block that would have metered it",
    Finding.METER_BY: "the receipt promises metering before the delivery, or more than an hour after it",
    Finding.NOT_ISSUED: "delivered before the request was issued",
    Finding.PAST_DEADLINE: "delivered after the request's deadline",
    Finding.REPLAYED: "a delivery was metered for this nonce already",
    Finding.INSTITUTION: "the node that asked was not an active institution then",
    Finding.PROVIDER: "the node that delivered was not an active platform or bureau then",
    Finding.REQUEST_SIGNATURE: "the request is not signed by the institution",
    Finding.RECEIPT_SIGNATURE: "the receipt is not signed by the provider",
    Finding.CONSENT_UNKNOWN: "there is no such consent, and at least one domain needs one",
    Finding.CONSENT_INSTITUTION: "the consent was given to another institution",
    Finding.CONSENT_PURPOSE: "the consent is for another purpose",
    Finding.CONSENT_SECTIONS: "a section is outside the consent",
    Finding.CONSENT_DOMAINS: "a domain is outside the consent",
    Finding.CONSENT_NOT_YET_VALID: "delivered before the consent was granted or began",
    Finding.CONSENT_EXPIRED: "delivered after the consent ended",
    Finding.CONSENT_REVOKED: "delivered when, or after, the consent was revoked",
    Finding.SCOPE: "no section, no domain or no purpose was asked for",
    Finding.BROKER: "the node that brokered the request was not an active platform then",
    Finding.BROKER_SIGNATURE: "the request is not signed by its broker",
}
