// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IConsentToken} from "../interfaces/IConsentToken.sol";

/// @title A consent as it is granted, shown again, and logged
/// @notice The members of the EIP-712 message `Consent` without `log`, which the contract knows. Each has the width that it
/// needs, so that no two forms are the same consent, and the body of the entry is what the contract was called with:
///
///     institution[3] || platform[3] || sections[1] || domains[3] || purpose[1] || dataFrom[4] || dataTo[4] || notBefore[4]
///         || notAfter[4] || uses[2] || keepDays[2] || deadline[5] || subject[32] || notice[32] || key[20] or paper[32]
///
/// `terms` is its first word, which ends within `deadline`.
library ConsentForm {
    /// @notice Bytes of a consent that is signed by a key.
    uint256 internal constant BY_KEY = 120;

    /// @notice Bytes of a consent on paper.
    uint256 internal constant ON_PAPER = 132;

    // solhint-disable max-line-length
    bytes32 internal constant TYPE = keccak256(
        "Consent(bytes32 log,uint24 institution,uint24 platform,address key,bytes32 subject,uint8 sections,uint32 domains,uint8 purpose,uint32 dataFrom,uint32 dataTo,uint40 notBefore,uint40 notAfter,uint32 uses,uint16 keepDays,bytes32 notice,bytes32 paper,uint40 deadline)"
    );
    // solhint-enable max-line-length

    /// @notice Its struct hash, as a message for this log, and its terms. Reverts if it has another length than any.
    function read(bytes calldata consent, bytes32 log) internal pure returns (bytes32 id, uint256 terms) {
        if (consent.length != BY_KEY && consent.length != ON_PAPER) {
            revert IConsentToken.ConsentTokenForm(consent.length);
        }
        terms = uint256(_word(consent, 0));
        bytes32 typeHash = TYPE;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            let by := consent.offset
            let last := calldataload(add(by, 100))
            let onPaper := eq(consent.length, 132)
            mstore(free, typeHash)
            mstore(add(free, 0x020), log)
            mstore(add(free, 0x040), shr(232, terms))
            mstore(add(free, 0x060), and(shr(208, terms), 0xffffff))
            mstore(add(free, 0x080), mul(shr(96, last), iszero(onPaper)))
            mstore(add(free, 0x0a0), calldataload(add(by, 36)))
            mstore(add(free, 0x0c0), byte(6, terms))
            mstore(add(free, 0x0e0), and(shr(176, terms), 0xffffff))
            mstore(add(free, 0x100), byte(10, terms))
            mstore(add(free, 0x120), and(shr(136, terms), 0xffffffff))
            mstore(add(free, 0x140), and(shr(104, terms), 0xffffffff))
            mstore(add(free, 0x160), and(shr(72, terms), 0xffffffff))
            mstore(add(free, 0x180), and(shr(40, terms), 0xffffffff))
            mstore(add(free, 0x1a0), and(shr(24, terms), 0xffff))
            mstore(add(free, 0x1c0), and(shr(8, terms), 0xffff))
            mstore(add(free, 0x1e0), calldataload(add(by, 68)))
            mstore(add(free, 0x200), mul(last, onPaper))
            mstore(add(free, 0x220), and(calldataload(add(by, 4)), 0xffffffffff))
            id := keccak256(free, 0x240)
        }
    }

    /// @notice The enterprise's key; 0 if it agreed on paper.
    function key(bytes calldata consent) internal pure returns (address) {
        return consent.length == BY_KEY ? address(bytes20(_word(consent, 100))) : address(0);
    }

    /// @notice The digest of the paper; 0 if a key signs.
    function paper(bytes calldata consent) internal pure returns (bytes32) {
        return consent.length == ON_PAPER ? _word(consent, 100) : bytes32(0);
    }

    /// @notice The last second in which it can be granted.
    function deadline(bytes calldata consent) internal pure returns (uint40) {
        return uint40(uint256(_word(consent, 4)));
    }

    /// @notice Node that endorses.
    function platform(bytes calldata consent) internal pure returns (uint24) {
        return platform(uint256(_word(consent, 0)));
    }

    /// @notice Whether subject and notice are given.
    function isAbout(bytes calldata consent) internal pure returns (bool) {
        return _word(consent, 36) != 0 && _word(consent, 68) != 0;
    }

    /// @notice Node that may request reports.
    function institution(uint256 terms) internal pure returns (uint24) {
        return uint24(terms >> 232);
    }

    /// @notice Node that endorses.
    function platform(uint256 terms) internal pure returns (uint24) {
        return uint24(terms >> 208);
    }

    function sections(uint256 terms) internal pure returns (uint8) {
        return uint8(terms >> 200);
    }

    function domains(uint256 terms) internal pure returns (uint24) {
        return uint24(terms >> 176);
    }

    function purpose(uint256 terms) internal pure returns (uint8) {
        return uint8(terms >> 168);
    }

    function dataFrom(uint256 terms) internal pure returns (uint32) {
        return uint32(terms >> 136);
    }

    function dataTo(uint256 terms) internal pure returns (uint32) {
        return uint32(terms >> 104);
    }

    function notBefore(uint256 terms) internal pure returns (uint32) {
        return uint32(terms >> 72);
    }

    function notAfter(uint256 terms) internal pure returns (uint32) {
        return uint32(terms >> 40);
    }

    function uses(uint256 terms) internal pure returns (uint16) {
        return uint16(terms >> 24);
    }

    /// @dev The word that begins at a place. There must be one.
    function _word(bytes calldata consent, uint256 place) private pure returns (bytes32 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            word := calldataload(add(consent.offset, place))
        }
    }
}
