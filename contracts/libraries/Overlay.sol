// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog} from "../interfaces/IRegionLog.sol";
import {Cells} from "./Cells.sol";
import {Entries} from "./Entries.sol";

/// @dev Cells of a call that treats many items: read once, changed in memory, written once.
/// @param slots Where an open hash table begins: places in `keys`, counted from 1, of 2 bytes each.
/// @param mask Number of its slots, a power of two, less 1.
/// @param keys The keys. While they are placed, the list is the last thing in memory, and grows there.
/// @param words The words that the log holds. In a changed one, the new value, and `_CHANGED` in place of the entry.
struct Cache {
    uint256 slots;
    uint256 mask;
    uint256[] keys;
    uint256[] words;
}

/// @title An overlay over the cells of the log
/// @notice First `create` it and `place` all keys, without allocating memory in between. Then `load`, read and `change` values
/// by their places, and `append`. No more keys than `create` was told may be placed.
/// @dev The cost of memory grows quadratically, so the table takes 2 bytes a slot, and the list of keys no more than there are.
library Overlay {
    /// @dev No entry has this index: a log has fewer than 2^40.
    uint256 private constant _CHANGED = 0xffffffffffffff;

    /// @dev Places fit into 16 bits.
    uint256 private constant _MOST = type(uint16).max;

    /// @notice There would be more than 65,535 cells.
    error OverlayTooMany(uint256 most);

    /// @notice An overlay for at most `most` keys.
    function create(uint256 most) internal pure returns (Cache memory cache) {
        if (most > _MOST) revert OverlayTooMany(most);
        uint256 size = 16;
        while (size < 2 * most) size <<= 1;
        cache.mask = size - 1;
        uint256[] memory table = new uint256[](size / 16);
        uint256[] memory keys = new uint256[](0);
        cache.keys = keys;
        uint256 slots;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // A slot is the last 2 bytes of the word that is read at it, so the first slot's word begins 30 bytes earlier, in
            // the table's length, which is never read again.
            slots := add(table, 0x02)
        }
        cache.slots = slots;
    }

    /// @notice Give a key the next place, at which no `place` or `pair` finds it.
    function push(Cache memory cache, uint256 key) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let keys := mload(add(cache, 0x40))
            let count := add(mload(keys), 1)
            let end := add(keys, shl(5, count))
            if iszero(eq(end, mload(0x40))) { invalid() }
            mstore(end, key)
            mstore(keys, count)
            mstore(0x40, add(end, 0x20))
        }
    }

    /// @notice The place of a key; it gets one if it has none.
    function place(Cache memory cache, uint256 key) internal pure returns (uint256 found) {
        return pair(cache, key, 0);
    }

    /// @notice As `place`; where the key gets a place, `second`, if not 0, gets the next one, at which nothing else finds it.
    function pair(Cache memory cache, uint256 key, uint256 second) internal pure returns (uint256 found) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let slots := mload(cache)
            let mask := mload(add(cache, 0x20))
            let keys := mload(add(cache, 0x40))
            // Keys are hashes or small numbers; multiplied by an odd constant, both spread over the upper bits.
            let slot := shr(192, mul(key, 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95))
            for {} 1 { slot := add(slot, 1) } {
                let at := add(slots, shl(1, and(slot, mask)))
                let word := mload(at)
                found := and(word, 0xffff)
                if found {
                    if iszero(eq(mload(add(keys, shl(5, found))), key)) { continue }
                    break
                }
                // The key is new: the list grows by one or two words, into free memory.
                let count := add(mload(keys), 1)
                found := count
                mstore(at, or(word, count))
                let end := add(keys, shl(5, count))
                if iszero(eq(end, mload(0x40))) { invalid() }
                mstore(end, key)
                if second {
                    end := add(end, 0x20)
                    count := add(count, 1)
                    mstore(end, second)
                }
                mstore(keys, count)
                mstore(0x40, add(end, 0x20))
                break
            }
            found := sub(found, 1)
        }
    }

    /// @notice Read all cells.
    function load(Cache memory cache, IRegionLog log) internal view {
        // slither-disable-next-line unused-return
        (cache.words,) = Cells.read(log, cache.keys);
    }

    /// @notice The value at a place that `place` or `pair` gave. There is a word for each, so this is not checked again.
    function valueAt(Cache memory cache, uint256 at) internal pure returns (uint256 value) {
        uint256[] memory words = cache.words;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := shr(56, mload(add(add(words, 0x20), shl(5, at))))
        }
    }

    /// @notice Change the value at a place that `place` or `pair` gave.
    function change(Cache memory cache, uint256 at, uint256 value) internal pure {
        uint256[] memory words = cache.words;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(add(add(words, 0x20), shl(5, at)), or(shl(56, value), _CHANGED))
        }
    }

    /// @notice Append an entry that writes what was changed. Returns its index.
    function append(Cache memory cache, IRegionLog log, uint8 kind, bytes memory body) internal returns (uint64) {
        uint256[] memory words = cache.words;
        uint256[] memory keys = cache.keys;
        (uint256 data, uint256 place_) = Entries.open(kind, body);
        uint256 next = place_;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let apart := sub(keys, words)
            let word := add(words, 0x20)
            for { let end := add(word, shl(5, mload(words))) } lt(word, end) { word := add(word, 0x20) } {
                let value := mload(word)
                if iszero(shl(200, not(value))) {
                    mstore(next, mload(add(word, apart)))
                    mstore(add(next, 0x20), shr(56, value))
                    next := add(next, 0x40)
                }
            }
        }
        return Entries.close(log, data, place_, next);
    }
}
