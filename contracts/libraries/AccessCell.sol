// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Cells} from "./Cells.sol";
import {Space} from "./Space.sol";

/// @title Cells of governance
/// @notice Who may do what; see `Space.ACCESS`.
library AccessCell {
    /// @notice The key of the count of all entries of governance: `| admin delay 32 | entries 32 |`.
    uint256 internal constant COUNT_KEY = uint256(Space.ACCESS) << 248;

    uint256 private constant _MEMBER = 1 << 240;
    uint256 private constant _ROLE = 2 << 240;
    uint256 private constant _TARGET = 3 << 240;
    uint256 private constant _OPERATION = 4 << 240;

    function count(uint256 value) internal pure returns (uint256) {
        return uint32(value);
    }

    function counted(uint256 entries, uint32 adminDelay) internal pure returns (uint256) {
        return entries | uint256(adminDelay) << 32;
    }

    /// @notice The key of an account's membership in a role.
    function memberKey(uint64 role_, address account) internal pure returns (uint256) {
        return Space.key(Space.ACCESS, _MEMBER | uint256(role_) << 160 | uint160(account));
    }

    /// @notice Membership in a role; all 0 for none. `effect`: from when the delay holds, 0 for at once.
    function member(uint48 since, uint32 delay, uint48 effect) internal pure returns (uint256) {
        return since | uint256(delay) << 48 | uint256(effect) << 80;
    }

    /// @notice The key of a role.
    function roleKey(uint64 role_) internal pure returns (uint256) {
        return Space.key(Space.ACCESS, _ROLE | role_);
    }

    /// @notice A role's admin, its guardian, and the seconds before a grant takes effect.
    function role(uint64 admin, uint64 guardian, uint32 grantDelay) internal pure returns (uint256) {
        return admin | uint256(guardian) << 64 | uint256(grantDelay) << 128;
    }

    /// @notice The key of what was last changed of a contract, by the number of the change.
    function targetKey(uint8 change, address target, bytes4 selector) internal pure returns (uint256) {
        uint256 id = uint256(change) << 192 | uint256(uint32(selector)) << 160 | uint160(target);
        return Space.key(Space.ACCESS, _TARGET | id);
    }

    /// @notice The key of an operation.
    function operationKey(bytes32 id) internal pure returns (uint256) {
        return Space.key(Space.ACCESS, _OPERATION | uint240(Cells.hashed(id)));
    }

    /// @notice An operation: what became of it, which one of this content it is, when it is due if it is scheduled.
    function operation(uint8 progress, uint32 nonce, uint48 when) internal pure returns (uint256) {
        return progress | uint256(nonce) << 8 | uint256(when) << 40;
    }
}
