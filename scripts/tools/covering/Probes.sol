// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice What contracts with probes call. Anvil prints each number, as it prints every `console.log(uint256)`.
library Probes {
    /// @notice The statement after this one is about to run.
    function statement(uint256 probe) internal pure {
        _pure(_print)(probe);
    }

    /// @notice `outcome`, which is printed as `probe` if false, as the next number if true.
    function condition(uint256 probe, bool outcome) internal pure returns (bool) {
        unchecked {
            _pure(_print)(outcome ? probe + 1 : probe);
        }
        return outcome;
    }

    /// @dev Uses only the scratch space, so that contracts that manage memory themselves notice nothing.
    function _print(uint256 probe) private view {
        assembly ("memory-safe") {
            mstore(0x00, 0xf82c50f1) // the selector of log(uint256)
            mstore(0x20, probe)
            pop(staticcall(gas(), 0x000000000000000000636F6e736F6c652e6c6f67, 0x1c, 0x24, 0x00, 0x00))
        }
    }

    /// @dev Printing reads no state, but the compiler takes every call for one that does. Pure functions have probes too.
    function _pure(function(uint256) internal view given)
        private
        pure
        returns (function(uint256) internal pure taken)
    {
        assembly ("memory-safe") {
            taken := given
        }
    }
}
