// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog, Write} from "../interfaces/IRegionLog.sol";
import {Space} from "./Space.sol";

/// @title Reading and writing cells of the region log
/// @notice Rules that need several cells read them in one call; see `IRegionLog.read`. That call is made by hand, because the
/// compiler's own encoding costs more than reading a cell that was read before. Its data, which begin at `data`:
///
///     0x1c  selector[4]
///     0x20  0x20, where the keys are
///     0x40  number of keys
///     0x60  the keys
///
/// The answer takes their place:
///
///     0x00  0x80, where the words are
///     0x20  number of entries
///     0x40  number of the block
///     0x60  hash of the block before
///     0x80  number of words
///     0xa0  the words
library Cells {
    /// @notice The words of several cells, in the order of their keys, and the number of entries of the log.
    function read(IRegionLog log, uint256[] memory keys)
        internal
        view
        returns (uint256[] memory words, uint64 entries)
    {
        uint256 data;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            data := mload(0x40)
            let size := shl(5, mload(keys))
            // The identity precompile copies the keys. It fails for want of gas only.
            if iszero(staticcall(gas(), 0x04, add(keys, 0x20), size, add(data, 0x60), size)) { revert(0x00, 0x00) }
            mstore(0x40, add(data, add(0xa0, size)))
        }
        _read(log, data, keys.length);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            words := add(data, 0x80)
            entries := mload(add(data, 0x20))
        }
    }

    /// @notice The word of one cell: `value[25] || entry[7]`; 0 if it was never written.
    function word(IRegionLog log, uint256 key) internal view returns (uint256 found) {
        uint256 data;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(add(data, 0x60), key)
        }
        _read(log, data, 1);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            found := mload(add(data, 0xa0))
        }
    }

    /// @notice The value of one cell; 0 if it was never written.
    function valueOf(IRegionLog log, uint256 key) internal view returns (uint256) {
        return word(log, key) >> 56;
    }

    /// @notice The words of two cells, and the number of entries of the log.
    function pair(IRegionLog log, uint256 first, uint256 second)
        internal
        view
        returns (uint256 wordOfFirst, uint256 wordOfSecond, uint64 entries)
    {
        uint256 data;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(add(data, 0x60), first)
            mstore(add(data, 0x80), second)
        }
        _read(log, data, 2);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            wordOfFirst := mload(add(data, 0xa0))
            wordOfSecond := mload(add(data, 0xc0))
            entries := mload(add(data, 0x20))
        }
    }

    /// @notice The values of two cells.
    function values(IRegionLog log, uint256 first, uint256 second) internal view returns (uint256, uint256) {
        // slither-disable-next-line unused-return
        (uint256 one_, uint256 other,) = pair(log, first, second);
        return (one_ >> 56, other >> 56);
    }

    /// @notice The key of the log's own cell that says which bits of a space any writer may change.
    function writersKey(uint8 space) internal pure returns (uint256) {
        return Space.key(Space.LOG, uint256(space) + 1 << 160);
    }

    /// @notice The id of a cell that belongs to a hash: `keccak256(hash)` without its first byte. It is hashed again because an
    /// id has 31 bytes: cut, 256 hashes would share a cell.
    function hashed(bytes32 hash) internal pure returns (uint248 id) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, hash)
            id := and(keccak256(0x00, 0x20), sub(shl(248, 1), 1))
        }
    }

    /// @notice Entries that write nothing.
    function none() internal pure returns (Write[] memory) {
        return new Write[](0);
    }

    /// @notice One write.
    function one(uint256 key, uint256 value_) internal pure returns (Write[] memory writes) {
        writes = new Write[](1);
        writes[0] = Write({key: key, value: value_});
    }

    /// @dev Ask the log for the cells whose keys stand at `data`, and put the answer there; both as drawn above. `data` is where
    /// free memory begins, or began. Reverts as the log does.
    function _read(IRegionLog log, uint256 data, uint256 count) private view {
        bytes4 selector = IRegionLog.read.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let size := shl(5, count)
            mstore(data, shr(224, selector))
            mstore(add(data, 0x20), 0x20)
            mstore(add(data, 0x40), count)
            let success := staticcall(gas(), log, add(data, 0x1c), add(0x44, size), data, add(0xa0, size))
            // An address without code would succeed and return nothing.
            if iszero(and(success, eq(returndatasize(), add(0xa0, size)))) {
                returndatacopy(data, 0x00, returndatasize())
                revert(data, returndatasize())
            }
        }
    }
}
