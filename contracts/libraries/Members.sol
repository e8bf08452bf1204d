// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {INodeRegistry, Member, Role, Status} from "../interfaces/INodeRegistry.sol";
import {IRegionLog} from "../interfaces/IRegionLog.sol";
import {Cells} from "./Cells.sol";
import {NodeCell} from "./NodeCell.sol";
import {StolenKey} from "./StolenKey.sol";

/// @title Who may act for a node, now and at an earlier time, by the cells of the log
/// @notice Rules ask the cells and not the registry, so that the registry can be replaced under them. A node *acts* while it is
/// active, its admission as a guest has not ended, and, for a virtual node, its host acts too. A key counts for its node, and
/// for those that the node hosts, unless it was in other hands at the time.
library Members {
    uint256 private constant _TERM_SINCE = (1 << 39) - 1;

    /// @dev A node, or a past term of it.
    struct Term {
        address operator;
        bool active;
        bool marked;
        uint24 host;
        uint40 until;
    }

    /// @dev Why a caller cannot act for a node: `Fault.None` if it can.
    enum Fault {
        None,
        NotOperator,
        Inactive,
        Stolen
    }

    /// @notice Reverts unless `caller` may act for the node now.
    /// @return node The value of its `NODE` cell.
    function requireActor(IRegionLog log, address caller, uint24 number) internal view returns (uint256 node) {
        node = Cells.valueOf(log, NodeCell.key(number));
        requireActor(log, node, caller, number);
    }

    /// @notice As above, for who has read the `NODE` cell: `node` is its value, here and below.
    function requireActor(IRegionLog log, uint256 node, address caller, uint24 number) internal view {
        (Fault fault, uint24 at, uint256 member) = _fault(log, node, caller, number);
        if (fault == Fault.None) return;
        if (node == 0) revert INodeRegistry.NodeRegistryUnknown(number);
        if (fault == Fault.NotOperator) revert INodeRegistry.NodeRegistryNotOperator(caller, number);
        if (fault == Fault.Stolen) revert INodeRegistry.NodeRegistryStolenKey(caller, at);
        uint256 inactive = at == number ? node : Cells.valueOf(log, NodeCell.key(at));
        revert INodeRegistry.NodeRegistryInactive(
            at, NodeCell.status(inactive), at == number ? NodeCell.until(member) : 0
        );
    }

    /// @notice Reverts unless `caller` may act for the node now, and it has this role.
    function requireRole(IRegionLog log, uint256 node, address caller, uint24 number, Role role) internal view {
        requireActor(log, node, caller, number);
        Role actual = NodeCell.role(node);
        if (actual != role) revert INodeRegistry.NodeRegistryRole(number, role, actual);
    }

    /// @notice Reverts unless `caller` may act for the node now and the node may publish all of `domains`.
    function requirePublisher(IRegionLog log, uint256 node, address caller, uint24 number, uint32 domains)
        internal
        view
    {
        requireActor(log, node, caller, number);
        if (!NodeCell.publishes(node)) revert INodeRegistry.NodeRegistryNotPublisher(number, NodeCell.role(node));
        uint32 allowed = NodeCell.domains(node);
        if (domains & ~allowed != 0) revert INodeRegistry.NodeRegistryDomains(number, allowed, domains);
    }

    /// @notice Reverts unless `caller` may act for the node now or, where the node is retired, for the one that answers for it.
    function requireAnswerer(IRegionLog log, uint256 node, address caller, uint24 number) internal view {
        if (NodeCell.status(node) != Status.Retired) return requireActor(log, node, caller, number);
        uint24 answerer = uint24(Cells.valueOf(log, NodeCell.answererKey(number)));
        if (answerer == 0) revert INodeRegistry.NodeRegistryInactive(number, Status.Retired, 0);
        requireActor(log, caller, answerer);
    }

    /// @notice Whether `caller` may act for the node now.
    function actsFor(IRegionLog log, uint256 node, address caller, uint24 number) internal view returns (bool) {
        // slither-disable-next-line unused-return
        (Fault fault,,) = _fault(log, node, caller, number);
        return fault == Fault.None;
    }

    /// @notice The node to which a key belongs or once belonged; 0 if to none.
    function nodeOf(IRegionLog log, address operator) internal view returns (uint24) {
        return uint24(Cells.valueOf(log, NodeCell.operatorKey(operator)));
    }

    /// @notice The node that hosts this one, or the node itself if it is physical; 0 if there is no such node.
    function physicalOf(IRegionLog log, uint256 node, uint24 number) internal view returns (uint24) {
        if (node == 0) return 0;
        return NodeCell.isHosted(node) ? NodeCell.host(Cells.valueOf(log, NodeCell.memberKey(number))) : number;
    }

    /// @notice The state of a node now, and the keys whose signatures count as its own. Of most nodes, `node` says it all.
    function memberNow(IRegionLog log, uint256 node, uint24 number) internal view returns (Member memory found) {
        return NodeCell.isPlain(node) ? _plain(node) : memberAt(log, number, block.timestamp);
    }

    /// @notice The state of a node at `time` (unix seconds, not after now), and the keys whose signatures counted as its own.
    function memberAt(IRegionLog log, uint24 number, uint256 time) internal view returns (Member memory) {
        (uint256 node, uint256 member) = Cells.values(log, NodeCell.key(number), NodeCell.memberKey(number));
        return memberAt(log, node, member, number, time);
    }

    /// @notice As above, for who has read the node's two cells already.
    function memberAt(IRegionLog log, uint256 node, uint256 member, uint24 number, uint256 time)
        internal
        view
        returns (Member memory found)
    {
        if (NodeCell.isPlain(node) && time >= NodeCell.since(member)) return _plain(node);
        Term memory term = _termAt(log, node, member, number, time);
        found.role = NodeCell.role(node);
        found.operator = _unlessStolen(log, term, time);
        found.acts = term.active && (term.until == 0 || time < term.until);
        if (term.host != 0) {
            (node, member) = Cells.values(log, NodeCell.key(term.host), NodeCell.memberKey(term.host));
            Term memory host = _termAt(log, node, member, term.host, time);
            found.hostOperator = _unlessStolen(log, host, time);
            found.acts = found.acts && host.active;
        }
        // Nobody can act where no key counts.
        if (found.operator == address(0) && found.hostOperator == address(0)) found.acts = false;
    }

    /// @notice As `memberAt`, without a place in memory: a call that asks about many members takes less gas.
    function signersAt(IRegionLog log, uint256 node, uint256 member, uint24 number, uint256 time)
        internal
        view
        returns (Role role, bool acts, address operator, address hostOperator)
    {
        if (NodeCell.isPlain(node) && time >= NodeCell.since(member)) {
            operator = NodeCell.operator(node);
            acts = NodeCell.status(node) == Status.Active && operator != address(0);
            return (NodeCell.role(node), acts, operator, address(0));
        }
        Member memory found = memberAt(log, node, member, number, time);
        return (found.role, found.acts, found.operator, found.hostOperator);
    }

    /// @dev A plain node as it is now.
    function _plain(uint256 node) private pure returns (Member memory found) {
        address operator = NodeCell.operator(node);
        found.role = NodeCell.role(node);
        found.operator = operator;
        found.acts = NodeCell.status(node) == Status.Active && operator != address(0);
    }

    /// @dev Why the caller cannot act for a node, and the number of the node that is inactive or whose key was stolen.
    function _fault(IRegionLog log, uint256 node, address caller, uint24 number)
        private
        view
        returns (Fault fault, uint24 at, uint256 member)
    {
        bool own = caller != address(0) && caller == NodeCell.operator(node);
        bool active = NodeCell.status(node) == Status.Active;
        if (NodeCell.isPlain(node)) {
            fault = !own ? Fault.NotOperator : active ? Fault.None : Fault.Inactive;
            return (fault, number, 0);
        }
        member = Cells.valueOf(log, NodeCell.memberKey(number));
        (at, fault) = (NodeCell.host(member), Fault.None);
        uint256 host = at == 0 ? 0 : Cells.valueOf(log, NodeCell.key(at));
        if (!own && (at == 0 || caller != NodeCell.operator(host))) return (Fault.NotOperator, number, member);
        uint40 until = NodeCell.until(member);
        if (!active || (until != 0 && block.timestamp >= until)) return (Fault.Inactive, number, member);
        if (at != 0 && NodeCell.status(host) != Status.Active) return (Fault.Inactive, at, member);
        if (own) (at, host) = (number, node);
        if (NodeCell.isMarked(host) && StolenKey.was(log, caller, block.timestamp)) fault = Fault.Stolen;
    }

    /// @dev The node as it is if that began at or before `time`, else the term that held then; nothing if there was none.
    function _termAt(IRegionLog log, uint256 node, uint256 member, uint24 number, uint256 time)
        private
        view
        returns (Term memory term)
    {
        if (time >= NodeCell.since(member)) {
            term.operator = NodeCell.operator(node);
            term.active = NodeCell.status(node) == Status.Active;
            term.marked = NodeCell.isMarked(node);
            (term.host, term.until) = (NodeCell.host(member), NodeCell.until(member));
            return term;
        }
        for (uint256 index = NodeCell.terms(member); index != 0; --index) {
            (uint256 past, uint256 more) =
                Cells.values(log, NodeCell.termKey(number, index - 1), NodeCell.termMoreKey(number, index - 1));
            if (time < (past >> 160 & _TERM_SINCE)) continue;
            term.operator = address(uint160(past));
            term.active = past >> 199 == 1;
            term.marked = true;
            (term.host, term.until) = (uint24(more), uint40(more >> 24));
            return term;
        }
    }

    function _unlessStolen(IRegionLog log, Term memory term, uint256 time) private view returns (address) {
        return term.marked && StolenKey.was(log, term.operator, time) ? address(0) : term.operator;
    }
}
