// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev What an institution requests, signed as the EIP-712 message `QueryRequest` with the same fields in the same order. Its
/// struct hash is the request's id. One delivery is metered for a nonce of an institution and a provider.
/// @param institution Node that requests.
/// @param provider Node that is to deliver, a platform or a bureau.
/// @param consent Id of the consent; 0 if all domains may be used without one.
/// @param subject `keccak256(0x05 || subject_tag[32] || salt[32])` with a fresh salt for every request.
/// @param product Digest of the report's product file.
/// @param sections Bit set of requested sections; not 0.
/// @param domains Bit set of requested domains; not 0.
/// @param purpose Purpose code.
/// @param staff Salted digest of the member of staff who requests.
/// @param issuedAt Unix seconds.
/// @param deadline Unix seconds until which the request may be answered, inclusive.
/// @param nonce A number that the institution uses once for this provider; ascending from 0, so that few cells hold many.
/// @param via Node of the platform that brokers the request and signs it too; 0 if none does.
/// @param terms Digest of the provider's price list; 0 if it has none.
struct QueryRequest {
    uint24 institution;
    uint24 provider;
    bytes32 consent;
    bytes32 subject;
    bytes32 product;
    uint8 sections;
    uint32 domains;
    uint8 purpose;
    bytes32 staff;
    uint40 issuedAt;
    uint40 deadline;
    uint48 nonce;
    uint24 via;
    bytes32 terms;
}

/// @dev An account's signature as EIP-2098 has it: `vs` is `yParity[1 bit] || s[255 bits]`.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

/// @dev A request and its receipt, the EIP-712 message
/// `Receipt(bytes32 request,bytes32 report,uint40 deliveredAt,uint40 meterBy)` with the request's struct hash.
/// @param report Commitment to the report that was delivered.
/// @param deliveredAt Unix seconds.
/// @param meterBy Unix seconds by which the provider promises to meter, at most an hour after `deliveredAt`.
/// @param byInstitution Signature of the request by the account that operates the institution, or its host.
/// @param byProvider Signature of the receipt by the account that operates the provider, or its host.
/// @param byBroker Signature of the request by the account that operates `via`, or its host; not looked at if `via` is 0.
struct Delivery {
    QueryRequest request;
    bytes32 report;
    uint40 deliveredAt;
    uint40 meterBy;
    Signature byInstitution;
    Signature byProvider;
    Signature byBroker;
}

/// @dev The result of judging a delivery as of the time it was delivered. Up to `Overdrawn` it is metered; from `InFuture` on it
/// is rejected and consumes nothing. The numbers are part of the format (docs/format.md, section 6).
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
    /// A delivery was metered for this nonce of institution and provider already.
    Replayed,
    /// The requesting node was not an institution, or did not act, or its key was compromised.
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
    ConsentRevoked,
    /// No section, no domain or no purpose was asked for.
    Scope,
    /// The brokering node was not a platform, or did not act, or its key was compromised.
    Broker,
    /// The request was not signed by the broker.
    BrokerSignature
}

/// @dev What an institution lent in a month after queries. The fields, in this order, are the body of a `LOANS` log entry.
/// @param month YYYYMM, a month that is over (in UTC+8).
/// @param revision 0 for the first report of the month, and one more for each correction.
/// @param count Number of loans.
/// @param amount Sum in fen; 0 only if `count` is 0.
/// @param queries Salted digest of the list of queries that the loans followed.
struct LoanReport {
    uint24 institution;
    uint24 month;
    uint16 revision;
    uint32 count;
    uint128 amount;
    bytes32 queries;
}

/// @dev The current report of a month; all zero if there is none.
/// @param reports Number of reports, corrections included.
/// @param entry Index of the log entry of the last report.
struct LoanTotal {
    uint128 amount;
    uint32 count;
    uint16 reports;
    uint56 entry;
}

/// @title Which reports were requested and delivered, and what was lent afterwards
/// @notice A delivery is judged as of its time: membership, keys, consent and revocation. If it fits, it is metered once, with
/// flags: `OVERDRAWN` (1) if the consent had no use left, `LATE` (2) if metered after `meterBy`, `OPEN` (4) if it needed no
/// consent, `OLD` (8) if metered later than the governed limit allows, `PAUSED` (16) if delivered while the consent was paused.
/// If it does not fit, an event says why; it consumes nothing and can be submitted again. Everything that one call meters is one
/// log entry, whose body is the items one after the other (see `QueryItem`). There is no other event for them.
///
/// Requests and receipts are signed by accounts. A wallet contract that operates a node cannot sign them, because it could deny
/// tomorrow what it said today.
///
/// Warning: whoever holds the keys of both institution and provider can backdate a delivery by as long as they wait before
/// metering it. More than an hour shows as `LATE`, more than the governed limit as `OLD`.
interface IQueryLedger {
    /// @notice A delivery was not metered. The event names no nodes, because only `by`, who submitted it, vouches for them.
    /// @param index Position of the delivery in the call.
    event DeliveryRejected(bytes32 indexed request, address indexed by, Finding indexed finding, uint256 index);

    /// @notice There is nothing to meter.
    error QueryLedgerEmpty();

    /// @notice No contract may revoke consents now, so none may be used. Meter again when governors admitted one.
    error QueryLedgerNobodyRevokes();

    /// @notice `month` is not a month, or is not over.
    error QueryLedgerMonth(uint24 month);

    /// @notice The next report of this month is number `expected`.
    error QueryLedgerRevision(uint16 expected, uint16 given);

    /// @notice Count and amount must both be zero or both be positive.
    error QueryLedgerAmount(uint32 count, uint128 amount);

    /// @notice Meter deliveries. Anyone may; the signatures decide. If a delivery does not fit, it is skipped; an event says why.
    function meter(Delivery[] calldata deliveries) external;

    /// @notice Report a month's loans, or correct the report by one with the next revision. Only for the active institution.
    function reportLoans(LoanReport calldata report) external;

    /// @notice Whether a delivery was metered for a nonce, and the index of the log entry that last wrote the cell which holds it
    /// and its neighbours; 0 if none did.
    function nonceUsed(uint24 institution, uint24 provider, uint48 nonce)
        external
        view
        returns (bool used, uint56 entry);

    /// @notice The current report of an institution's month.
    function loansOf(uint24 institution, uint24 month) external view returns (LoanTotal memory);
}
