// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @param key The account that signs.
/// @param node Number of the member whose key it is.
struct Signer {
    address key;
    uint24 node;
}

/// @title Who signs checkpoints of the region
/// @notice Each set of signers is an epoch, an entry of the log, and stays in its cells (space `SIGNER`). So a checkpoint can be
/// held against the signers of its time.
interface ICheckpointSigners {
    /// @notice A set has 1 to 64 signers.
    error CheckpointSignersCount(uint256 count);

    /// @notice The threshold is more than half of the signers and at most all, so that no two sets can sign against each other.
    error CheckpointSignersThreshold(uint256 count, uint8 threshold);

    /// @notice The keys ascend as numbers, so none is there twice; `key` does not.
    error CheckpointSignersOrder(address key);

    /// @notice The member whose key it is does not act now.
    error CheckpointSignersInactive(address key, uint24 node);

    /// @notice Begin another epoch of signers. Only governors may.
    /// @param signers Ascending by key.
    /// @param threshold How many of them a checkpoint needs.
    /// @return epoch The number of the epoch, from 1.
    function setSigners(Signer[] calldata signers, uint8 threshold) external returns (uint32 epoch);
}
