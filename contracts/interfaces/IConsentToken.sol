// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Role} from "./INodeRegistry.sol";

/// @dev What an enterprise agrees to, signed as the EIP-712 message `Consent` with the same fields in the same order. Its struct
/// hash is the token id. It does not name the enterprise: see `subject` and `key`.
/// @param log Id of the region log that the consent is for.
/// @param institution Node that may request reports.
/// @param platform Node that endorses: it knows the enterprise and has seen it agree.
/// @param key The enterprise's key for this institution, an account or an ERC-1271 wallet; 0 if it agreed on paper.
/// @param subject `keccak256(0x05 || subject_tag[32] || salt[32])` with a fresh salt.
/// @param sections Bit set of sections, bit n for section n; not 0.
/// @param domains Bit set of domains; not 0.
/// @param purpose Purpose code; not 0.
/// @param dataFrom First day that the records may be about, as the number YYYYMMDD.
/// @param dataTo Last such day.
/// @param notBefore Unix seconds from which reports may be delivered.
/// @param notAfter Unix seconds until which reports may be delivered, inclusive.
/// @param uses Number of deliveries; not 0.
/// @param keepDays Days after a delivery for which the institution may keep the report.
/// @param notice Salted digest of the notice that the enterprise was shown; not 0.
/// @param paper Salted digest of the paper that it signed; 0 if it signs with `key`. Exactly one of the two is 0.
struct Consent {
    bytes32 log;
    uint24 institution;
    uint24 platform;
    address key;
    bytes32 subject;
    uint8 sections;
    uint32 domains;
    uint8 purpose;
    uint32 dataFrom;
    uint32 dataTo;
    uint40 notBefore;
    uint40 notAfter;
    uint32 uses;
    uint16 keepDays;
    bytes32 notice;
    bytes32 paper;
}

/// @dev What the contract stores of a consent; all zero if there is none.
/// @param validFrom The later of `notBefore` and the time of the grant, unix seconds.
/// @param used Number of metered deliveries that took a use; at most `uses`.
/// @param revokedAt Unix seconds; 0 if it was not revoked.
/// @param entry Index of the log entry of the grant.
struct ConsentState {
    uint24 institution;
    uint8 sections;
    uint32 domains;
    uint8 purpose;
    uint40 validFrom;
    uint40 notAfter;
    uint32 uses;
    uint32 used;
    uint40 revokedAt;
    address key;
    uint24 platform;
    uint56 entry;
}

/// @dev One delivery that is to be judged against a consent.
/// @param consent Token id as bytes32; 0 if no consent is needed.
/// @param time When it was delivered, unix seconds.
struct Use {
    bytes32 consent;
    uint24 institution;
    uint8 purpose;
    uint8 sections;
    uint32 domains;
    uint40 time;
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
    /// The request was metered already.
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
    ConsentRevoked
}

/// @dev Who revoked a consent. The numbers are part of the log format.
enum Revoker {
    None,
    Key,
    Platform,
    Governors
}

/// @title The consents of enterprises
/// @notice Each consent is an ERC-721 token. It belongs to the institution's node: its owner is the node's current operator (for
/// a virtual node without a key of its own, its host's operator). It is locked (ERC-5192), cannot be approved, and is never
/// burnt; a revoked consent stays, with the time of its revocation. Anyone may relay consents, because the signatures decide.
///
/// Warning: the owner changes with the node's operator, without a `Transfer` event. `balanceOf` counts the tokens of the node
/// that a key operates now, and not those of virtual nodes that it hosts.
interface IConsentToken {
    /// @notice A consent was granted. `Transfer` and `Locked` are emitted with it.
    /// @param entry Index of its log entry.
    event ConsentGranted(
        uint256 indexed id, uint24 indexed institution, address indexed key, Consent consent, uint64 entry
    );

    /// @notice A consent was revoked, as of this block.
    event ConsentRevoked(uint256 indexed id, uint24 indexed institution, Revoker indexed by, uint64 entry);

    /// @notice Governors set the domains that the law allows to be used without consent, from this block on.
    event OpenDomainsSet(uint32 domains, uint64 entry);

    /// @notice Governors allowed a ledger to count uses, or withdrew that.
    event LedgerSet(address indexed ledger, bool authorised);

