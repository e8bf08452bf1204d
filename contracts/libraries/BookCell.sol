// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Space} from "./Space.sol";

/// @title The cell of what a node published under a key epoch
library BookCell {
    /// @notice No batch has more leaves, and no book.
    uint64 internal constant MAX_SIZE = (1 << 40) - 1;

    /// @notice Where it is.
    function key(uint24 node, uint32 epoch) internal pure returns (uint256) {
        return Space.key(Space.BOOK, uint256(node) << 32 | epoch);
    }

    /// @notice The same value with one more batch of `size` leaves.
    function withBatch(uint256 value, uint256 size) internal pure returns (uint256) {
        return value + (size << 32 | 1);
    }

    /// @notice The same value with another last book.
    function withBook(uint256 value, uint256 entry) internal pure returns (uint256) {
        return uint72(value) | entry << 72;
    }

    /// @notice Number of batches.
    function batches(uint256 value) internal pure returns (uint32) {
        return uint32(value);
    }

    /// @notice Number of leaves of all batches, broken and annulled ones included.
    function leaves(uint256 value) internal pure returns (uint64) {
        return uint40(value >> 32);
    }

    /// @notice Entry of the last book; 0 if there is none.
    function book(uint256 value) internal pure returns (uint64) {
        return uint40(value >> 72);
    }
}
