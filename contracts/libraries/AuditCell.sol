// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Space} from "./Space.sol";

/// @title The cells of what became of anchors and books
/// @notice `flags` is the value of an anchor's or a book's cell, `total` that of all that a node published under an epoch.
library AuditCell {
    uint256 internal constant AUDITED = 1;
    uint256 internal constant BROKEN = 2;
    uint256 internal constant ANNULLED = 4;
    uint256 internal constant RESTORED = 8;

    /// @notice Where the flags of the anchor or book with this entry are.
    function flagsKey(uint64 entry) internal pure returns (uint256) {
        return Space.key(Space.AUDIT, entry);
    }

    /// @notice Where the total of a node and a key epoch is.
    function totalKey(uint24 node, uint32 epoch) internal pure returns (uint256) {
        return Space.key(Space.AUDIT, 1 << 64 | uint256(node) << 32 | epoch);
    }

    /// @notice Where it says from which entry on a node is closed.
    function closedKey(uint24 node) internal pure returns (uint256) {
        return Space.key(Space.AUDIT, 2 << 64 | uint256(node));
    }

    /// @notice Where it says who attested the last audit of the book with this entry.
    function auditorKey(uint64 entry) internal pure returns (uint256) {
        return Space.key(Space.AUDIT, 3 << 64 | uint256(entry));
    }

    /// @notice The value of that cell: the key that attested the audit, and when.
    function auditor(address account, uint256 time) internal pure returns (uint256) {
        return time << 160 | uint160(account);
    }

    /// @notice The key that attested the audit; 0 if nobody did. `value` is that of the auditor's cell, here and below.
    function auditedBy(uint256 value) internal pure returns (address) {
        return address(uint160(value));
    }

    /// @notice When it was attested, unix seconds.
    function auditedAt(uint256 value) internal pure returns (uint64) {
        return uint40(value >> 160);
    }

    /// @notice Whether it is neither broken nor annulled.
    function isSound(uint256 flags) internal pure returns (bool) {
        return flags & (BROKEN | ANNULLED) == 0;
    }

    /// @notice Whether it is a book that is audited and sound.
    function isAudited(uint256 flags) internal pure returns (bool) {
        return flags & (AUDITED | BROKEN | ANNULLED) == AUDITED;
    }

    /// @notice The flags with BROKEN or ANNULLED, by the entry `entry`.
    function spoiled(uint256 flags, uint256 flag, uint256 entry) internal pure returns (uint256) {
        return (isSound(flags) ? flags | entry << 4 : flags) | flag;
    }

    /// @notice The flags of a book that is audited; `before` is the last audited book before it. Where it was audited before,
    /// the last audit takes the place of what earlier ones found.
    function audited(uint256 flags, uint256 before, bool restored) internal pure returns (uint256) {
        if (flags & AUDITED == 0) flags |= AUDITED | before << 44;
        return restored ? flags | RESTORED : flags & ~RESTORED;
    }

    /// @notice The entry by which it became broken or annulled, whichever was first; 0 if it is sound.
    function since(uint256 flags) internal pure returns (uint64) {
        return uint40(flags >> 4);
    }

    /// @notice Of an audited book, the last audited one before it.
    function previous(uint256 flags) internal pure returns (uint64) {
        return uint40(flags >> 44);
    }

    /// @notice Entry of the last book that is audited and sound; 0 if there is none.
    function lastAudited(uint256 total) internal pure returns (uint64) {
        return uint40(total);
    }

    /// @notice The total with another last audited book.
    function withLastAudited(uint256 total, uint256 entry) internal pure returns (uint256) {
        return total >> 40 << 40 | entry;
    }

    /// @notice Number of leaves of broken and annulled batches.
    function gone(uint256 total) internal pure returns (uint64) {
        return uint40(total >> 40);
    }

    /// @notice The total with `size` more leaves gone.
    function withGone(uint256 total, uint256 size) internal pure returns (uint256) {
        return total + (size << 40);
    }
}
