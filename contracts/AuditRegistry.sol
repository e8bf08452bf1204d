// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {Batch, Book} from "./interfaces/IAnchorRegistry.sol";
import {
    Fault,
    Flags,
    IAuditRegistry,
    LeafOpening,
    LeafPlace,
    ShownBatch,
    ShownBook,
    ShownLeaf
} from "./interfaces/IAuditRegistry.sol";
import {Role} from "./interfaces/INodeRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {AuditCell} from "./libraries/AuditCell.sol";
import {Cells} from "./libraries/Cells.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {Openings} from "./libraries/Openings.sol";
import {StolenKey} from "./libraries/StolenKey.sol";

/// @title AuditRegistry
/// @notice What became of what was published; see `IAuditRegistry`.
/// @dev Its state is in the log's cells, so another version can take its place. What changes is told by the log's event alone.
// slither-disable-start unused-return
contract AuditRegistry is IAuditRegistry, AccessManaged {
    using Members for IRegionLog;

    /// @dev What a proof or an annulment is about: the entry, of whom, and how many leaves leave the book (0 for a book).
    struct Target {
        uint64 entry;
        uint24 node;
        uint32 keyEpoch;
        uint64 leaves;
    }

    /// @notice The log to which every change is written.
    IRegionLog public immutable log;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) {
        log = log_;
    }

    /// @inheritdoc IAuditRegistry
    function attestAudit(uint24 auditor, ShownBook calldata shown, bool restored, bytes32 reportDigest)
        external
        override
    {
        log.requireRole(_nodeValue(auditor), msg.sender, auditor, Role.Regulator);
        Target memory target = _book(shown);
        bytes memory body =
            abi.encode(auditor, target.node, target.keyEpoch, target.entry, restored, reportDigest);
        Entries.append(log, EntryKind.AUDIT, body, _attest(target, restored));
    }

    /// @inheritdoc IAuditRegistry
    function proveDisorder(ShownBatch calldata shown, ShownLeaf calldata a, ShownLeaf calldata b) external override {
        Target memory target = _batch(shown);
        _requireDisorder(shown.batch.root, shown.batch.size, a, b);
        _break(target, Fault.Disorder, 0);
    }

    /// @inheritdoc IAuditRegistry
    function proveDisorderInBook(ShownBook calldata shown, ShownLeaf calldata a, ShownLeaf calldata b)
        external
        override
    {
        Target memory target = _book(shown);
        _requireDisorder(shown.book.root, shown.book.size, a, b);
        _break(target, Fault.Disorder, 0);
    }

    /// @inheritdoc IAuditRegistry
    function proveOmission(
        ShownBatch calldata batch,
        ShownLeaf calldata leaf,
        ShownBook calldata book,
        ShownLeaf calldata left,
        ShownLeaf calldata right
    ) external override {
        Target memory omitted = _batch(batch);
        Target memory target = _book(book);
        _requireCounted(omitted, target);
        _requireLeaf(batch.batch.root, batch.batch.size, leaf);
        _requireAbsent(book.book, leaf.leaf, left, right);
        _break(target, Fault.Omission, omitted.entry);
    }

    /// @inheritdoc IAuditRegistry
    function proveRepeat(
        ShownBatch calldata earlier,
        ShownBatch calldata later,
        bytes32 leaf,
        LeafPlace calldata inEarlier,
        LeafPlace calldata inLater
    ) external override {
        Target memory first = _batch(earlier);
        Target memory target = _batch(later);
        _requireCounted(first, target);
        _requireIncluded(earlier.batch.root, earlier.batch.size, leaf, inEarlier.index, inEarlier.proof);
        _requireIncluded(later.batch.root, later.batch.size, leaf, inLater.index, inLater.proof);
        _break(target, Fault.Repeat, first.entry);
    }

    /// @inheritdoc IAuditRegistry
    function annulBatch(ShownBatch calldata shown, address key, bytes32 reasonDigest) external override restricted {
        Target memory target = _batch(shown);
        _requireStolen(target, key, shown.entry.time);
        _annul(target, key, reasonDigest);
    }

    /// @inheritdoc IAuditRegistry
    function annulBook(ShownBook calldata shown, address key, bytes32 reasonDigest) external override restricted {
        Target memory target = _book(shown);
        uint256 auditor = Cells.valueOf(log, AuditCell.auditorKey(target.entry));
        bool audited = key == AuditCell.auditedBy(auditor);
        if (!audited || !StolenKey.was(log, key, AuditCell.auditedAt(auditor))) {
            _requireStolen(target, key, shown.entry.time);
        }
        _annul(target, key, reasonDigest);
    }

    /// @inheritdoc IAuditRegistry
    function closeNode(uint24 node, uint64 from, bytes32 reasonDigest) external override restricted {
        uint256 key = AuditCell.closedKey(node);
        (uint256 word,, uint64 entries) = Cells.pair(log, key, key);
        if (word >> 56 == from || from >= entries) revert AuditRegistryClosed(node, from);
        Entries.append(log, EntryKind.CLOSED, abi.encode(node, from, reasonDigest), key, from);
    }

    /// @inheritdoc IAuditRegistry
    function flagsOf(uint64 entry) external view override returns (Flags memory) {
        (uint256 flags, uint256 auditor) =
            Cells.values(log, AuditCell.flagsKey(entry), AuditCell.auditorKey(entry));
        return Flags({
            audited: flags & AuditCell.AUDITED != 0,
            broken: flags & AuditCell.BROKEN != 0,
            annulled: flags & AuditCell.ANNULLED != 0,
            restored: flags & AuditCell.RESTORED != 0,
            since: AuditCell.since(flags),
            previous: AuditCell.previous(flags),
            auditedBy: AuditCell.auditedBy(auditor),
            auditedAt: AuditCell.auditedAt(auditor)
        });
    }

    /// @inheritdoc IAuditRegistry
    function closedFrom(uint24 node) external view override returns (uint64) {
        return uint64(Cells.valueOf(log, AuditCell.closedKey(node)));
    }

    /// @dev The writes by which a book becomes the last that is audited.
    function _attest(Target memory target, bool restored) private view returns (Write[] memory writes) {
        uint256 totalKey = AuditCell.totalKey(target.node, target.keyEpoch);
        (uint256 flags, uint256 total,) = Cells.pair(log, AuditCell.flagsKey(target.entry), totalKey);
        (flags, total) = (flags >> 56, total >> 56);
        if (!AuditCell.isSound(flags)) revert AuditRegistrySpoiled(target.entry);
        uint64 last = AuditCell.lastAudited(total);
        if (last > target.entry) revert AuditRegistryAudited(target.entry, last);
        flags = AuditCell.audited(flags, last, restored);
        writes = new Write[](3);
        writes[0] = Write({key: AuditCell.flagsKey(target.entry), value: flags});
        writes[1] = Write({key: totalKey, value: AuditCell.withLastAudited(total, target.entry)});
        uint256 auditor = AuditCell.auditor(msg.sender, block.timestamp);
        writes[2] = Write({key: AuditCell.auditorKey(target.entry), value: auditor});
    }

    /// @dev Reverts unless `key` was stolen at `time`, and is the node's or its host's. Which of the two acted, the entry does
    /// not say.
    function _requireStolen(Target memory target, address key, uint64 time) private view {
        uint24 owner = log.nodeOf(key);
        bool its = owner != 0 && (owner == target.node || owner == log.physicalOf(_nodeValue(target.node), target.node));
        if (!its || !StolenKey.was(log, key, time)) revert AuditRegistryKeySound(key, target.node, time);
    }

    function _annul(Target memory target, address key, bytes32 reasonDigest) private {
        bytes memory body = abi.encode(target.node, target.keyEpoch, target.entry, key, reasonDigest);
        Entries.append(log, EntryKind.ANNULLED, body, _spoil(target, AuditCell.ANNULLED));
    }

    /// @dev Log and store that the target is broken. `other` is the entry of the batch that shows it, or 0.
    function _break(Target memory target, Fault fault, uint64 other) private {
        bytes memory body = abi.encode(target.node, target.keyEpoch, target.entry, fault, other);
        Entries.append(log, EntryKind.BROKEN, body, _spoil(target, AuditCell.BROKEN));
    }

    /// @dev The writes by which the target becomes BROKEN or ANNULLED: a batch leaves the book; if a book was the last audited
    /// one, the last sound one before it takes its place.
    function _spoil(Target memory target, uint256 flag) private view returns (Write[] memory writes) {
        uint256 totalKey = AuditCell.totalKey(target.node, target.keyEpoch);
        uint256 key = AuditCell.flagsKey(target.entry);
        (uint256 flags, uint256 total, uint64 next) = Cells.pair(log, key, totalKey);
        (flags, total) = (flags >> 56, total >> 56);
        if (flags & flag != 0) revert AuditRegistrySpoiled(target.entry);
        uint256 changed = total;
        if (AuditCell.isSound(flags)) changed = AuditCell.withGone(total, target.leaves);
        if (AuditCell.lastAudited(total) == target.entry) {
            changed = AuditCell.withLastAudited(changed, _lastSound(AuditCell.previous(flags)));
        }
        flags = AuditCell.spoiled(flags, flag, next);
        if (changed == total) return Cells.one(key, flags);
        writes = new Write[](2);
        writes[0] = Write({key: key, value: flags});
        writes[1] = Write({key: totalKey, value: changed});
    }

    /// @dev The value of a node's `NODE` cell.
    function _nodeValue(uint24 number) private view returns (uint256) {
        return Cells.valueOf(log, NodeCell.key(number));
    }

    /// @dev The last audited book from `book` on backwards that is still sound; 0 if there is none.
    // slither-disable-next-line calls-loop
    function _lastSound(uint64 book) private view returns (uint64) {
        while (book != 0) {
            uint256 flags = Cells.valueOf(log, AuditCell.flagsKey(book));
            if (AuditCell.isAudited(flags)) return book;
            book = AuditCell.previous(flags);
        }
        return 0;
    }

    /// @dev Reverts unless the leaves of the batch counted when the later entry of the same node and key epoch was made.
    function _requireCounted(Target memory batch, Target memory later) private view {
        bool related = batch.node == later.node && batch.keyEpoch == later.keyEpoch;
        if (!related || later.entry <= batch.entry) revert AuditRegistryUnrelated(batch.entry, later.entry);
        uint64 spoiledBy = AuditCell.since(Cells.valueOf(log, AuditCell.flagsKey(batch.entry)));
        if (spoiledBy != 0 && spoiledBy < later.entry) revert AuditRegistryGone(batch.entry, later.entry);
    }

    /// @dev The batch that is shown, an entry of the log.
    function _batch(ShownBatch calldata shown) private view returns (Target memory) {
        Openings.requireEntry(log, EntryKind.ANCHOR, abi.encode(shown.batch), shown.entry);
        Batch calldata batch = shown.batch;
        return Target(shown.entry.index, batch.node, batch.keyEpoch, batch.size);
    }

    /// @dev The book that is shown, an entry of the log.
    function _book(ShownBook calldata shown) private view returns (Target memory) {
        Openings.requireEntry(log, EntryKind.BOOK, abi.encode(shown.book), shown.entry);
        return Target(shown.entry.index, shown.book.node, shown.book.keyEpoch, 0);
    }

    function _requireDisorder(bytes32 root, uint64 size, ShownLeaf calldata a, ShownLeaf calldata b) private pure {
        if (a.index >= b.index || b.index - a.index != 1) revert AuditRegistryNotNeighbours(a.index, b.index);
        if (_ascend(a.leaf, b.leaf)) revert AuditRegistryOrdered(a.index);
        _requireLeaf(root, size, a);
        _requireLeaf(root, size, b);
    }

    /// @dev Reverts unless the leaf is strictly between two neighbours of the book, or before its first or after its last leaf.
    function _requireAbsent(
        Book calldata book,
        LeafOpening calldata leaf,
        ShownLeaf calldata left,
        ShownLeaf calldata right
    ) private pure {
        bool first = right.index == 0;
        bool last = left.index + 1 == book.size;
        if (!first && !last && (left.index >= right.index || right.index - left.index != 1)) {
            revert AuditRegistryNotNeighbours(left.index, right.index);
        }
        if (!first) {
            _requireLeaf(book.root, book.size, left);
            if (!_ascend(left.leaf, leaf)) revert AuditRegistryNotBetween(left.index);
        }
        if (first || !last) {
            _requireLeaf(book.root, book.size, right);
            if (!_ascend(leaf, right.leaf)) revert AuditRegistryNotBetween(right.index);
        }
    }

    function _requireLeaf(bytes32 root, uint64 size, ShownLeaf calldata shown) private pure {
        _requireIncluded(root, size, _leafHash(shown.leaf), shown.index, shown.proof);
    }

    function _requireIncluded(bytes32 root, uint64 size, bytes32 leaf, uint64 index, bytes32[] calldata proof)
        private
        pure
    {
        if (!MerkleLog.verifyInclusion(leaf, index, size, proof, root)) revert AuditRegistryInclusion(root, index, leaf);
    }

    function _ascend(LeafOpening calldata a, LeafOpening calldata b) private pure returns (bool) {
        if (a.tag != b.tag) return a.tag < b.tag;
        if (a.section != b.section) return a.section < b.section;
        if (a.product != b.product) return a.product < b.product;
        return a.commitment < b.commitment;
    }

    function _leafHash(LeafOpening calldata leaf) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0x00), leaf.tag, leaf.section, leaf.product, leaf.commitment));
    }
}
// slither-disable-end unused-return
