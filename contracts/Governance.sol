// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Change, IGovernance, Progress} from "./interfaces/IGovernance.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {AccessCell} from "./libraries/AccessCell.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";

/// @title Governance
/// @notice Who governs a region; see `IGovernance`.
/// @dev OpenZeppelin's `AccessManager` changes its state in internal functions that are virtual. Each is overridden here: it does
/// what it did, and appends an entry. The log calls nobody back.
// slither-disable-start reentrancy-benign,reentrancy-events
contract Governance is IGovernance, AccessManager {
    /// @notice Role of those who call the administrative functions of a region's contracts.
    uint64 public constant GOVERNOR = 1;

    /// @notice Role of those who stop what admins began.
    uint64 public constant CANCELLER = 2;

    /// @dev Longer delays could make a change impossible for good.
    uint32 private constant _MAX_DELAY = 30 days;

    /// @inheritdoc IGovernance
    uint32 public immutable override adminDelay;

    address private immutable _founder;

    /// @inheritdoc IGovernance
    IRegionLog public override log;
    bool private _begun;
    uint32 private _admins;

    /// @dev For whom an operation is carried out, until it is consumed.
    address private _acting;

    /// @param founder The first admin, without a delay.
    /// @param delay Seconds that acts of later admins wait.
    /// @param successorOf The log whose authority this contract will be in place of another; 0 for a new region.
    constructor(address founder, uint32 delay, IRegionLog successorOf) AccessManager(founder) {
        if (delay > _MAX_DELAY) revert GovernanceDelay(delay, 0, _MAX_DELAY);
        adminDelay = delay;
        // slither-disable-next-line missing-zero-check
        _founder = founder; // `AccessManager` looked at it
        log = successorOf;
    }

    /// @inheritdoc IGovernance
    function begin(IRegionLog log_) external override {
        if (_begun) revert GovernanceBegun(log);
        if (address(log) == address(0)) {
            (bool member,) = hasRole(ADMIN_ROLE, msg.sender);
            if (!member) revert AccessManagerUnauthorizedAccount(msg.sender, ADMIN_ROLE);
            log = log_;
        }
        if (log_ != log || IAccessManaged(address(log_)).authority() != address(this)) {
            revert GovernanceNotAuthority(log_);
        }
        _begun = true;
        _logMember(Change.Granted, ADMIN_ROLE, _founder);
    }

    /// @inheritdoc IGovernance
    function carryOut(address caller, address target, bytes calldata data) external override {
        bytes32 id = hashOperation(caller, target, data);
        // What is scheduled is consumed before the target is called, and from then on nobody acts for the caller.
        if (getSchedule(id) == 0) revert AccessManagerNotScheduled(id);
        // slither-disable-next-line missing-zero-check
        _acting = caller;
        execute(target, data);
    }

    /// @inheritdoc IAccessManager
    function schedule(address target, bytes calldata data, uint48 when)
        public
        override
        returns (bytes32 id, uint32 nonce)
    {
        (id, nonce) = super.schedule(target, data, when);
        _logScheduled(id, nonce, target, data);
    }

    /// @inheritdoc IAccessManager
    function cancel(address caller, address target, bytes calldata data) public override returns (uint32 nonce) {
        if (target == address(this) && caller != msg.sender && bytes4(data) == this.revokeRole.selector) {
            (uint64 role, address account) = abi.decode(data[4:], (uint64, address));
            if (role == CANCELLER && account == msg.sender) revert GovernanceOwnRemoval(account);
        }
        nonce = super.cancel(caller, target, data);
        _logOperation(Progress.Cancelled, hashOperation(caller, target, data), nonce);
    }

    /// @notice Put another authority in the place of a contract's. The log comes last: what this contract still governs
    /// afterwards, it governs for ever without change.
    function updateAuthority(address target, address newAuthority) public override {
        if (!_isOfLog(newAuthority)) revert GovernanceSuccessor(newAuthority);
        super.updateAuthority(target, newAuthority);
        // The log's own entry says so, and the right to write it went along.
        if (target == address(log)) IGovernance(newAuthority).begin(log);
        else _logTarget(Change.Authority, 0, target, 0, uint160(newAuthority), 0);
    }

    /// @notice As `AccessManager.canCall`, with two exceptions. Of the log's functions this contract calls only those that
    /// govern, since it is one of the writers. Authorities are changed by `updateAuthority` alone.
    function canCall(address caller, address target, bytes4 selector) public view override returns (bool, uint32) {
        bool governs = selector == IRegionLog.setWriter.selector || selector == IRegionLog.seal.selector;
        if (target == address(log) && !governs) return (false, 0);
        if (selector == IAccessManaged.setAuthority.selector) return (false, 0);
        return super.canCall(caller, target, selector);
    }

    /// @notice As `AccessManager.getRoleGuardian`. The guardians of admins are the cancellers.
    function getRoleGuardian(uint64 roleId) public view override returns (uint64) {
        return roleId == ADMIN_ROLE ? CANCELLER : super.getRoleGuardian(roleId);
    }

    /// @inheritdoc AccessManager
    function _grantRole(uint64 roleId, address account, uint32 grantDelay, uint32 executionDelay)
        internal
        override
        returns (bool newMember)
    {
        // In the constructor there is no log yet; `begin` makes up for it.
        bool founding = address(this).code.length == 0;
        if (!founding) {
            _requireBegun();
            _requireDelay(executionDelay, roleId == ADMIN_ROLE ? adminDelay : 0);
            bool both = (roleId == ADMIN_ROLE && _isMember(CANCELLER, account))
                || (roleId == CANCELLER && _isMember(ADMIN_ROLE, account));
            if (both) revert GovernanceBothRoles(account);
        }
        newMember = super._grantRole(roleId, account, grantDelay, executionDelay);
        if (newMember && roleId == ADMIN_ROLE) ++_admins;
        if (!founding) _logMember(Change.Granted, roleId, account);
    }

    /// @inheritdoc AccessManager
    function _revokeRole(uint64 roleId, address account) internal override returns (bool revoked) {
        _requireBegun();
        bool admin = roleId == ADMIN_ROLE && _isMember(roleId, account);
        if (admin && _admins == 1) revert GovernanceLastAdmin(account);
        revoked = super._revokeRole(roleId, account);
        if (admin) --_admins;
        if (revoked) _logMember(Change.Revoked, roleId, account);
    }

    /// @inheritdoc AccessManager
    function _setRoleAdmin(uint64 roleId, uint64 admin) internal override {
        // Else cancellers could be removed without the delay that they are there for.
        if (roleId == CANCELLER) revert AccessManagerLockedRole(roleId);
        super._setRoleAdmin(roleId, admin);
        _logRole(Change.RoleAdmin, roleId, admin, 0);
    }

    /// @inheritdoc AccessManager
    function _setRoleGuardian(uint64 roleId, uint64 guardian) internal override {
        super._setRoleGuardian(roleId, guardian);
        _logRole(Change.RoleGuardian, roleId, guardian, 0);
    }

    /// @inheritdoc AccessManager
    function _setGrantDelay(uint64 roleId, uint32 newDelay) internal override {
        _requireDelay(newDelay, 0);
        uint48 effect = _effect(getRoleGrantDelay(roleId), newDelay);
        super._setGrantDelay(roleId, newDelay);
        _logRole(Change.GrantDelay, roleId, newDelay, effect);
    }

    /// @inheritdoc AccessManager
    function _setTargetFunctionRole(address target, bytes4 selector, uint64 roleId) internal override {
        if (target == address(log) || target == address(this)) revert GovernanceLockedTarget(target);
        super._setTargetFunctionRole(target, selector, roleId);
        _logTarget(Change.FunctionRole, roleId, target, selector, roleId, 0);
    }

    /// @inheritdoc AccessManager
    function _setTargetAdminDelay(address target, uint32 newDelay) internal override {
        _requireDelay(newDelay, 0);
        uint48 effect = _effect(getTargetAdminDelay(target), newDelay);
        super._setTargetAdminDelay(target, newDelay);
        _logTarget(Change.TargetDelay, 0, target, 0, newDelay, effect);
    }

    /// @inheritdoc AccessManager
    function _setTargetClosed(address target, bool closed) internal override {
        super._setTargetClosed(target, closed);
        _logTarget(Change.TargetClosed, 0, target, 0, closed ? 1 : 0, 0);
    }

    /// @inheritdoc AccessManager
    function _consumeScheduledOp(bytes32 id) internal override returns (uint32 nonce) {
        nonce = super._consumeScheduledOp(id);
        _acting = address(0);
        _logOperation(Progress.Done, id, nonce);
    }

    /// @dev Who acts: the caller, or for whom an operation is carried out.
    function _msgSender() internal view override returns (address) {
        return _acting == address(0) ? msg.sender : _acting;
    }

    function _isMember(uint64 roleId, address account) private view returns (bool) {
        // slither-disable-next-line unused-return
        (uint48 since,,,) = getAccess(roleId, account);
        return since != 0;
    }

    /// @dev Whether a contract says that it governs the same log.
    function _isOfLog(address authority) private view returns (bool) {
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory answer) = authority.staticcall(abi.encodeCall(IGovernance.log, ()));
        return success && answer.length == 32 && abi.decode(answer, (uint256)) == uint160(address(log));
    }

    /// @dev From when a delay holds that takes another's place, as `Time.withUpdate` counts.
    function _effect(uint32 before, uint32 newDelay) private view returns (uint48) {
        uint32 shorter = before > newDelay ? before - newDelay : 0;
        return uint48(block.timestamp + Math.max(shorter, minSetback()));
    }

    function _requireBegun() private view {
        if (!_begun) revert GovernanceNotBegun();
    }

    function _requireDelay(uint32 delay, uint32 least) private pure {
        if (delay < least || delay > _MAX_DELAY) revert GovernanceDelay(delay, least, _MAX_DELAY);
    }

    function _logMember(Change change, uint64 role, address account) private {
        (uint48 since, uint32 current, uint32 pending, uint48 effect) = getAccess(role, account);
        uint32 delay = effect == 0 ? current : pending;
        bytes memory body = abi.encode(change, msg.sender, role, account, bytes4(0), delay, since);
        _append(EntryKind.ACCESS, body, AccessCell.memberKey(role, account), AccessCell.member(since, delay, effect));
    }

    function _logRole(Change change, uint64 role, uint64 value, uint48 since) private {
        bytes memory body = abi.encode(change, msg.sender, role, address(0), bytes4(0), value, since);
        // A delay of grants holds later.
        uint32 grantDelay = change == Change.GrantDelay ? uint32(value) : getRoleGrantDelay(role);
        uint256 cell = AccessCell.role(getRoleAdmin(role), getRoleGuardian(role), grantDelay);
        _append(EntryKind.ACCESS, body, AccessCell.roleKey(role), cell);
    }

    function _logTarget(Change change, uint64 role, address target, bytes4 selector, uint256 value, uint48 since)
        private
    {
        bytes memory body = abi.encode(change, msg.sender, role, target, selector, value, since);
        _append(EntryKind.ACCESS, body, AccessCell.targetKey(uint8(change), target, selector), value);
    }

    function _logScheduled(bytes32 id, uint32 nonce, address target, bytes calldata data) private {
        uint48 when = getSchedule(id);
        bytes memory body = abi.encode(Progress.Scheduled, msg.sender, id, nonce, when, target, data);
        uint256 cell = AccessCell.operation(uint8(Progress.Scheduled), nonce, when);
        _append(EntryKind.OPERATION, body, AccessCell.operationKey(id), cell);
    }

    function _logOperation(Progress progress, bytes32 id, uint32 nonce) private {
        bytes memory body = abi.encode(progress, msg.sender, id, nonce, 0, address(0), "");
        _append(EntryKind.OPERATION, body, AccessCell.operationKey(id), AccessCell.operation(uint8(progress), nonce, 0));
    }

    /// @dev Append an entry that writes a cell, and counts: so the entries are found from the cell of the count.
    function _append(uint8 kind, bytes memory body, uint256 key, uint256 value) private {
        _requireBegun();
        uint256 count = AccessCell.count(Cells.valueOf(log, AccessCell.COUNT_KEY));
        Write[] memory writes = new Write[](2);
        writes[0] = Write({key: AccessCell.COUNT_KEY, value: AccessCell.counted(count + 1, adminDelay)});
        writes[1] = Write({key: key, value: value});
        // slither-disable-next-line unused-return
        log.append(kind, body, writes);
    }
}
// slither-disable-end reentrancy-benign,reentrancy-events
