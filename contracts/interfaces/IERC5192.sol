// SPDX-License-Identifier: CC0-1.0
pragma solidity 0.8.30;

/// @title ERC-5192: minimal soulbound tokens. Interface id 0xb45a3c0e.
interface IERC5192 {
    /// @notice The token is locked.
    event Locked(uint256 tokenId);

    /// @notice The token is unlocked. Never emitted here.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the token is locked. Reverts for a token that does not exist.
    function locked(uint256 tokenId) external view returns (bool);
}
