// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {LogDomain} from "./LogDomain.sol";
import {Admission, INodeRegistry, Interval, Role, Status} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {Messages} from "./libraries/Messages.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";
import {StolenKey} from "./libraries/StolenKey.sol";

/// @title NodeRegistry
/// @notice Who is a member of the region; see `INodeRegistry`.
/// @dev Its state is in the log's cells, so another version can take its place.
contract NodeRegistry is INodeRegistry, AccessManaged, LogDomain {
    using Members for IRegionLog;

    /// @dev A node as its cells say, and what they said before.
    struct Node {
        uint24 number;
        address operator;
        Role role;
        Status status;
        uint32 domains;
        bool marked;
        uint24 host;
        uint24 division;
        uint40 until;
        uint40 since;
        uint40 statusAt;
        uint32 terms;
        uint256 before;
        uint256 memberBefore;
    }

    /// @notice The log to which every change is written, and which holds all state.
    IRegionLog public immutable log;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) LogDomain(log_) {
        log = log_;
    }

    /// @inheritdoc INodeRegistry
    function admit(Admission calldata admission) external override restricted returns (uint24 number) {
        number = uint24(Cells.valueOf(log, Space.key(Space.COUNT, 0))) + 1;
        _checkAdmission(admission, number);
        Node memory node = Node({
            number: number,
            operator: admission.operator,
            role: admission.role,
            status: Status.Active,
            domains: admission.domains,
            marked: false,
            host: admission.host,
            division: admission.division,
            until: admission.until,
            since: 0,
            statusAt: uint40(block.timestamp),
            terms: 0,
            before: 0,
            memberBefore: 0
        });
        // A new key or none, its count, and its profile.
        Write[] memory more = new Write[](node.operator == address(0) ? 3 : 4);
        _writeProfile(more, number, admission.profileDigest);
        more[2] = Write({key: Space.key(Space.COUNT, 0), value: number});
        if (node.operator != address(0)) more[3] = _claim(node.operator, number);
        _record(node, admission.profileDigest, more);
    }

    /// @inheritdoc INodeRegistry
    function suspend(uint24 number) external override restricted {
        Node memory node = _get(number);
        if (node.status != Status.Active) revert NodeRegistryStatus(number, node.status);
        _setStatus(node, Status.Suspended);
    }

    /// @inheritdoc INodeRegistry
    function reinstate(uint24 number) external override restricted {
        Node memory node = _get(number);
        if (node.status != Status.Suspended) revert NodeRegistryStatus(number, node.status);
        uint40 open = StolenKey.openSince(_stolen(node.operator));
        if (open != 0) revert NodeRegistryCompromised(number, open);
        _setStatus(node, Status.Active);
    }

    /// @inheritdoc INodeRegistry
    function retire(uint24 number) external override restricted {
        _setStatus(_getCurrent(number), Status.Retired);
    }

    /// @inheritdoc INodeRegistry
    function setAnswerer(uint24 number, uint24 by) external override restricted {
        if (_get(number).status != Status.Retired || _get(by).status != Status.Active) {
            revert NodeRegistryAnswerer(number, by);
        }
        // slither-disable-next-line unused-return
        Entries.append(log, EntryKind.ANSWERER, abi.encode(number, by), NodeCell.answererKey(number), by);
    }

    /// @inheritdoc INodeRegistry
    function setDomains(uint24 number, uint32 domains) external override restricted {
        Node memory node = _getCurrent(number);
        if (!_publishes(node.role)) revert NodeRegistryNotPublisher(number, node.role);
        if (domains > type(uint24).max) revert NodeRegistryDomains(number, type(uint24).max, domains);
        node.domains = domains;
        _record(node, 0, Cells.none());
    }

    /// @inheritdoc INodeRegistry
    function setProfile(uint24 number, bytes32 profileDigest) external override restricted {
        Write[] memory more = new Write[](2);
        _writeProfile(more, number, profileDigest);
        _record(_getCurrent(number), profileDigest, more);
    }

    /// @inheritdoc INodeRegistry
    function setUntil(uint24 number, uint40 until) external override restricted {
        Node memory node = _getCurrent(number);
        if (node.role != Role.Institution) revert NodeRegistryUntil(node.role, until);
        _checkUntil(node.role, until);
        node.until = until;
        _record(node, 0, Cells.none());
    }

    /// @inheritdoc INodeRegistry
    function setHost(uint24 number, uint24 host) external override restricted {
        Node memory node = _getCurrent(number);
        if (node.host == 0) revert NodeRegistryNotHosted(number);
        _checkHost(host);
        node.host = host;
        _record(node, 0, Cells.none());
    }

    /// @inheritdoc INodeRegistry
    function setCompromises(address key, Interval[] calldata intervals) external override restricted {
        uint256 owned = Cells.valueOf(log, NodeCell.operatorKey(key));
        if (owned == 0) revert NodeRegistryKeyUnknown(key);
        uint256 value = StolenKey.pack(key, intervals, uint40(owned >> 24));
        Node memory node = _get(uint24(owned));
        bool current = node.operator == key;
        Write[] memory writes = new Write[](current && node.marked != (value != 0) ? 2 : 1);
        writes[0] = Write({key: StolenKey.key(key), value: value});
        if (writes.length == 2) {
            node.marked = value != 0;
            writes[1] = Write({key: NodeCell.key(node.number), value: _pack(node)});
        }
        // slither-disable-next-line unused-return
        Entries.append(log, EntryKind.COMPROMISE, abi.encode(node.number, key, value), writes);
        if (current && node.status == Status.Active && StolenKey.openSince(value) != 0) {
            node.before = _pack(node);
            _setStatus(node, Status.Suspended);
        }
    }

    /// @inheritdoc INodeRegistry
    function rotateOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance)
        external
        override
    {
        address operator = NodeCell.operator(log.requireActor(msg.sender, number));
        // The host may act for a virtual node, but it may not replace the node's own key.
        if (operator != msg.sender) revert NodeRegistryNotOperator(msg.sender, number);
        _changeOperator(_get(number), newOperator, deadline, acceptance);
    }

    /// @inheritdoc INodeRegistry
    function replaceOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance)
        external
        override
        restricted
    {
        _changeOperator(_getCurrent(number), newOperator, deadline, acceptance);
    }

    function _checkAdmission(Admission calldata admission, uint24 number) private view {
        if (admission.role == Role.None) revert NodeRegistryNoRole();
        if (admission.division < 100_000 || admission.division > 999_999) {
            revert NodeRegistryDivision(admission.division);
        }
        uint32 most = _publishes(admission.role) ? type(uint24).max : 0;
        if (admission.domains & ~most != 0) revert NodeRegistryDomains(number, most, admission.domains);
        _checkUntil(admission.role, admission.until);
        if (admission.host != 0) _checkHost(admission.host);
        else if (admission.operator == address(0)) revert NodeRegistryNoOperator(number);
    }

    function _checkUntil(Role role, uint40 until) private view {
        if (until != 0 && (role != Role.Institution || until <= block.timestamp)) revert NodeRegistryUntil(role, until);
    }

    /// @dev A host is physical, no guest, and acts.
    function _checkHost(uint24 number) private view {
        Node memory host = _get(number);
        if (host.host != 0 || host.until != 0) revert NodeRegistryHost(number);
        if (host.status != Status.Active) revert NodeRegistryInactive(number, host.status, 0);
    }

    function _publishes(Role role) private pure returns (bool) {
        return role >= Role.Platform && role <= Role.Source;
    }

    function _changeOperator(Node memory node, address newOperator, uint64 deadline, bytes calldata acceptance)
        private
    {
        if (newOperator == address(0)) revert NodeRegistryNoOperator(node.number);
        if (block.timestamp > deadline) revert NodeRegistryExpired(deadline);
        bytes32 digest = _digestOf(Messages.operatorAcceptance(node.number, newOperator, deadline));
        if (!Signatures.isBy(newOperator, address(0), digest, acceptance)) {
            revert NodeRegistryAcceptance(node.number, newOperator);
        }
        Write memory claim = _claim(newOperator, node.number);
        uint256 stolen = _stolen(node.operator);
        uint256 closed = StolenKey.closed(stolen, uint40(block.timestamp));
        Write[] memory more = new Write[](node.operator == address(0) ? 1 : closed == stolen ? 2 : 3);
        more[0] = claim;
        if (more.length > 1) {
            uint256 place = NodeCell.operatorKey(node.operator);
            uint256 owned = Cells.valueOf(log, place);
            more[1] = Write({key: place, value: owned | block.timestamp << 64});
        }
        if (more.length > 2) more[2] = Write({key: StolenKey.key(node.operator), value: closed});
        (node.operator, node.marked) = (newOperator, false);
        _record(node, 0, more);
    }

    function _setStatus(Node memory node, Status status) private {
        node.status = status;
        node.statusAt = uint40(block.timestamp);
        _record(node, 0, Cells.none());
    }

    /// @dev Append the entry of a node that changed, which writes its cells and `more`. Where operator, status, host or end are
    /// others, the term before ends; one that began in this second never held.
    function _record(Node memory node, bytes32 profileDigest, Write[] memory more) private {
        Write[] memory writes = new Write[](4 + more.length);
        uint256 count = 0;
        for (; count < more.length; ++count) writes[count] = more[count];
        if (_isOtherTerm(node)) count = _endTerm(node, writes, count);
        uint256 value = _pack(node);
        if (value != node.before) writes[count++] = Write({key: NodeCell.key(node.number), value: value});
        value = _packMember(node);
        if (value != node.memberBefore) writes[count++] = Write({key: NodeCell.memberKey(node.number), value: value});
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(writes, count)
        }
        // slither-disable-next-line unused-return
        Entries.append(log, EntryKind.NODE, _body(node, profileDigest), writes);
    }

    function _isOtherTerm(Node memory node) private pure returns (bool) {
        return node.operator != NodeCell.operator(node.before) || node.status != NodeCell.status(node.before)
            || node.host != NodeCell.host(node.memberBefore) || node.until != NodeCell.until(node.memberBefore);
    }

    /// @dev Begin another term now, and write the one before. Returns the number of `writes`.
    function _endTerm(Node memory node, Write[] memory writes, uint256 count) private view returns (uint256) {
        uint40 since = node.since;
        node.since = uint40(block.timestamp);
        if (since == 0 || since == block.timestamp) return count;
        uint256 term = uint256(uint160(NodeCell.operator(node.before))) | uint256(since) << 160;
        if (NodeCell.status(node.before) == Status.Active) term |= 1 << 199;
        writes[count++] = Write({key: NodeCell.termKey(node.number, node.terms), value: term});
        uint256 more = uint256(NodeCell.host(node.memberBefore)) | uint256(NodeCell.until(node.memberBefore)) << 24;
        if (more != 0) writes[count++] = Write({key: NodeCell.termMoreKey(node.number, node.terms), value: more});
        ++node.terms;
        return count;
    }

    /// @dev The digest is 0 where it did not change.
    function _body(Node memory node, bytes32 profileDigest) private view returns (bytes memory) {
        return abi.encode(
            node.number,
            msg.sender,
            node.operator,
            node.role,
            node.status,
            node.division,
            node.host,
            node.domains,
            node.until,
            profileDigest
        );
    }

    function _pack(Node memory node) private pure returns (uint256) {
        uint256 more = (node.host == 0 ? 0 : 1) | (node.until == 0 ? 0 : 2) | (node.marked ? 4 : 0);
        return NodeCell.pack(node.operator, node.role, node.status, node.domains, more);
    }

    function _packMember(Node memory node) private pure returns (uint256) {
        return NodeCell.packMember(node.host, node.division, node.until, node.since, node.statusAt, node.terms);
    }

    function _writeProfile(Write[] memory writes, uint24 number, bytes32 digest) private pure {
        writes[0] = Write({key: NodeCell.memberKey(number) | 1 << 32, value: uint200(uint256(digest))});
        writes[1] = Write({key: NodeCell.memberKey(number) | 3 << 32, value: uint256(digest) >> 200});
    }

    /// @dev The write that makes a key the node's, from now on.
    function _claim(address operator, uint24 number) private view returns (Write memory) {
        uint24 taken = log.nodeOf(operator);
        if (taken != 0) revert NodeRegistryKeyTaken(operator, taken);
        return Write({key: NodeCell.operatorKey(operator), value: uint256(number) | block.timestamp << 24});
    }

    function _stolen(address operator) private view returns (uint256) {
        return Cells.valueOf(log, StolenKey.key(operator));
    }

    function _get(uint24 number) private view returns (Node memory node) {
        (uint256 value, uint256 member) = Cells.values(log, NodeCell.key(number), NodeCell.memberKey(number));
        if (value == 0) revert NodeRegistryUnknown(number);
        (node.before, node.memberBefore, node.number) = (value, member, number);
        (node.operator, node.role, node.status) = (NodeCell.operator(value), NodeCell.role(value), NodeCell.status(value));
        (node.domains, node.marked) = (NodeCell.domains(value), NodeCell.isMarked(value));
        (node.host, node.division, node.until) =
            (NodeCell.host(member), NodeCell.division(member), NodeCell.until(member));
        (node.since, node.statusAt, node.terms) =
            (NodeCell.since(member), NodeCell.statusAt(member), NodeCell.terms(member));
    }

    function _getCurrent(uint24 number) private view returns (Node memory node) {
        node = _get(number);
        if (node.status == Status.Retired) revert NodeRegistryStatus(number, Status.Retired);
    }
}
