// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Life} from "./IAnchorRegistry.sol";
import {Role} from "./INodeRegistry.sol";

/// @dev Where a dispute stands. The numbers are part of the log format.
enum Dispute {
    None,
    Open,
    Corrected,
    Upheld,
    Unresolved
}

/// @dev A filing. The fields, in this order, are the body of a `DISPUTE` log entry.
/// @param platform Node that files, or that endorses the enterprise's own filing.
/// @param node Node that published the record.
/// @param leaf Leaf hash of the record.
/// @param number Number of the filing among all about this record, from 1 without gaps.
/// @param previous Index of the log entry of the filing before it; 0 for the first.
/// @param key The enterprise's key that signed it; 0 if the platform filed on its behalf.
/// @param reasonDigest Salted digest of the reason, kept off chain.
struct Filing {
    uint24 platform;
    uint24 node;
    bytes32 leaf;
    uint32 number;
    uint64 previous;
    address key;
    bytes32 reasonDigest;
}

/// @dev The publisher's answer to one filing. The fields, in this order, are the body of an `ANSWER` log entry.
/// @param node Node that published the record.
/// @param leaf Leaf hash of the record.
/// @param filing Number of the filing that is answered.
/// @param outcome `Corrected`, `Upheld` or `Unresolved`.
/// @param successor Leaf hash of the correcting record of the same node; 0 unless `Corrected`.
/// @param reasonDigest Salted digest of the reason, kept off chain.
struct Answer {
    uint24 node;
    bytes32 leaf;
    uint32 filing;
    Dispute outcome;
    bytes32 successor;
    bytes32 reasonDigest;
}

/// @dev An enterprise's dispute, signed as the EIP-712 message `DisputeFiling` with the same fields in the same order.
/// @param platform Node that endorses: it knows the enterprise, and that the record is about it.
/// @param node Node that published the record.
/// @param leaf Leaf hash of the record.
/// @param reasonDigest Salted digest of the reason.
/// @param key The enterprise's key, an account or an ERC-1271 wallet.
/// @param previous Number of filings about the record before this one. Thus it can be used only once.
/// @param deadline Unix seconds until which the filing may be used, inclusive.
struct DisputeFiling {
    uint24 platform;
    uint24 node;
    bytes32 leaf;
    bytes32 reasonDigest;
    address key;
    uint32 previous;
    uint40 deadline;
}

/// @dev The disputes of a record; all zero if it was never disputed. Times are unix seconds, 0 for never.
/// @param open Number of filings that are not answered.
/// @param filings Number of filings.
/// @param last Index of the log entry of the last filing.
/// @param filedAt When it was filed.
/// @param dueAt When its answer is or was due.
/// @param outcome What the last answer to any of the filings says; `None` before the first.
/// @param answeredAt When that was.
struct DisputeInfo {
    uint32 open;
    uint32 filings;
    uint64 last;
    uint40 filedAt;
    uint40 dueAt;
    Dispute outcome;
    uint40 answeredAt;
}

/// @title Disputes about records, and what became of them
/// @notice A platform files on behalf of an enterprise, or endorses what the enterprise files with its own key. The publisher
/// answers within 20 days (Regulation on Credit Reporting, art. 25). Any number of filings about one record may be open, so that
/// none stands in another's way. Each names the one before it, and the record's cell counts them.
///
/// Every filing and every answer is one entry of the region log, whose event says all about it. There are no other events.
///
/// Warning: whether there is such a record is not checked. A verifier must look up a node and leaf hash that it has proven to be
/// anchored, and must see the successor of a correction; see docs/format.md, section 8.
interface IDisputes {
    /// @notice `platform` has another role, or does not act now: it, or its host, is suspended or retired.
    error DisputesPlatform(uint24 platform, Role role);

    /// @notice `caller` is not the operator of `platform`, nor of its host.
    error DisputesNotOperator(address caller, uint24 platform);

    /// @notice There is no node with this number.
    error DisputesUnknownNode(uint24 node);

    /// @notice A leaf hash must not be 0.
    error DisputesNoLeaf();

    /// @notice `platform` published the record, hosts its publisher, is hosted by it, or both have one host.
    error DisputesOwnRecord(uint24 platform, uint24 node);

    /// @notice The filing expired at `deadline`, unix seconds.
    error DisputesFilingExpired(uint40 deadline);

    /// @notice There are `expected` filings about the record, and the filing names `given`.
    error DisputesFilingUsed(uint32 expected, uint32 given);

    /// @notice The filing was not signed by `key`.
    error DisputesFilingSignature(address key);

    /// @notice The filing was not signed by the operator of `platform`, nor of its host.
    error DisputesFilingEndorsement(uint24 platform);

    /// @notice There are `filings` filings about the record, and `given` is none of them.
    error DisputesNoFiling(uint32 filings, uint32 given);

    /// @notice The filing was answered with `outcome`.
    error DisputesAnswered(uint32 filing, Dispute outcome);

    /// @notice The outcome of a dispute must be corrected, upheld or unresolved.
    error DisputesOutcome(Dispute outcome);

    /// @notice A successor is needed for a corrected record, and must be another record; otherwise it must be 0.
    error DisputesSuccessor(bytes32 leaf, bytes32 successor);

    /// @notice The record `leaf` must be `expected`: superseded if it is corrected, live if it is the successor.
    error DisputesLife(bytes32 leaf, Life expected, Life actual);

    /// @notice Dispute a record of `node`. Only for an active platform, on behalf of the enterprise, and not about its own record
    /// or one of a node with which it shares a host.
    /// @return number Number of the filing.
    function fileDispute(uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest)
        external
        returns (uint32 number);

    /// @notice As `fileDispute`, by the enterprise itself: signed by its key and endorsed by a platform. Anyone may relay it.
    /// @param keySignature Signature by `filing.key`.
    /// @param endorsement Signature by the operator of the active platform, or of its host, over the same message.
    /// @return number Number of the filing.
    function fileDisputeSigned(DisputeFiling calldata filing, bytes calldata keySignature, bytes calldata endorsement)
        external
        returns (uint32 number);

    /// @notice Answer a filing, late or not. Only for the active node that published the record. Before `Corrected` is answered,
    /// the record must be superseded (`IAnchorRegistry.setLife`); the successor must be live.
    function answerDispute(Answer calldata answer) external;

    /// @notice The disputes of the record `leaf` of `node`.
    function disputesOf(uint24 node, bytes32 leaf) external view returns (DisputeInfo memory);

    /// @notice The answer to a filing, and when it was given in unix seconds; `None` and 0 if there is none.
    function answerOf(uint24 node, bytes32 leaf, uint32 filing)
        external
        view
        returns (Dispute outcome, uint40 answeredAt);
}
