// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IRegionLog} from "./interfaces/IRegionLog.sol";

/// @title LogDomain
/// @notice The EIP-712 domain of everything that is signed for a region: `{name: "creditchain", version: "1", salt: logId}`.
/// @dev It names the log and no contract, so that a contract that replaces another accepts what was signed before. The log's id
/// holds chain and address. Which contract a message is for follows from its type.
abstract contract LogDomain is IERC5267 {
    bytes32 private constant _DOMAIN = keccak256("EIP712Domain(string name,string version,bytes32 salt)");

    /// @dev Name, version and salt, as ERC-5267 numbers them.
    bytes1 private constant _FIELDS = 0x13;

    bytes32 internal immutable _logId;

    bytes32 private immutable _separator;

    constructor(IRegionLog log_) {
        bytes32 id = log_.logId();
        _logId = id;
        _separator = keccak256(abi.encode(_DOMAIN, keccak256("creditchain"), keccak256("1"), id));
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        override
        returns (bytes1, string memory, string memory, uint256, address, bytes32, uint256[] memory)
    {
        return (_FIELDS, "creditchain", "1", 0, address(0), _logId, new uint256[](0));
    }

    /// @dev What is signed of a message with this struct hash.
    function _digestOf(bytes32 structHash) internal view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_separator, structHash);
    }
}
