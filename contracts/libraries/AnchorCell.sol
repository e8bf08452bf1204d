// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AnchorInfo} from "../interfaces/IAnchorRegistry.sol";
import {Space} from "./Space.sol";

/// @title The cells of anchors and of their series
library AnchorCell {
    /// @notice No batch has more leaves.
    uint64 internal constant MAX_SIZE = (1 << 40) - 1;

    uint256 private constant _AUDITED = 1 << 152;
    uint256 private constant _BROKEN = 1 << 153;

    /// @notice Where the anchor of `root` by `node` is.
    function key(uint24 node, bytes32 root) internal pure returns (uint256) {
        return Space.key(Space.ANCHOR, uint248(uint256(keccak256(abi.encode(node, root)))));
    }

    /// @notice Where the number of batches of this product by `node` is.
    function seriesKey(uint24 node, bytes32 product) internal pure returns (uint256) {
        return Space.key(Space.SERIES, uint248(uint256(keccak256(abi.encode(node, product)))));
    }

    /// @notice The value of a new anchor. `entry` is kept in it, because later audits and proofs write the cell again.
    function pack(uint64 size, uint256 time, uint32 keyEpoch, uint256 entry) internal pure returns (uint256) {
        return uint256(size) | time << 40 | uint256(keyEpoch) << 80 | entry << 112;
    }

    /// @notice The same value, audited.
    function audited(uint256 value) internal pure returns (uint256) {
        return value | _AUDITED;
    }

    /// @notice The same value, broken.
    function broken(uint256 value) internal pure returns (uint256) {
        return value | _BROKEN;
    }

    /// @notice Whether the anchor is broken.
    function isBroken(uint256 value) internal pure returns (bool) {
        return value & _BROKEN != 0;
    }

    /// @notice Number of leaves.
    function sizeOf(uint256 value) internal pure returns (uint64) {
        return uint40(value);
    }

    /// @notice The anchor that this value holds; all zero if there is none.
    function unpack(uint24 node, uint256 value) internal pure returns (AnchorInfo memory) {
        return AnchorInfo({
            node: value == 0 ? 0 : node,
            size: sizeOf(value),
            time: uint40(value >> 40),
            entry: uint40(value >> 112),
            keyEpoch: uint32(value >> 80),
            audited: value & _AUDITED != 0,
            broken: isBroken(value)
        });
    }
}
