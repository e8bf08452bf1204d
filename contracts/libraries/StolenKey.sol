// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {INodeRegistry, Interval} from "../interfaces/INodeRegistry.sol";
import {IRegionLog} from "../interfaces/IRegionLog.sol";
import {Cells} from "./Cells.sol";
import {Space} from "./Space.sol";

/// @title When a key was in other hands
/// @notice One cell a key, of five times from the lowest bit: the start of an interval that is open, then start and end of up to
/// two closed ones, which come before it; 0 where there is none. Both ends of an interval belong to it.
library StolenKey {
    uint256 private constant _TIME = type(uint40).max;

    /// @notice The key of the cell.
    function key(address account) internal pure returns (uint256) {
        return Space.key(Space.COMPROMISE, uint160(account));
    }

    /// @notice Whether one of the intervals covers `time`.
    function covers(uint256 value, uint256 time) internal pure returns (bool) {
        uint256 open = value & _TIME;
        if (open != 0 && open <= time) return true;
        return _within(value >> 40, time) || _within(value >> 120, time);
    }

    /// @notice As `covers`, for the cell of a key. Nobody (0) has no key.
    function was(IRegionLog log, address account, uint256 time) internal view returns (bool) {
        return account != address(0) && covers(Cells.valueOf(log, key(account)), time);
    }

    /// @notice When the open interval began; 0 if there is none.
    function openSince(uint256 value) internal pure returns (uint40) {
        return uint40(value);
    }

    /// @notice The value with the open interval, if there is one, ended at `time`. No closed one is lost.
    function closed(uint256 value, uint40 time) internal pure returns (uint256) {
        uint256 open = value & _TIME;
        if (open == 0) return value;
        uint256 interval = open | uint256(time) << 40;
        if (value >> 40 & _TIME == 0) return interval << 40;
        if (value >> 120 & _TIME == 0) return value & ~_TIME | interval << 120;
        // Both are taken: the last closed one and this one become one. That says too much, not too little.
        return value & (((1 << 160) - 1) ^ _TIME) | uint256(time) << 160;
    }

    /// @notice The value that holds these intervals. They must ascend without touching, from `earliest` to now.
    function pack(address account, Interval[] calldata intervals, uint40 earliest) internal view returns (uint256 value) {
        uint256 place = 40;
        uint256 after_ = earliest;
        for (uint256 i = 0; i < intervals.length; ++i) {
            (uint256 since, uint256 until) = (intervals[i].since, intervals[i].until);
            bool open = until == 0;
            bool last = i + 1 == intervals.length;
            if (since < after_ || since > block.timestamp || until > block.timestamp || (open ? !last : until < since)) {
                revert INodeRegistry.NodeRegistryInterval(account, i, uint40(after_), uint40(block.timestamp));
            }
            if (open) return value | since;
            if (place == 200) revert INodeRegistry.NodeRegistryIntervals(account, intervals.length);
            value |= (since | until << 40) << place;
            place += 80;
            after_ = until + 2;
        }
    }

    function _within(uint256 interval, uint256 time) private pure returns (bool) {
        uint256 since = interval & _TIME;
        return since != 0 && since <= time && time <= (interval >> 40 & _TIME);
    }
}
