// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog} from "./IRegionLog.sol";

/// @dev What changed, in an `ACCESS` entry. The numbers are part of the format (docs/format.md, section 5).
enum Change {
    None,
    Granted,
    Revoked,
    RoleAdmin,
    RoleGuardian,
    GrantDelay,
    FunctionRole,
    TargetDelay,
    TargetClosed,
    Authority
}

/// @dev What became of an operation that has to wait, in an `OPERATION` entry.
enum Progress {
    None,
    Scheduled,
    Done,
    Cancelled
}

/// @title Who governs a region
/// @notice OpenZeppelin's `AccessManager` whose every change is an entry of the region's log, with three roles: admins (0) decide
/// who may do what, and who writes the log; governors (1) call the administrative functions of the other contracts; cancellers
/// (2) stop what admins began.
///
/// What could take a region down needs an admin: the log's writers, its seal, its authority, and every change of roles, delays
/// and function roles. An admin's act waits for `adminDelay` seconds; until it is done, any canceller can cancel it. Once it is
/// due, anybody carries it out.
///
/// The log takes this contract for a writer. It appends only what it did: it cannot be made to call `append` for anybody.
///
/// Begin: the contract is deployed with a founder, who is an admin without a delay. The log is deployed with this contract as
/// its authority, the founder lets this contract write it, and calls `begin`. Before that nothing can be changed here, after
/// that every change is an entry. The founder sets up roles, makes others admins, and renounces.
/// Warning: a founder that has not renounced can still do everything at once. The log shows whether it has.
interface IGovernance {
    /// @notice Nothing can be changed before `begin`.
    error GovernanceNotBegun();

    /// @notice It has begun with this log.
    error GovernanceBegun(IRegionLog log);

    /// @notice This contract is not the authority of the log.
    error GovernanceNotAuthority(IRegionLog log);

    /// @notice A delay is at most `most` seconds, and for an admin at least `least`.
    error GovernanceDelay(uint32 delay, uint32 least, uint32 most);

    /// @notice The account would be an admin and a canceller.
    error GovernanceBothRoles(address account);

    /// @notice Without this admin there would be none.
    error GovernanceLastAdmin(address account);

    /// @notice Functions of the log and of this contract are called by admins, and by no other role.
    error GovernanceLockedTarget(address target);

    /// @notice A contract's authority is a `Governance` of the same log.
    error GovernanceSuccessor(address authority);

    /// @notice A canceller does not stop its own removal. Another canceller can.
    error GovernanceOwnRemoval(address canceller);

    /// @notice From now on every change is an entry. The founder begins; a successor is begun by the contract that it succeeds,
    /// in the call that makes it the log's authority.
    /// @param log_ Its authority is this contract, which may write it.
    function begin(IRegionLog log_) external;

    /// @notice Carry out an operation that `caller` scheduled, once it is due. Anybody may; `caller` must still be allowed to.
    function carryOut(address caller, address target, bytes calldata data) external;

    /// @notice The log; 0 before `begin`, unless this contract is to succeed another.
    function log() external view returns (IRegionLog);

    /// @notice Seconds that an admin's act waits at least.
    function adminDelay() external view returns (uint32);
}
