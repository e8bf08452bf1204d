// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Member, Role} from "../interfaces/INodeRegistry.sol";
import {IRegionLog} from "../interfaces/IRegionLog.sol";
import {Cells} from "../libraries/Cells.sol";
import {Members} from "../libraries/Members.sol";
import {NodeCell} from "../libraries/NodeCell.sol";
import {StolenKey} from "../libraries/StolenKey.sol";

/// @title MembersHarness
/// @notice Makes the library `Members` callable for tests.
contract MembersHarness {
    using Members for IRegionLog;

    IRegionLog private immutable _log;

    constructor(IRegionLog log) {
        _log = log;
    }

    function requireActor(address caller, uint24 number) external view returns (Role) {
        return NodeCell.role(_log.requireActor(caller, number));
    }

    function requireRole(address caller, uint24 number, Role role) external view {
        _log.requireRole(_node(number), caller, number, role);
    }

    function requirePublisher(address caller, uint24 number, uint32 domains) external view {
        _log.requirePublisher(_node(number), caller, number, domains);
    }

    function requireAnswerer(address caller, uint24 number) external view {
        _log.requireAnswerer(_node(number), caller, number);
    }

    function actsFor(address caller, uint24 number) external view returns (bool) {
        return _log.actsFor(_node(number), caller, number);
    }

    function isActive(uint24 number) external view returns (bool) {
        bool acts = _log.memberAt(number, block.timestamp).acts;
        // What rules ask about the present must not differ from what they ask about the past.
        assert(acts == _log.memberNow(_node(number), number).acts);
        return acts;
    }

    function wasStolen(address key, uint40 time) external view returns (bool) {
        return StolenKey.was(_log, key, time);
    }

    function nodeOf(address operator) external view returns (uint24) {
        return _log.nodeOf(operator);
    }

    function memberAt(uint24 number, uint40 time) external view returns (Member memory) {
        return _log.memberAt(number, time);
    }

    function _node(uint24 number) private view returns (uint256) {
        return Cells.valueOf(_log, NodeCell.key(number));
    }
}
