// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog, Write} from "../interfaces/IRegionLog.sol";

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
    function value(IRegionLog log, uint256 key) internal view returns (uint256) {
        return word(log, key) >> 56;
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
