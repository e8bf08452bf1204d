// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Space} from "./Space.sol";

/// @title Governed limits
/// @notice One cell holds all, so that metering reads one; see `Space.LIMIT`. The numbers of limits are part of the format
/// (docs/format.md, section 5).
library Limits {
    /// @notice The domains that the law allows to be used without consent, a bit set below 2^32. The cell holds the current rule
    /// and the one before. Older rules are in the log only.
    uint8 internal constant OPEN_DOMAINS = 1;

    /// @notice How old a delivery may be when it is metered, in seconds, below 2^32; older ones are flagged. 0: `DEFAULT_AGE`.
    uint8 internal constant DELIVERY_AGE = 2;

    /// @notice The age of deliveries as long as governors set none.
    uint256 internal constant DEFAULT_AGE = 8 days;

    /// @notice The key of the cell:
    /// `| changedAt 32 | delivery age 32 | since before 32 | before 32 | since 32 | domains 32 |`.
    uint256 internal constant KEY = uint256(Space.LIMIT) << 248;

    /// @notice Whether there is such a limit, and it may have this value.
    function valid(uint8 limit, uint200 value) internal pure returns (bool) {
        return (limit == OPEN_DOMAINS || limit == DELIVERY_AGE) && value <= type(uint32).max;
    }

    /// @notice The value of the cell after a limit was set to `value` now.
    function next(uint8 limit, uint256 before, uint200 value) internal view returns (uint256) {
        uint256 rules = uint128(before);
        uint256 seconds_ = uint32(before >> 128);
        if (limit == OPEN_DOMAINS) {
            // A rule that is replaced within a second never held.
            uint256 earlier = uint64(since(before) == block.timestamp ? before >> 64 : before);
            rules = uint256(value) | block.timestamp << 32 | earlier << 64;
        } else {
            seconds_ = value;
        }
        return rules | seconds_ << 128 | block.timestamp << 160;
    }

    /// @notice How old a delivery may be, in seconds.
    function age(uint256 limits) internal pure returns (uint256) {
        uint256 seconds_ = uint32(limits >> 128);
        return seconds_ == 0 ? DEFAULT_AGE : seconds_;
    }

    /// @notice The domains that were open at `time`, unix seconds.
    /// @return domains Bit set; 0 before the first rule.
    /// @return known Whether the cell still says so.
    function openAt(uint256 rules, uint256 time) internal pure returns (uint32 domains, bool known) {
        if (time < since(rules)) rules >>= 64;
        return time < since(rules) ? (0, false) : (uint32(rules), true);
    }

    /// @notice Whether all of these domains were open at `time`. What the cell no longer says counts as closed.
    function opens(uint256 rules, uint32 domains, uint256 time) internal pure returns (bool) {
        // slither-disable-next-line unused-return
        (uint32 open,) = openAt(rules, time);
        return domains & ~open == 0;
    }

    /// @notice Since when the current rule of the open domains holds. Shifted by 64 bits, `rules` are those before.
    function since(uint256 rules) internal pure returns (uint32) {
        return uint32(rules >> 32);
    }
}
