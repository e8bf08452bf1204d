// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Dispute, Life, RecordInfo} from "../interfaces/IAnchorRegistry.sol";
import {Space} from "./Space.sol";

/// @title The cell of a record: its life and its last dispute
library RecordCell {
    /// @dev Regulation on Credit Reporting, art. 25: calendar days.
    uint40 internal constant ANSWER_TIME = 20 days;

    /// @notice Where the record `leaf` of `node` is.
    function key(uint24 node, bytes32 leaf) internal pure returns (uint256) {
        return Space.key(Space.RECORD, uint248(uint256(keccak256(abi.encode(node, leaf)))));
    }

    /// @notice The value that holds this record; `entry` is the log's, and `dueAt` follows from `disputedAt`.
    function pack(RecordInfo memory record) internal pure returns (uint256) {
        return uint256(record.life) | uint256(record.dispute) << 2 | uint256(record.lifeAt) << 5
            | uint256(record.disputedAt) << 45 | uint256(record.answeredAt) << 85 | uint256(record.platform) << 125;
    }

    /// @notice The record that this word holds.
    function unpack(uint256 word) internal pure returns (RecordInfo memory record) {
        uint256 value = word >> 56;
        record.life = Life(value & 3);
        record.dispute = Dispute(value >> 2 & 7);
        record.lifeAt = uint40(value >> 5);
        record.disputedAt = uint40(value >> 45);
        record.answeredAt = uint40(value >> 85);
        record.platform = uint24(value >> 125);
        record.entry = uint56(word);
        if (record.disputedAt != 0) record.dueAt = record.disputedAt + ANSWER_TIME;
    }
}
