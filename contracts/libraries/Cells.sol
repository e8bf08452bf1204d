// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog, Write} from "../interfaces/IRegionLog.sol";
import {Space} from "./Space.sol";

/// @title Reading and writing cells of the region log
/// @notice Rules that need several cells read them in one call; see `IRegionLog.read`.
library Cells {
    /// @notice The word of one cell: `value[25] || entry[7]`; 0 if it was never written.
    function word(IRegionLog log, uint256 key) internal view returns (uint256) {
        uint256[] memory keys = new uint256[](1);
        keys[0] = key;
        // slither-disable-next-line unused-return
        (uint256[] memory words,,,) = log.read(keys);
        return words[0];
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
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (first, second);
        uint256[] memory words;
        // slither-disable-next-line unused-return
        (words, entries,,) = log.read(keys);
        return (words[0], words[1], entries);
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
}
