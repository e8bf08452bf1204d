// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MerkleLog} from "./MerkleLog.sol";

/// @title The tree of RFC 9162, section 2.1, over the items of one log entry
library ItemTree {
    /// @notice Leaf hash of a metered delivery: `keccak256(0x00 || abi.encode(bytes32 receipt, uint8 flags))`.
    function leaf(bytes32 receipt, uint8 flags) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x00), receipt, uint256(flags)));
    }

    /// @notice Root over the first `count` of `leaves`, at least one. Overwrites `leaves`. A last node without a sibling moves up
    /// unchanged, which gives the same tree as the standard's split at the largest power of two.
    function root(bytes32[] memory leaves, uint256 count) internal pure returns (bytes32) {
        while (count > 1) {
            uint256 pairs = count >> 1;
            for (uint256 i = 0; i < pairs; ++i) {
                leaves[i] = MerkleLog.hashNode(leaves[2 * i], leaves[2 * i + 1]);
            }
            if (count & 1 == 1) leaves[pairs] = leaves[count - 1];
            count -= pairs;
        }
        return leaves[0];
    }
}
