// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {MerkleLog} from "../libraries/MerkleLog.sol";

/// @title MerkleLog, callable from tests
contract MerkleLogHarness {
    using MerkleLog for bytes32[64];

    error MerkleLogHarnessCheck(uint256 index);

    uint256 public size;
    bytes32[64] private _peaks;

    function append(bytes32[] calldata leaves) external {
        for (uint256 i = 0; i < leaves.length; ++i) _peaks.append(size++, leaves[i]);
    }

    /// @notice Run many of the checks below in one call.
    function checkAll(bytes[] calldata checks) external view returns (bool[] memory results) {
        results = new bool[](checks.length);
        for (uint256 i = 0; i < checks.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory result) = address(this).staticcall(checks[i]);
            if (!success) revert MerkleLogHarnessCheck(i);
            results[i] = abi.decode(result, (bool));
        }
    }

    function root() external view returns (bytes32) {
        return _peaks.root(size);
    }

    function verifyInclusion(bytes32 leaf, uint256 index, uint256 size_, bytes32[] calldata proof, bytes32 root_)
        external
        pure
        returns (bool)
    {
        return MerkleLog.verifyInclusion(leaf, index, size_, proof, root_);
    }

    function verifyConsistency(
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 newSize,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) external pure returns (bool) {
        return MerkleLog.verifyConsistency(oldSize, oldRoot, newSize, newRoot, proof);
    }

    function countBits(uint256 x) external pure returns (uint256) {
        return MerkleLog.countBits(x);
    }
}
