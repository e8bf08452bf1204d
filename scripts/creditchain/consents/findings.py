"""What the ledger finds, in a sentence each (docs/consent.md)."""

from __future__ import annotations

from typing import Final

from creditchain.vocabulary import Finding

MEANING: Final = {
    Finding.FITS: "metered: the consent covers it",
    Finding.WITHOUT_CONSENT: "metered: its domains need no consent",
    Finding.OVERDRAWN: "metered and flagged: the consent had no use left",
    Finding.IN_FUTURE: "delivered later than the block that was to meter it",
    Finding.METER_BY: "to be metered before the delivery, or more than an hour after it",
    Finding.NOT_ISSUED: "delivered before the request was issued",
    Finding.PAST_DEADLINE: "delivered after the request's deadline",
    Finding.REPLAYED: "the request was metered already",
    Finding.INSTITUTION: "who asked was no institution that acted then",
    Finding.PROVIDER: "who delivered was no platform or bureau that acted then",
    Finding.REQUEST_SIGNATURE: "the request is not signed by the institution",
    Finding.RECEIPT_SIGNATURE: "the receipt is not signed by the provider",
    Finding.CONSENT_UNKNOWN: "there is no such consent, and a domain needs one",
    Finding.CONSENT_INSTITUTION: "the consent is another institution's",
    Finding.CONSENT_PURPOSE: "the consent is for another purpose",
    Finding.CONSENT_SECTIONS: "a section outside the consent",
    Finding.CONSENT_DOMAINS: "a domain outside the consent",
    Finding.CONSENT_NOT_YET_VALID: "delivered before the consent was granted or began",
    Finding.CONSENT_EXPIRED: "delivered after the consent ended",
    Finding.CONSENT_REVOKED: "delivered when, or after, the consent was revoked",
}
