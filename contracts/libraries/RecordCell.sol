// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Life, RecordInfo} from "../interfaces/IAnchorRegistry.sol";
import {Space} from "./Space.sol";

/// @title The cell of a record's life
library RecordCell {
    /// @notice Where the life of the record `leaf` of `node` is.
    function key(uint24 node, bytes32 leaf) internal pure returns (uint256) {
        return Space.key(Space.RECORD, id(node, leaf));
    }

    /// @notice The id of all cells about this record.
    function id(uint24 node, bytes32 leaf) internal pure returns (uint248) {
        return uint248(uint256(keccak256(abi.encode(node, leaf))));
    }

    /// @notice The value of a record that has this life since `time`.
    function pack(Life life, uint40 time) internal pure returns (uint256) {
        return uint256(life) | uint256(time) << 2;
    }

    /// @notice The life that this word holds. A record whose cell was never written is live.
    function lifeOf(uint256 word) internal pure returns (Life) {
        return Life(word >> 56 & 3);
    }

    /// @notice All that this word holds.
    function unpack(uint256 word) internal pure returns (RecordInfo memory) {
        return RecordInfo({life: lifeOf(word), lifeAt: uint40(word >> 58), entry: uint56(word)});
    }
}
