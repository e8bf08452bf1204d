// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A contract wallet (ERC-1271) with one owner, for tests
contract Wallet is IERC1271 {
    address public immutable owner;

    error WalletNotOwner(address caller);
    error WalletCallFailed(bytes reason);

    constructor(address owner_) {
        owner = owner_;
    }

    function execute(address target, bytes calldata data) external returns (bytes memory result) {
        if (msg.sender != owner) revert WalletNotOwner(msg.sender);
        bool success;
        // solhint-disable-next-line avoid-low-level-calls
        (success, result) = target.call(data);
        if (!success) revert WalletCallFailed(result);
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view override returns (bytes4) {
        // Wallets are free in the form of their signatures: this one takes 64 bytes (EIP-2098) and 65.
        address signer = signature.length == 64
            ? ECDSA.recover(digest, bytes32(signature[:32]), bytes32(signature[32:]))
            : ECDSA.recover(digest, signature);
        return signer == owner ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
