// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cells} from "./Cells.sol";
import {Space} from "./Space.sol";
import {Consent} from "../interfaces/IConsentToken.sol";
import {Finding, QueryRequest} from "../interfaces/IQueryLedger.sol";

/// @title The cells of a consent, and what they allow
/// @notice Layouts are drawn in `Space`. `grant` is the value of a consent's `CONSENT` cell, `end` that of `CONSENT_END`.
library ConsentCell {
    /// @notice One use, in the place of `used`.
    uint256 internal constant ONE_USE = 1 << 143;

    /// @notice The most uses that fit.
    uint256 internal constant MOST_USES = type(uint16).max;

    /// @notice The key of the cell with grant and uses.
    function grantKey(bytes32 id) internal pure returns (uint256) {
        return Space.key(Space.CONSENT, Cells.hashed(id));
    }

    /// @notice The key of the cell with the end.
    function endKey(bytes32 id) internal pure returns (uint256) {
        return Space.key(Space.CONSENT_END, Cells.hashed(id));
    }

    /// @notice A consent as it is granted by log entry `entry`. Its values must fit.
    function pack(Consent calldata consent, uint256 validFrom_, uint256 entry_) internal pure returns (uint256) {
        return uint256(consent.institution) | uint256(consent.purpose) << 24 | uint256(consent.sections) << 32
            | uint256(consent.domains) << 39 | validFrom_ << 63 | uint256(consent.notAfter) << 95
            | uint256(consent.uses) << 127 | (consent.paper == 0 ? 0 : 1 << 159) | entry_ << 160;
    }

    /// @notice Node that may request reports; 0 if there is no such consent.
    function institution(uint256 grant) internal pure returns (uint24) {
        return uint24(grant);
    }

    /// @notice Purpose code.
    function purpose(uint256 grant) internal pure returns (uint8) {
        return uint8(grant >> 24);
    }

    /// @notice Bit set of sections.
    function sections(uint256 grant) internal pure returns (uint8) {
        return uint8(grant >> 32 & 0x7f);
    }

    /// @notice Bit set of domains.
    function domains(uint256 grant) internal pure returns (uint24) {
        return uint24(grant >> 39);
    }

    /// @notice The later of `notBefore` and the time of the grant.
    function validFrom(uint256 grant) internal pure returns (uint32) {
        return uint32(grant >> 63);
    }

    /// @notice The last second in which reports may be delivered.
    function notAfter(uint256 grant) internal pure returns (uint32) {
        return uint32(grant >> 95);
    }

    /// @notice Number of deliveries that it allows.
    function uses(uint256 grant) internal pure returns (uint16) {
        return uint16(grant >> 127);
    }

    /// @notice Number of metered deliveries that took a use.
    function used(uint256 grant) internal pure returns (uint16) {
        return uint16(grant >> 143);
    }

    /// @notice Index of the log entry of the grant.
    function entry(uint256 grant) internal pure returns (uint40) {
        return uint40(grant >> 160);
    }

    /// @notice When it was revoked; 0 if it was not.
    function revokedAt(uint256 end) internal pure returns (uint32) {
        return uint32(end);
    }

    /// @notice Judge a delivery at `time` under a consent.
    /// @param open The domains that needed no consent then.
    /// @return `Fits`, `Overdrawn`, or why the consent does not cover it.
    function judge(uint256 grant, uint256 end, QueryRequest calldata asked, uint256 time, uint32 open)
        internal
        pure
        returns (Finding)
    {
        if (grant == 0) return Finding.ConsentUnknown;
        if (asked.institution != institution(grant)) return Finding.ConsentInstitution;
        if (asked.purpose != purpose(grant)) return Finding.ConsentPurpose;
        if (asked.sections & ~sections(grant) != 0) return Finding.ConsentSections;
        if (asked.domains & ~(uint32(domains(grant)) | open) != 0) return Finding.ConsentDomains;
        if (time < validFrom(grant)) return Finding.ConsentNotYetValid;
        if (time > notAfter(grant)) return Finding.ConsentExpired;
        if (revokedAt(end) != 0 && time >= revokedAt(end)) return Finding.ConsentRevoked;
        return used(grant) == uses(grant) ? Finding.Overdrawn : Finding.Fits;
    }
}
