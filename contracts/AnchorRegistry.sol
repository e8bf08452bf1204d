// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {AnchorInfo, Batch, IAnchorRegistry, LeafOpening, Life, RecordInfo} from "./interfaces/IAnchorRegistry.sol";
import {Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {AnchorCell} from "./libraries/AnchorCell.sol";
import {Cells} from "./libraries/Cells.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {RecordCell} from "./libraries/RecordCell.sol";
import {Space} from "./libraries/Space.sol";

/// @title AnchorRegistry
/// @notice What was published, and what became of it; see `IAnchorRegistry`.
/// @dev Its state is in the log's cells, so another version can take its place. Events follow the call that appends, because they
/// name the entry. That is safe: log and node registry are fixed at deployment and call nobody back.
// slither-disable-start reentrancy-events,unused-return
contract AnchorRegistry is IAnchorRegistry, AccessManaged {
    using Members for IRegionLog;

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) {
        log = log_;
    }

    /// @inheritdoc IAnchorRegistry
    function openKeyEpoch(bytes32 epochDigest) external override restricted returns (uint32 epoch) {
        if (epochDigest == 0) revert AnchorRegistryNoDigest();
        uint256 place = Space.key(Space.EPOCH, 1 << 247 | uint256(epochDigest) & ((1 << 247) - 1));
        uint256 used = Cells.valueOf(log, place);
        if (used != 0) revert AnchorRegistryEpochReused(epochDigest, uint32(used));
        epoch = currentKeyEpoch() + 1;
        Write[] memory writes = new Write[](4);
        writes[0] = Write({key: Space.key(Space.EPOCH, 0), value: epoch});
        writes[1] = Write({key: Space.key(Space.EPOCH, 1 << 32 | epoch), value: uint200(uint256(epochDigest))});
        writes[2] = Write({key: Space.key(Space.EPOCH, 2 << 32 | epoch), value: uint256(epochDigest) >> 200});
        writes[3] = Write({key: place, value: epoch});
        uint64 entry = log.append(EntryKind.TAG_KEY_EPOCH, abi.encode(epoch, epochDigest), writes);
        emit KeyEpochOpened(epoch, epochDigest, entry);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(Batch memory batch) external override returns (uint64 entry) {
        _checkBatch(batch);
        entry = log.append(EntryKind.ANCHOR, abi.encode(batch), _anchorWrites(batch));
        emit Anchored(
            batch.node,
            batch.root,
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
        log.requireAnswerer(msg.sender, node);
        if (leaf == 0) revert AnchorRegistryNoLeaf();
        if ((successor != 0) != (life == Life.Superseded) || successor == leaf) {
            revert AnchorRegistrySuccessor(leaf, successor);
        }
        uint256 key = RecordCell.key(node, leaf);
        Life current = RecordCell.lifeOf(Cells.word(log, key));
        if (life <= current) revert AnchorRegistryLife(current, life);
        log.append(
            EntryKind.STATUS,
            abi.encode(node, leaf, life, successor, reasonDigest),
            Cells.one(key, RecordCell.pack(life, uint40(block.timestamp)))
        );
    }

    /// @inheritdoc IAnchorRegistry
    function attestAudit(uint24 auditor, uint24 node, bytes32 root, bytes32 reportDigest) external override {
        log.requireRole(msg.sender, auditor, Role.Regulator);
        uint256 value = _sound(node, root);
        uint64 size = AnchorCell.sizeOf(value);
        uint64 entry = log.append(
            EntryKind.AUDIT,
            abi.encode(auditor, node, root, size, reportDigest),
            Cells.one(AnchorCell.key(node, root), AnchorCell.audited(value))
        );
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
        uint256 value = _sound(node, root);
        if (_ascend(a, b)) revert AnchorRegistryOrdered(root, index);
        _requireIncluded(_leafHash(a), index, AnchorCell.sizeOf(value), proofA, root);
        _requireIncluded(_leafHash(b), index + 1, AnchorCell.sizeOf(value), proofB, root);
        _break(node, root, index, value);
    }

    /// @inheritdoc IAnchorRegistry
    function anchorOf(uint24 node, bytes32 root) external view override returns (AnchorInfo memory) {
        return AnchorCell.unpack(node, Cells.valueOf(log, AnchorCell.key(node, root)));
    }

    /// @inheritdoc IAnchorRegistry
    function keyEpochDigest(uint32 epoch) external view override returns (bytes32) {
        uint256 low = Cells.valueOf(log, Space.key(Space.EPOCH, 1 << 32 | epoch));
        return bytes32(low | Cells.valueOf(log, Space.key(Space.EPOCH, 2 << 32 | epoch)) << 200);
    }

    /// @inheritdoc IAnchorRegistry
    function currentKeyEpoch() public view override returns (uint32) {
        return uint32(Cells.valueOf(log, Space.key(Space.EPOCH, 0)));
    }

    /// @inheritdoc IAnchorRegistry
    function seriesLength(uint24 node, bytes32 product) external view override returns (uint32) {
        return uint32(Cells.valueOf(log, AnchorCell.seriesKey(node, product)));
    }

    /// @inheritdoc IAnchorRegistry
    function recordOf(uint24 node, bytes32 leaf) external view override returns (RecordInfo memory) {
        return RecordCell.unpack(Cells.word(log, RecordCell.key(node, leaf)));
    }

    /// @dev Reads all cells that concern the batch, in one call. Reverts unless it is the next of its series and under the
    /// current key epoch.
    function _anchorWrites(Batch memory batch) private view returns (Write[] memory writes) {
        uint256[] memory keys = new uint256[](4);
        keys[3] = NodeCell.key(batch.node);
        keys[0] = Space.key(Space.EPOCH, 0);
        keys[1] = AnchorCell.seriesKey(batch.node, batch.product);
        keys[2] = AnchorCell.key(batch.node, batch.root);
        (uint256[] memory words, uint64 entry,,) = log.read(keys);
        log.requirePublisher(words[3] >> 56, msg.sender, batch.node, batch.domains);
        uint32 number = uint32(words[1] >> 56) + 1;
        if (batch.number != number) revert AnchorRegistryNumber(number, batch.number);
        if (words[2] != 0) revert AnchorRegistryRootTaken(batch.root, batch.node);
        uint32 epoch = uint32(words[0] >> 56);
        if (epoch != batch.keyEpoch || epoch == 0) revert AnchorRegistryKeyEpoch(epoch, batch.keyEpoch);
        writes = new Write[](2);
        writes[0] = Write({key: keys[1], value: number});
        writes[1] = Write({key: keys[2], value: AnchorCell.pack(batch.size, block.timestamp, epoch, entry)});
    }

    function _checkBatch(Batch memory batch) private pure {
        bool complete = batch.root != 0 && batch.product != 0 && batch.domains != 0;
        if (!complete || batch.subjects == 0 || batch.subjects > batch.size || batch.size > AnchorCell.MAX_SIZE) {
            revert AnchorRegistryBatch(batch.root, batch.product, batch.domains, batch.size, batch.subjects);
        }
    }

    /// @dev Logs and stores that the anchor with this value is broken at `index`.
    function _break(uint24 node, bytes32 root, uint64 index, uint256 value) private {
        uint64 entry = log.append(
            EntryKind.BROKEN,
            abi.encode(node, root, index),
            Cells.one(AnchorCell.key(node, root), AnchorCell.broken(value))
        );
        emit DisorderProven(node, root, msg.sender, index, entry);
    }

    /// @dev The value of the anchor's cell. Reverts if there is none, or if it is broken.
    function _sound(uint24 node, bytes32 root) private view returns (uint256 value) {
        value = Cells.valueOf(log, AnchorCell.key(node, root));
        if (value == 0) revert AnchorRegistryNoAnchor(node, root);
        if (AnchorCell.isBroken(value)) revert AnchorRegistryBroken(node, root);
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
        if (a.product != b.product) return a.product < b.product;
        return a.commitment < b.commitment;
    }

    function _leafHash(LeafOpening calldata opening) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0x00), opening.tag, opening.section, opening.product, opening.commitment));
    }
}
// slither-disable-end reentrancy-events,unused-return
