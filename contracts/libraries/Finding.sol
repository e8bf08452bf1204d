// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev What judging a delivery found, as of the time it was delivered. Up to `Overdrawn` it is metered; from `InFuture` on it is
/// rejected and consumes nothing. Numbers are part of the format (docs/format.md, section 7).
enum Finding {
    /// The consent covers it.
    Fits,
    /// All its domains may be used without consent.
    WithoutConsent,
    /// The consent covers it, but had no use left.
    Overdrawn,
    /// Delivered after this block.
    InFuture,
    /// To be metered before the delivery, or more than an hour after it.
    MeterBy,
    /// Delivered before the request was issued.
    NotIssued,
    /// Delivered after the request's deadline.
    PastDeadline,
    /// The request was metered already.
    Replayed,
    /// The asking node was no institution, or did not act, or its key was compromised.
    Institution,
    /// The delivering node was neither platform nor bureau, or did not act, or its key was compromised.
    Provider,
    /// The request was not signed by the institution.
    RequestSignature,
    /// The receipt was not signed by the provider.
    ReceiptSignature,
    /// There is no such consent, and the domains need one.
    ConsentUnknown,
    /// The consent is another institution's.
    ConsentInstitution,
    /// The consent is for another purpose.
    ConsentPurpose,
    /// A section outside the consent.
    ConsentSections,
    /// A domain outside the consent that may not be used without one.
    ConsentDomains,
    /// Before the consent was granted or begins.
    ConsentNotYetValid,
    /// After the consent ended.
    ConsentExpired,
    /// When, or after, the consent was revoked.
    ConsentRevoked
}
