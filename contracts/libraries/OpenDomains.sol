// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Space} from "./Space.sol";

/// @title The domains that the law allows to be used without consent
/// @notice One cell holds the current rule and the one before; see `Space.LIMIT`. Older rules are in the log only.
library OpenDomains {
    /// @notice The key of the cell.
    uint256 internal constant KEY = uint256(Space.LIMIT) << 248 | 1;

    /// @notice The rules after `domains` became open now.
    function next(uint256 rules, uint32 domains) internal view returns (uint256) {
        uint256 before = uint64(rules);
        // A rule that is replaced within a second never held.
        if (uint32(rules >> 32) == block.timestamp) before = rules >> 64;
        return uint256(domains) | block.timestamp << 32 | before << 64;
    }

    /// @notice The domains that were open at `time`, unix seconds.
    /// @return domains Bit set; 0 before the first rule.
    /// @return known Whether the cell still says so.
    function at(uint256 rules, uint256 time) internal pure returns (uint32 domains, bool known) {
        if (time < since(rules)) rules >>= 64;
        return time < since(rules) ? (0, false) : (uint32(rules), true);
    }

    /// @notice Since when the current rule holds. Shifted by 64 bits, `rules` are those before.
    function since(uint256 rules) internal pure returns (uint32) {
        return uint32(rules >> 32);
    }
}
