// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Signatures of accounts and of ERC-1271 wallets
/// @notice Like OpenZeppelin's SignatureChecker, with two differences. A signature that recovers to the account is accepted
/// without looking for code there, which saves a cold read. A wallet gets limited gas and memory, so that one item of a batch
/// cannot make the others fail. An account's signature has 64 bytes, `r[32] || yParity[1 bit] || s[255 bits]` (EIP-2098): it
/// has one form only.
library Signatures {
    /// @notice Gas for a wallet's `isValidSignature`. A passkey (P-256 in Solidity) takes about 240,000.
    uint256 internal constant WALLET_GAS = 400_000;

    uint256 private constant _HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Whether `signer` or `other` signed `digest`. Either may be 0, which signs nothing.
    function isBy(address signer, address other, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        address recovered = recover(digest, signature);
        if (recovered != address(0) && (recovered == signer || recovered == other)) return true;
        return isByWallet(signer, digest, signature) || isByWallet(other, digest, signature);
    }

    /// @notice The account that signed; 0 if the signature is malformed or its `s` lies in the upper half of the order.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address recovered) {
        if (signature.length == 64) recovered = recover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
    }

    /// @notice As above, of a signature in two words.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal pure returns (address recovered) {
        uint256 s = uint256(vs) & type(uint256).max >> 1;
        // In the upper half of the order, one signature would have a second form.
        if (s <= _HALF_ORDER) recovered = ecrecover(digest, uint8(27 + (uint256(vs) >> 255)), r, bytes32(s));
    }

    /// @notice Whether the contract `wallet` accepts the signature by ERC-1271.
    function isByWallet(address wallet, bytes32 digest, bytes calldata signature) internal view returns (bool valid) {
        if (wallet.code.length == 0) return false;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes32 expected = IERC1271.isValidSignature.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // The answer goes into one word of scratch space, however long it is, so it cannot cost memory.
            let success := staticcall(WALLET_GAS, wallet, add(question, 0x20), mload(question), 0x00, 0x20)
            valid := and(and(success, gt(returndatasize(), 0x1f)), eq(mload(0x00), expected))
        }
    }
}
