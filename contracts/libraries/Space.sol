// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Spaces of cells in the region log
/// @notice The numbers and layouts are part of the format (docs/format.md, section 5) and never change their meaning. A key is
/// `space[1] || id[31]`.
library Space {
    /// @notice The log's own cells: its writers and its seal.
    uint8 internal constant LOG = 0;

    /// @notice The current key epoch, at id 0: `epoch 32`.
    uint8 internal constant EPOCH = 3;

    /// @notice The key of a cell.
    /// @param id Below 2^248.
    function key(uint8 space, uint256 id) internal pure returns (uint256) {
        return uint256(space) << 248 | id;
    }
}
