// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog, Write} from "../interfaces/IRegionLog.sol";

/// @dev Cells of a call that treats many items: read once, changed in memory, written once.
/// @param slots An open hash table of positions in `keys`, counted from 1.
/// @param keys The keys, each once.
/// @param words The words that the log holds.
/// @param values The values as they are to be.
struct Cache {
    uint256[] slots;
    uint256[] keys;
    uint256[] words;
    uint256[] values;
}

/// @title An overlay over the cells of the log
/// @notice First `place` all keys, then `load`, then read and change `values` by their places, then append `writes`.
library Overlay {
    /// @notice An overlay for at most `most` keys.
    function create(uint256 most) internal pure returns (Cache memory cache) {
        uint256 size = 2;
        while (size < 2 * most) size <<= 1;
        cache.slots = new uint256[](size);
        cache.keys = new uint256[](most);
        _setLength(cache.keys, 0);
    }

    /// @notice The place of a key; it gets one if it has none.
    function place(Cache memory cache, uint256 key) internal pure returns (uint256) {
        uint256[] memory slots = cache.slots;
        uint256[] memory keys = cache.keys;
        uint256 mask = slots.length - 1;
        unchecked {
            // Keys are hashes or small numbers; multiplied by an odd constant, both spread over the upper bits.
            uint256 slot = key * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95 >> 192;
            for (;; ++slot) {
                uint256 found = slots[slot & mask];
                if (found == 0) break;
                if (keys[found - 1] == key) return found - 1;
            }
            uint256 count = keys.length;
            _setLength(keys, count + 1);
            keys[count] = key;
            slots[slot & mask] = count + 1;
            return count;
        }
    }

    /// @notice Read all cells. Returns the number of entries of the log.
    function load(Cache memory cache, IRegionLog log) internal view returns (uint64 entries) {
        // slither-disable-next-line unused-return
        (cache.words, entries,,) = log.read(cache.keys);
        cache.values = new uint256[](cache.words.length);
        for (uint256 i = 0; i < cache.values.length; ++i) cache.values[i] = cache.words[i] >> 56;
    }

    /// @notice What was changed.
    function writes(Cache memory cache) internal pure returns (Write[] memory changed) {
        changed = new Write[](cache.keys.length);
        uint256 count = 0;
        for (uint256 i = 0; i < changed.length; ++i) {
            uint256 value = cache.values[i];
            if (value != cache.words[i] >> 56) changed[count++] = Write({key: cache.keys[i], value: value});
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(changed, count)
        }
    }

    function _setLength(uint256[] memory list, uint256 length) private pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }
}
