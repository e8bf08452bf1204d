// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Dispute, DisputeInfo} from "../interfaces/IDisputes.sol";
import {RecordCell} from "./RecordCell.sol";
import {Space} from "./Space.sol";

/// @title The cells of disputes
/// @dev A record's cell, and the cell of an answer to one of its filings:
///
///     | answeredAt 40 | outcome 3 | filedAt 40 | last 40 | filings 32 | open 32 |
///     | answeredAt 40 | outcome 3 |
library DisputeCell {
    /// @dev Regulation on Credit Reporting, art. 25: calendar days.
    uint40 internal constant ANSWER_TIME = 20 days;

    uint256 private constant _ANSWER = 144;

    /// @notice Where the disputes of the record `leaf` of `node` are.
    function key(uint24 node, bytes32 leaf) internal pure returns (uint256) {
        return Space.key(Space.DISPUTE, RecordCell.id(node, leaf));
    }

    /// @notice Where the answer to one filing is.
    function answerKey(uint24 node, bytes32 leaf, uint32 filing) internal pure returns (uint256) {
        return Space.key(Space.DISPUTE, uint248(uint256(keccak256(abi.encode(node, leaf, filing)))));
    }

    /// @notice The value of a record's cell with one more filing, whose log entry is `entry`.
    function filed(uint256 value, uint64 entry) internal view returns (uint256) {
        uint256 said = value >> _ANSWER << _ANSWER;
        uint256 counts = uint256(filings(value) + 1) << 32 | uint32(value) + 1;
        return said | block.timestamp << 104 | uint256(entry) << 64 | counts;
    }

    /// @notice The value of a record's cell with one more answer.
    function answered(uint256 value, Dispute outcome) internal view returns (uint256) {
        return uint256(uint144(value)) - 1 | answer(outcome) << _ANSWER;
    }

    /// @notice The value of an answer's cell.
    function answer(Dispute outcome) internal view returns (uint256) {
        return uint256(outcome) | block.timestamp << 3;
    }

    /// @notice Number of filings about a record.
    function filings(uint256 value) internal pure returns (uint32) {
        return uint32(value >> 32);
    }

    /// @notice Index of the log entry of the last filing.
    function last(uint256 value) internal pure returns (uint64) {
        return uint40(value >> 64);
    }

    /// @notice What an answer's cell holds.
    function unpackAnswer(uint256 value) internal pure returns (Dispute outcome, uint40 answeredAt) {
        return (Dispute(value & 7), uint40(value >> 3));
    }

    /// @notice What a record's cell holds.
    function unpack(uint256 value) internal pure returns (DisputeInfo memory info) {
        info.open = uint32(value);
        info.filings = filings(value);
        info.last = last(value);
        info.filedAt = uint40(value >> 104);
        if (info.filedAt != 0) info.dueAt = info.filedAt + ANSWER_TIME;
        (info.outcome, info.answeredAt) = unpackAnswer(value >> _ANSWER);
    }
}
