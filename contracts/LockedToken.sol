// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

import {IERC5192} from "./interfaces/IERC5192.sol";

/// @title LockedToken
/// @notice The part of ERC-721 and ERC-5192 that is the same for every token that cannot be moved.
abstract contract LockedToken is IERC721Metadata, IERC5192, ERC165 {
    /// @notice The token cannot be transferred or approved.
    error ConsentTokenLocked(uint256 id);

    /// @inheritdoc IERC5192
    function locked(uint256 id) external view override returns (bool) {
        _requireToken(id);
        return true;
    }

    /// @inheritdoc IERC721
    function getApproved(uint256 id) external view override returns (address) {
        _requireToken(id);
        return address(0);
    }

    /// @inheritdoc IERC721Metadata
    function tokenURI(uint256 id) external view override returns (string memory) {
        _requireToken(id);
        return "";
    }

    /// @inheritdoc IERC721
    function isApprovedForAll(address, address) external pure override returns (bool) {
        return false;
    }

    /// @inheritdoc IERC721
    function approve(address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function setApprovalForAll(address, bool) external pure override {
        revert ConsentTokenLocked(0);
    }

    /// @inheritdoc IERC721
    function transferFrom(address, address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 id) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721
    function safeTransferFrom(address, address, uint256 id, bytes calldata) external pure override {
        revert ConsentTokenLocked(id);
    }

    /// @inheritdoc IERC721Metadata
    function name() external pure override returns (string memory) {
        return "creditchain consent";
    }

    /// @inheritdoc IERC721Metadata
    function symbol() external pure override returns (string memory) {
        return "CONSENT";
    }

    /// @notice ERC-165: supports ERC-721 with metadata, ERC-5192 and ERC-5267.
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC721).interfaceId || interfaceId == type(IERC721Metadata).interfaceId
            || interfaceId == type(IERC5192).interfaceId || interfaceId == type(IERC5267).interfaceId
            || super.supportsInterface(interfaceId);
    }

    /// @dev Revert unless there is this token.
    function _requireToken(uint256 id) internal view virtual;
}
