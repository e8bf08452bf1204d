// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title A contract wallet (ERC-1271) whose owner is a passkey: a P-256 key, checked in Solidity
contract PasskeyWallet is IERC1271 {
    bytes32 public immutable x;
    bytes32 public immutable y;

    constructor(bytes32 x_, bytes32 y_) {
        x = x_;
        y = y_;
    }

    /// @param signature `r[32] || s[32]` over SHA-256 of the digest, as authenticators sign.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view override returns (bytes4) {
        bool valid = signature.length == 64
            && P256.verifySolidity(
                sha256(abi.encode(digest)), bytes32(signature[:32]), bytes32(signature[32:]), x, y
            );
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
