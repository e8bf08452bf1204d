// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {
    AnchorInfo,
    Batch,
    Correction,
    Dispute,
    DisputeFiling,
    IAnchorRegistry,
    LeafOpening,
    Life,
    RecordInfo
} from "./interfaces/IAnchorRegistry.sol";
import {INodeRegistry, Member, Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";
import {Messages} from "./libraries/Messages.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Space} from "./libraries/Space.sol";

/// @title AnchorRegistry
/// @notice What was published, and what became of it; see `IAnchorRegistry`.
/// @dev Every action appends to the log before it stores, because what it stores and emits names the entry. That is safe: log and
/// node registry are fixed at deployment and call nobody back.
// slither-disable-start reentrancy-no-eth,reentrancy-benign,reentrancy-events,unused-return
contract AnchorRegistry is IAnchorRegistry, AccessManaged, EIP712 {
    /// @dev One slot, packed by hand because the compiler would write its members one by one:
    ///
    ///     | unused 24 | entry 64 | size 64 | time 40 | keyEpoch 32 | flags 8 | node 24 |
    struct Anchor {
        uint256 packed;
    }

    struct Series {
        uint256 length;
    }

    /// @dev One slot:
    ///
    ///     | entry 56 | platform 24 | answeredAt 40 | dueAt 40 | disputedAt 40 | lifeAt 40 | dispute 8 | life 8 |
    struct Record {
        Life life;
        Dispute dispute;
        uint40 lifeAt;
        uint40 disputedAt;
        uint40 dueAt;
        uint40 answeredAt;
        uint24 platform;
        uint56 entry;
    }

    uint256 private constant _AUDITED = 1 << 24;
    uint256 private constant _BROKEN = 1 << 25;

    /// @dev Regulation on Credit Reporting, art. 25: calendar days.
    uint40 private constant _ANSWER_TIME = 20 days;

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @notice The registry of members.
    INodeRegistry public immutable nodes;

    /// @inheritdoc IAnchorRegistry
    mapping(uint32 epoch => bytes32 digest) public override keyEpochDigest;

    mapping(bytes32 digest => uint32 epoch) private _epochOf;
    mapping(uint24 node => mapping(bytes32 product => Series)) private _series;
    mapping(uint24 node => mapping(bytes32 root => Anchor)) private _anchors;
    mapping(uint24 node => mapping(bytes32 leaf => Record)) private _records;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_, INodeRegistry nodes_)
        AccessManaged(authority)
        EIP712("creditchain", "1")
    {
        log = log_;
        nodes = nodes_;
    }

    /// @inheritdoc IAnchorRegistry
    function openKeyEpoch(bytes32 epochDigest) external override restricted returns (uint32 epoch) {
        if (epochDigest == 0) revert AnchorRegistryNoDigest();
        if (_epochOf[epochDigest] != 0) revert AnchorRegistryEpochReused(epochDigest, _epochOf[epochDigest]);
        epoch = currentKeyEpoch() + 1;
        keyEpochDigest[epoch] = epochDigest;
        _epochOf[epochDigest] = epoch;
        uint64 entry = log.append(
            EntryKind.TAG_KEY_EPOCH,
            abi.encode(epoch, epochDigest),
            Cells.one(Space.key(Space.EPOCH, 0), epoch)
        );
        emit KeyEpochOpened(epoch, epochDigest, entry);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(Batch memory batch) external override returns (uint64 entry) {
        uint24 node = batch.node;
        bytes32 root = batch.root;
        _checkBatch(batch);
        nodes.requirePublisher(msg.sender, node, batch.domains);
        Series storage series = _series[node][batch.product];
        uint256 number = series.length + 1;
        if (batch.number != number) revert AnchorRegistryNumber(uint32(number), batch.number);
        Anchor storage slot = _anchors[node][root];
        if (slot.packed != 0) revert AnchorRegistryRootTaken(root, node);
        _requireKeyEpoch(batch.keyEpoch);

        entry = log.append(EntryKind.ANCHOR, abi.encode(batch), Cells.none());
        series.length = number;
        slot.packed = uint256(node) | uint256(batch.keyEpoch) << 32 | block.timestamp << 64 | uint256(batch.size) << 104
            | uint256(entry) << 168;
        emit Anchored(
            node,
            root,
            batch.product,
            batch.size,
            batch.number,
            batch.kind,
            batch.domains,
            batch.subjects,
            batch.keyEpoch,
            entry
        );
    }

    /// @inheritdoc IAnchorRegistry
    function setLife(uint24 node, bytes32 leaf, Life life, bytes32 successor, bytes32 reasonDigest) external override {
        nodes.requireActor(msg.sender, node);
        if (leaf == 0) revert AnchorRegistryNoLeaf();
        if ((successor != 0) != (life == Life.Superseded) || successor == leaf) {
            revert AnchorRegistrySuccessor(leaf, successor);
        }
        Record memory record = _records[node][leaf];
        if (life <= record.life) revert AnchorRegistryLife(record.life, life);
        _changeLife(record, node, leaf, life, successor, reasonDigest);
        _records[node][leaf] = record;
    }

    /// @inheritdoc IAnchorRegistry
    function fileDispute(uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest) external override {
        nodes.requireRole(msg.sender, platform, Role.Platform);
        _fileDispute(_records[node][leaf], platform, node, leaf, reasonDigest);
    }

    /// @inheritdoc IAnchorRegistry
    function fileDisputeSigned(
        DisputeFiling calldata filing,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) external override {
        if (block.timestamp > filing.deadline) revert AnchorRegistryFilingExpired(filing.deadline);
        Record memory record = _records[filing.node][filing.leaf];
        if (filing.previous != record.disputedAt) {
            revert AnchorRegistryFilingUsed(record.disputedAt, filing.previous);
        }
        bytes32 digest = _hashTypedDataV4(Messages.disputeFiling(filing));
        if (!Signatures.isBy(filing.key, address(0), digest, keySignature)) {
            revert AnchorRegistryFilingSignature(filing.key);
        }
        Member memory platform = nodes.memberAt(filing.platform, uint40(block.timestamp));
        if (
            platform.role != Role.Platform || !platform.acts
                || !Signatures.isBy(platform.operator, platform.hostOperator, digest, endorsement)
        ) revert AnchorRegistryFilingEndorsement(filing.platform);
        _fileDispute(record, filing.platform, filing.node, filing.leaf, filing.reasonDigest);
        emit DisputeSigned(filing.key, filing.node, filing.leaf);
    }

    /// @inheritdoc IAnchorRegistry
    function answerDispute(
        uint24 node,
        bytes32 leaf,
        Dispute outcome,
        Correction calldata correction,
        bytes32 reasonDigest
    ) external override {
        nodes.requireActor(msg.sender, node);
        if (outcome < Dispute.Corrected) revert AnchorRegistryOutcome(outcome);
        Record memory record = _records[node][leaf];
        if (record.dispute != Dispute.Open) revert AnchorRegistryDispute(node, leaf, record.dispute);
        bytes32 successor = correction.successor;
        if ((successor != 0) != (outcome == Dispute.Corrected) || successor == leaf) {
            revert AnchorRegistrySuccessor(leaf, successor);
        }
        if (outcome == Dispute.Corrected) {
            uint64 size = _sizeOf(_sound(node, correction.root));
            _requireIncluded(successor, correction.index, size, correction.proof, correction.root);
        }

        record.dispute = outcome;
        record.answeredAt = uint40(block.timestamp);
        uint64 entry = _logDispute(record, node, leaf, successor, reasonDigest);
        emit DisputeAnswered(record.platform, node, leaf, outcome, record.dueAt, successor, reasonDigest, entry);
        if (outcome == Dispute.Corrected && record.life == Life.Live) {
            _changeLife(record, node, leaf, Life.Superseded, successor, reasonDigest);
        }
        _records[node][leaf] = record;
    }

    /// @inheritdoc IAnchorRegistry
    function attestAudit(uint24 auditor, uint24 node, bytes32 root, bytes32 reportDigest) external override {
        nodes.requireRole(msg.sender, auditor, Role.Regulator);
        Anchor storage slot = _sound(node, root);
        uint64 size = _sizeOf(slot);
        uint64 entry = log.append(EntryKind.AUDIT, abi.encode(auditor, node, root, size, reportDigest), Cells.none());
        slot.packed |= _AUDITED;
        emit AuditAttested(auditor, node, root, size, reportDigest, entry);
    }

    /// @inheritdoc IAnchorRegistry
    function proveDisorder(
        uint24 node,
        bytes32 root,
        uint64 index,
        LeafOpening calldata a,
        LeafOpening calldata b,
        bytes32[] calldata proofA,
        bytes32[] calldata proofB
    ) external override {
        Anchor storage slot = _sound(node, root);
        if (_ascend(a, b)) revert AnchorRegistryOrdered(root, index);
        _requireIncluded(_leafHash(a), index, _sizeOf(slot), proofA, root);
        _requireIncluded(_leafHash(b), index + 1, _sizeOf(slot), proofB, root);
        uint64 entry = log.append(EntryKind.BROKEN, abi.encode(node, root, index), Cells.none());
        slot.packed |= _BROKEN;
        emit DisorderProven(node, root, msg.sender, index, entry);
    }

    /// @inheritdoc IAnchorRegistry
    function anchorOf(uint24 node, bytes32 root) external view override returns (AnchorInfo memory) {
        uint256 packed = _anchors[node][root].packed;
        return AnchorInfo({
            node: uint24(packed),
            size: uint64(packed >> 104),
            time: uint40(packed >> 64),
            entry: uint64(packed >> 168),
            keyEpoch: uint32(packed >> 32),
            audited: packed & _AUDITED != 0,
            broken: packed & _BROKEN != 0
        });
    }

    /// @inheritdoc IAnchorRegistry
    function currentKeyEpoch() public view override returns (uint32) {
        return uint32(Cells.value(log, Space.key(Space.EPOCH, 0)));
    }

    /// @inheritdoc IAnchorRegistry
    function seriesLength(uint24 node, bytes32 product) external view override returns (uint32) {
        return uint32(_series[node][product].length);
    }

    /// @inheritdoc IAnchorRegistry
    function recordOf(uint24 node, bytes32 leaf) external view override returns (RecordInfo memory) {
        Record memory record = _records[node][leaf];
        return RecordInfo({
            life: record.life,
            dispute: record.dispute,
            lifeAt: record.lifeAt,
            disputedAt: record.disputedAt,
            dueAt: record.dueAt,
            answeredAt: record.answeredAt,
            platform: record.platform,
            entry: record.entry
        });
    }

    function _checkBatch(Batch memory batch) private pure {
        bool complete = batch.root != 0 && batch.product != 0 && batch.domains != 0;
        if (!complete || batch.subjects == 0 || batch.subjects > batch.size) {
            revert AnchorRegistryBatch(batch.root, batch.product, batch.domains, batch.size, batch.subjects);
        }
    }

    function _requireKeyEpoch(uint32 given) private view {
        uint32 epoch = currentKeyEpoch();
        if (epoch != given || epoch == 0) revert AnchorRegistryKeyEpoch(epoch, given);
    }

    /// @dev Changes `record` in memory. The caller must store it.
    function _changeLife(
        Record memory record,
        uint24 node,
        bytes32 leaf,
        Life life,
        bytes32 successor,
        bytes32 reasonDigest
    ) private {
        bytes memory body = abi.encode(node, leaf, life, successor, reasonDigest);
        uint64 entry = log.append(EntryKind.STATUS, body, Cells.none());
        record.life = life;
        record.lifeAt = uint40(block.timestamp);
        record.entry = uint56(entry);
        emit LifeChanged(node, leaf, life, successor, reasonDigest, entry);
    }

    function _fileDispute(Record memory record, uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest) private {
        if (leaf == 0) revert AnchorRegistryNoLeaf();
        if (node == 0 || node > nodes.count()) revert AnchorRegistryUnknownNode(node);
        if (record.dispute == Dispute.Open) revert AnchorRegistryDispute(node, leaf, Dispute.Open);

        record.dispute = Dispute.Open;
        record.disputedAt = uint40(block.timestamp);
        record.dueAt = record.disputedAt + _ANSWER_TIME;
        record.answeredAt = 0;
        record.platform = platform;
        uint64 entry = _logDispute(record, node, leaf, 0, reasonDigest);
        _records[node][leaf] = record;
        emit DisputeFiled(platform, node, leaf, record.dueAt, reasonDigest, entry);
    }

    /// @dev Logs the dispute that `record` holds in memory. The caller must store it.
    function _logDispute(Record memory record, uint24 node, bytes32 leaf, bytes32 successor, bytes32 reasonDigest)
        private
        returns (uint64 entry)
    {
        bytes memory body =
            abi.encode(record.platform, node, leaf, record.dispute, record.dueAt, successor, reasonDigest);
        entry = log.append(EntryKind.DISPUTE, body, Cells.none());
        record.entry = uint56(entry);
    }

    /// @dev The anchor. Reverts if it does not exist or is broken.
    function _sound(uint24 node, bytes32 root) private view returns (Anchor storage slot) {
        slot = _anchors[node][root];
        uint256 packed = slot.packed;
        if (packed == 0) revert AnchorRegistryNoAnchor(node, root);
        if (packed & _BROKEN != 0) revert AnchorRegistryBroken(node, root);
    }

    function _sizeOf(Anchor storage slot) private view returns (uint64) {
        return uint64(slot.packed >> 104);
    }

    function _requireIncluded(bytes32 leaf, uint64 index, uint64 size, bytes32[] calldata proof, bytes32 root)
        private
        pure
    {
        if (!MerkleLog.verifyInclusion(leaf, index, size, proof, root)) {
            revert AnchorRegistryInclusion(root, index, leaf);
        }
    }

    function _ascend(LeafOpening calldata a, LeafOpening calldata b) private pure returns (bool) {
        if (a.tag != b.tag) return a.tag < b.tag;
        if (a.section != b.section) return a.section < b.section;
        return a.commitment < b.commitment;
    }

    function _leafHash(LeafOpening calldata opening) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0x00), opening.tag, opening.section, opening.commitment));
    }
}
// slither-disable-end reentrancy-no-eth,reentrancy-benign,reentrancy-events,unused-return