    /// @notice The consent is for the log `given`, and this contract writes to `expected`.
    error ConsentTokenLog(bytes32 expected, bytes32 given);

    /// @notice A consent needs at least one existing section, one domain, a purpose, a use, a subject and a notice.
    error ConsentTokenIncomplete();

    /// @notice Exactly one of key and paper must be given. A consent on paper has no signature by a key.
    error ConsentTokenKeyOrPaper(address key, bytes32 paper);

    /// @notice A consent must end after it begins and not before now. Its days must have the form YYYYMMDD and be in order.
    error ConsentTokenPeriod(uint40 notBefore, uint40 notAfter, uint32 dataFrom, uint32 dataTo);

    /// @notice `node` has another role than the consent needs in this place.
    error ConsentTokenRole(uint24 node, Role expected, Role actual);

    /// @notice `node` does not act now.
    error ConsentTokenInactive(uint24 node);

    /// @notice The consent `id` was not signed by `key`.
    error ConsentTokenSignature(uint256 id, address key);

    /// @notice The consent `id` was not signed by the operator of `platform`.
    error ConsentTokenEndorsement(uint256 id, uint24 platform);

    /// @notice The consent is granted already. Whoever relayed it second has nothing left to do.
    error ConsentTokenGranted(uint256 id);

    /// @notice There is no consent `id`.
    error ConsentTokenUnknown(uint256 id);

    /// @notice The consent was revoked at `revokedAt`, unix seconds.
    error ConsentTokenRevoked(uint256 id, uint40 revokedAt);

    /// @notice `caller` is neither the key of the consent nor acts for its platform.
    error ConsentTokenNotRevoker(uint256 id, address caller);

    /// @notice The token cannot be transferred or approved.
    error ConsentTokenLocked(uint256 id);

    /// @notice ERC-721 has no balance for the address 0.
    error ConsentTokenNoOwner();

    /// @notice `caller` is not a ledger that may count uses.
    error ConsentTokenNotLedger(address caller);

    /// @notice `ledger` is authorised, or not authorised, already; or it has no code.
    error ConsentTokenLedger(address ledger, bool authorised);

    /// @notice Grant a consent. Anyone who has the signatures may.
    /// @param keySignature Signature by `consent.key`; empty if the enterprise agreed on paper.
    /// @param endorsement Signature by the operator of `consent.platform`, or of its host, over the same message.
    /// @return id Struct hash of the consent.
    function grant(Consent calldata consent, bytes calldata keySignature, bytes calldata endorsement)
        external
        returns (uint256 id);

    /// @notice Revoke a consent for ever. Its key may, and whoever acts for the platform that endorsed it.
    function revoke(uint256 id) external;

    /// @notice As `revoke`, relayed by anyone.
    /// @param signature Signature by the consent's key over `Revocation(bytes32 consent)`.
    function revokeSigned(uint256 id, bytes calldata signature) external;

    /// @notice As `revoke`, by governors, for a consent on paper whose platform no longer exists.
    function revokeByGovernors(uint256 id) external;

    /// @notice Judge a delivery as of its time, and count it if the consent covers it and has a use left. Only ledgers may.
    /// @return finding `Fits`, `WithoutConsent` or `Overdrawn`, or why the delivery is not covered.
    function consume(Use calldata use) external returns (Finding finding);

    /// @notice Set the domains that the law allows to be used without consent, from now on. Only governors may; it is logged.
    function setOpenDomains(uint32 domains) external;

    /// @notice Allow a ledger to count uses, or withdraw that. Only governors may. This is not logged, but the region log shows
    /// which contracts are ledgers: one that is not a writer there cannot meter anything.
    function setLedger(address ledger, bool authorised) external;

    /// @notice What is stored of a consent; all zero if there is none.
    function consentOf(uint256 id) external view returns (ConsentState memory);

    /// @notice The id that a consent has or would have.
    function idOf(Consent calldata consent) external pure returns (uint256);

    /// @notice The domains that could be used without consent at `time`, unix seconds.
    function openDomainsAt(uint40 time) external view returns (uint32);

    /// @notice Whether `ledger` may count uses.
    function isLedger(address ledger) external view returns (bool);
}
