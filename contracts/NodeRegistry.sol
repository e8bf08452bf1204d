// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {
    Admission,
    Compromise,
    INodeRegistry,
    Member,
    NodeChange,
    NodeInfo,
    Role,
    Status
} from "./interfaces/INodeRegistry.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Messages} from "./libraries/Messages.sol";
import {Seat, Seats} from "./libraries/Seats.sol";
import {History, Tenure} from "./libraries/Tenure.sol";

/// @title NodeRegistry
/// @notice Who is a member of the region; see `INodeRegistry`.
contract NodeRegistry is INodeRegistry, AccessManaged, EIP712 {
    /// @dev Three slots:
    ///
    ///     1 | seat 256 |     see `Seats`
    ///     2 | unused 96 | compromisedSince 40 | until 40 | statusAt 40 | admittedAt 40 |
    ///     3 | profileDigest 256 |
    struct Node {
        Seat seat;
        uint40 admittedAt;
        uint40 statusAt;
        uint40 until;
        uint40 compromisedSince;
        bytes32 profileDigest;
    }

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @inheritdoc INodeRegistry
    uint24 public override count;

    mapping(uint24 number => Node) private _nodes;
    mapping(uint24 number => History) private _histories;

    /// @inheritdoc INodeRegistry
    mapping(address operator => uint24 number) public override nodeOf;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) EIP712("creditchain", "1") {
        log = log_;
    }

    /// @inheritdoc INodeRegistry
    function admit(Admission calldata admission) external override restricted returns (uint24 number) {
        _checkAdmission(admission);
        number = ++count;
        if (admission.operator != address(0)) _claimKey(admission.operator, number);
        _nodes[number] = Node({
            seat: Seats.pack(
                admission.operator, admission.role, admission.domains, admission.host, admission.division
            ),
            admittedAt: uint40(block.timestamp),
            statusAt: uint40(block.timestamp),
            until: admission.until,
            compromisedSince: 0,
            profileDigest: admission.profileDigest
        });
        _record(number, NodeChange.Admitted);
    }

    /// @inheritdoc INodeRegistry
    function suspend(uint24 number) external override restricted {
        Node storage found = _get(number);
        if (found.seat.status() != Status.Active) revert NodeRegistryStatus(number, found.seat.status());
        _setStatus(found, Status.Suspended);
        _record(number, NodeChange.Suspended);
    }

    /// @inheritdoc INodeRegistry
    function reinstate(uint24 number) external override restricted {
        Node storage found = _get(number);
        if (found.seat.status() != Status.Suspended) revert NodeRegistryStatus(number, found.seat.status());
        if (found.compromisedSince != 0) revert NodeRegistryCompromised(number, found.compromisedSince);
        _setStatus(found, Status.Active);
        _record(number, NodeChange.Reinstated);
    }

    /// @inheritdoc INodeRegistry
    function retire(uint24 number) external override restricted {
        Node storage found = _getCurrent(number);
        _setStatus(found, Status.Retired);
        _record(number, NodeChange.Retired);
    }

    /// @inheritdoc INodeRegistry
    function setDomains(uint24 number, uint32 domains) external override restricted {
        Node storage found = _getCurrent(number);
        if (!found.seat.publishes()) revert NodeRegistryNotPublisher(number, found.seat.role());
        found.seat = found.seat.withDomains(domains);
        _record(number, NodeChange.DomainsSet);
    }

    /// @inheritdoc INodeRegistry
    function setProfile(uint24 number, bytes32 profileDigest) external override restricted {
        _getCurrent(number).profileDigest = profileDigest;
        _record(number, NodeChange.ProfileSet);
    }

    /// @inheritdoc INodeRegistry
    function setUntil(uint24 number, uint40 until) external override restricted {
        Node storage found = _getCurrent(number);
        if (found.seat.role() != Role.Institution) revert NodeRegistryUntil(found.seat.role(), until);
        _checkUntil(found.seat.role(), until);
        found.until = until;
        _record(number, NodeChange.UntilSet);
    }

    /// @inheritdoc INodeRegistry
    function markCompromised(uint24 number, uint40 since) external override restricted {
        Node storage found = _get(number);
        if (found.seat.operator() == address(0)) revert NodeRegistryNoOperator(number);
        uint40 open = found.compromisedSince;
        uint40 latest = open == 0 ? uint40(block.timestamp) : open - 1;
        if (since < found.admittedAt || since > latest) {
            revert NodeRegistrySince(number, since, found.admittedAt, latest);
        }
        Compromise[] storage intervals = _histories[number].compromises;
        if (open == 0) intervals.push(Compromise({since: since, until: 0}));
        else intervals[intervals.length - 1].since = since;
        found.compromisedSince = since;
        if (found.seat.status() == Status.Active) _setStatus(found, Status.Suspended);
        _record(number, NodeChange.Compromised);
    }

    /// @inheritdoc INodeRegistry
    function rotateOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance)
        external
        override
    {
        // The host may act for a virtual node, but it may not replace the node's own key.
        Node storage found = _get(number);
        if (found.seat.operator() != msg.sender) revert NodeRegistryNotOperator(msg.sender, number);
        _requireActive(number, found.seat);
        _changeOperator(number, newOperator, deadline, acceptance);
        _record(number, NodeChange.OperatorRotated);
    }

    /// @inheritdoc INodeRegistry
    function replaceOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance)
        external
        override
        restricted
    {
        Node storage found = _getCurrent(number);
        _changeOperator(number, newOperator, deadline, acceptance);
        if (found.compromisedSince != 0) {
            Compromise[] storage intervals = _histories[number].compromises;
            intervals[intervals.length - 1].until = uint40(block.timestamp);
            found.compromisedSince = 0;
        }
        _record(number, NodeChange.OperatorReplaced);
    }

    /// @inheritdoc INodeRegistry
    function node(uint24 number) public view override returns (NodeInfo memory) {
        Node storage found = _nodes[number];
        return NodeInfo({
            node: found.seat.status() == Status.None ? 0 : number,
            operator: found.seat.operator(),
            role: found.seat.role(),
            status: found.seat.status(),
            division: found.seat.division(),
            host: found.seat.host(),
            domains: found.seat.domains(),
            until: found.until,
            compromisedSince: found.compromisedSince,
            profileDigest: found.profileDigest,
            admittedAt: found.admittedAt,
            statusAt: found.statusAt
        });
    }

    /// @inheritdoc INodeRegistry
    function isActive(uint24 number) public view override returns (bool) {
        Seat seat = _nodes[number].seat;
        return _acts(number, seat) && (seat.host() == 0 || _acts(seat.host(), _nodes[seat.host()].seat));
    }

    /// @inheritdoc INodeRegistry
    function actsFor(address caller, uint24 number) external view override returns (bool) {
        return isActive(number) && _operates(caller, _nodes[number].seat);
    }

    /// @inheritdoc INodeRegistry
    function requireActor(address caller, uint24 number) external view override returns (Role) {
        return _requireActor(caller, number).role();
    }

    /// @inheritdoc INodeRegistry
    function requireRole(address caller, uint24 number, Role role) external view override returns (Role actual) {
        actual = _requireActor(caller, number).role();
        if (actual != role) revert NodeRegistryRole(number, role, actual);
    }

    /// @inheritdoc INodeRegistry
    function requirePublisher(address caller, uint24 number, uint32 domains)
        external
        view
        override
        returns (Role)
    {
        Seat seat = _requireActor(caller, number);
        if (!seat.publishes()) revert NodeRegistryNotPublisher(number, seat.role());
        if (domains & ~seat.domains() != 0) revert NodeRegistryDomains(number, seat.domains(), domains);
        return seat.role();
    }

    /// @inheritdoc INodeRegistry
    function wasCompromised(uint24 number, uint40 time) external view override returns (bool) {
        uint24 host = _nodes[number].seat.host();
        return Tenure.covers(_histories[number].compromises, time)
            || (host != 0 && Tenure.covers(_histories[host].compromises, time));
    }

    /// @inheritdoc INodeRegistry
    function compromises(uint24 number) external view override returns (Compromise[] memory) {
        return _histories[number].compromises;
    }

    /// @inheritdoc INodeRegistry
    function memberAt(uint24 number, uint40 time) external view override returns (Member memory) {
        return Tenure.memberAt(_histories, number, time);
    }

    function _checkAdmission(Admission calldata admission) private view {
        if (admission.role == Role.None) revert NodeRegistryNoRole();
        if (admission.division < 100_000 || admission.division > 999_999) {
            revert NodeRegistryDivision(admission.division);
        }
        if (admission.domains != 0 && (admission.role < Role.Platform || admission.role > Role.Source)) {
            revert NodeRegistryDomains(count + 1, 0, admission.domains);
        }
        _checkUntil(admission.role, admission.until);
        if (admission.host != 0) {
            Node storage host = _get(admission.host);
            if (host.seat.host() != 0 || host.until != 0) revert NodeRegistryHost(admission.host);
            _requireActive(admission.host, host.seat);
        } else if (admission.operator == address(0)) {
            revert NodeRegistryNoOperator(count + 1);
        }
    }

    function _checkUntil(Role role, uint40 until) private view {
        if (until != 0 && (role != Role.Institution || until <= block.timestamp)) revert NodeRegistryUntil(role, until);
    }

    function _claimKey(address operator, uint24 number) private {
        uint24 taken = nodeOf[operator];
        if (taken != 0) revert NodeRegistryKeyTaken(operator, taken);
        nodeOf[operator] = number;
    }

    function _changeOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance) private {
        if (newOperator == address(0)) revert NodeRegistryNoOperator(number);
        if (block.timestamp > deadline) revert NodeRegistryExpired(deadline);
        bytes32 digest = _hashTypedDataV4(Messages.operatorAcceptance(number, newOperator, deadline));
        if (!SignatureChecker.isValidSignatureNow(newOperator, digest, acceptance)) {
            revert NodeRegistryAcceptance(number, newOperator);
        }
        _claimKey(newOperator, number);
        Node storage found = _nodes[number];
        found.seat = found.seat.withOperator(newOperator);
    }

    function _setStatus(Node storage found, Status status) private {
        found.seat = found.seat.withStatus(status);
        found.statusAt = uint40(block.timestamp);
    }

    function _record(uint24 number, NodeChange change) private {
        NodeInfo memory info = node(number);
        bytes memory body = abi.encode(
            number,
            info.operator,
            info.role,
            info.status,
            info.division,
            info.host,
            info.domains,
            info.until,
            info.compromisedSince,
            info.profileDigest
        );
        Tenure.note(_histories[number], info);
        emit NodeChanged(number, change, log.append(EntryKind.NODE, body, Cells.none()), info);
    }

    function _get(uint24 number) private view returns (Node storage found) {
        found = _nodes[number];
        if (found.seat.status() == Status.None) revert NodeRegistryUnknown(number);
    }

    function _getCurrent(uint24 number) private view returns (Node storage found) {
        found = _get(number);
        if (found.seat.status() == Status.Retired) revert NodeRegistryStatus(number, Status.Retired);
    }

    function _requireActor(address caller, uint24 number) private view returns (Seat seat) {
        seat = _nodes[number].seat;
        if (!_operates(caller, seat)) {
            if (seat.status() == Status.None) revert NodeRegistryUnknown(number);
            revert NodeRegistryNotOperator(caller, number);
        }
        _requireActive(number, seat);
    }

    function _requireActive(uint24 number, Seat seat) private view {
        if (!_acts(number, seat)) revert NodeRegistryInactive(number, seat.status(), _nodes[number].until);
        if (seat.host() != 0) _requireActive(seat.host(), _nodes[seat.host()].seat);
    }

    function _operates(address caller, Seat seat) private view returns (bool) {
        if (caller == seat.operator()) return caller != address(0);
        return seat.host() != 0 && caller == _nodes[seat.host()].seat.operator();
    }

    /// @dev Only institutions have an end date. For other roles the second slot is not read.
    function _acts(uint24 number, Seat seat) private view returns (bool) {
        if (!seat.isActive()) return false;
        if (!seat.isInstitution()) return true;
        uint40 until = _nodes[number].until;
        return until == 0 || block.timestamp < until;
    }
}
