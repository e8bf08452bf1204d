// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cells} from "./Cells.sol";
import {ConsentForm} from "./ConsentForm.sol";
import {Limits} from "./Limits.sol";
import {Space} from "./Space.sol";
import {Finding, QueryRequest} from "../interfaces/IQueryLedger.sol";

/// @title The cells of a consent, and what they allow
/// @notice Layouts are drawn in `Space`. `grant` is the value of a consent's `CONSENT` cell, `pauses` that of `PAUSE`.
library ConsentCell {
    /// @notice One use, in the place of `used`.
    uint256 internal constant ONE_USE = 1 << 184;

    /// @notice The bits of `revokedAt`.
    uint256 internal constant REVOKED_AT = uint256(type(uint32).max) << 144;

    /// @notice Set once the consent was paused for the first time; otherwise nobody need read its pauses.
    uint256 internal constant WAS_PAUSED = 1 << 176;

    /// @notice The key of the cell with grant, uses and revocation.
    function grantKey(bytes32 id) internal pure returns (uint256) {
        return Space.key(Space.CONSENT, Cells.hashed(id));
    }

    /// @notice The key of the cell with the pauses.
    function pauseKey(bytes32 id) internal pure returns (uint256) {
        return Space.key(Space.PAUSE, Cells.hashed(id));
    }

    /// @notice A consent as it is granted, by its terms; see `ConsentForm`. Its sections must exist.
    function pack(uint256 terms, uint256 validFrom_, bool onPaper) internal pure returns (uint256) {
        return uint256(ConsentForm.institution(terms)) | uint256(ConsentForm.purpose(terms)) << 24
            | uint256(ConsentForm.sections(terms)) << 32 | uint256(ConsentForm.domains(terms)) << 39 | validFrom_ << 63
            | uint256(ConsentForm.notAfter(terms)) << 95 | uint256(ConsentForm.uses(terms)) << 127
            | (onPaper ? 1 << 143 : 0);
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
        return uint16(grant >> 184);
    }

    /// @notice When it was revoked, or taken back before it was granted; 0 if it was not.
    function revokedAt(uint256 grant) internal pure returns (uint32) {
        return uint32(grant >> 144);
    }

    /// @notice Whether it was ever paused.
    function wasPaused(uint256 grant) internal pure returns (bool) {
        return grant & WAS_PAUSED != 0;
    }

    /// @notice The cell after the consent was revoked now.
    function revoked(uint256 grant) internal view returns (uint256) {
        return grant | block.timestamp << 144;
    }

    /// @notice How often it was paused and resumed. It is paused while this is odd.
    function turns(uint256 pauses) internal pure returns (uint16) {
        return uint16(pauses >> 128);
    }

    /// @notice Whether its platform paused it last, and not its key.
    function pausedByPlatform(uint256 pauses) internal pure returns (bool) {
        return pauses >> 144 & 1 == 1;
    }

    /// @notice When it was paused last; 0 if never.
    function pausedSince(uint256 pauses) internal pure returns (uint32) {
        return uint32(pauses);
    }

    /// @notice When it was resumed after that; 0 if it was not.
    function resumedAt(uint256 pauses) internal pure returns (uint32) {
        return uint32(pauses >> 32);
    }

    /// @notice The pauses after it was paused now. It must not be paused.
    function paused(uint256 pauses, bool byPlatform) internal view returns (uint256) {
        uint256 last = pauses & type(uint64).max;
        return block.timestamp | last << 64 | uint256(turns(pauses) + 1) << 128 | (byPlatform ? 1 << 144 : 0);
    }

    /// @notice The pauses after it was resumed now. It must be paused.
    function resumed(uint256 pauses) internal view returns (uint256) {
        uint256 turn = turns(pauses) + 1;
        return pauses & ~(uint256(type(uint16).max) << 128) | turn << 128 | block.timestamp << 32;
    }

    /// @notice Whether it was paused at `time`, as far as the cell knows: of the last two pauses.
    function pausedAt(uint256 pauses, uint256 time) internal pure returns (bool) {
        uint256 count = turns(pauses);
        if (count == 0) return false;
        if (time >= pausedSince(pauses)) return count & 1 == 1 || time < resumedAt(pauses);
        return time >= uint32(pauses >> 64) && time < uint32(pauses >> 96);
    }

    /// @notice Judge a delivery at `time` under a consent.
    /// @param rules The value of the cell of domains that need no consent; looked into only if the consent does not cover all.
    /// @return `Fits`, `Overdrawn`, or why the consent does not cover it.
    function judge(uint256 grant, QueryRequest calldata asked, uint256 time, uint256 rules)
        internal
        pure
        returns (Finding)
    {
        if (institution(grant) == 0) return Finding.ConsentUnknown;
        if (asked.institution != institution(grant)) return Finding.ConsentInstitution;
        if (asked.purpose != purpose(grant)) return Finding.ConsentPurpose;
        if (asked.sections & ~sections(grant) != 0) return Finding.ConsentSections;
        uint32 uncovered = asked.domains & ~uint32(domains(grant));
        if (uncovered != 0 && !Limits.opens(rules, uncovered, time)) return Finding.ConsentDomains;
        if (time < validFrom(grant)) return Finding.ConsentNotYetValid;
        if (time > notAfter(grant)) return Finding.ConsentExpired;
        if (revokedAt(grant) != 0 && time >= revokedAt(grant)) return Finding.ConsentRevoked;
        return used(grant) == uses(grant) ? Finding.Overdrawn : Finding.Fits;
    }
}
