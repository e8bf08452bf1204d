// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {
    Batch,
    Book,
    IAnchorRegistry,
    Life,
    Product,
    ProductState,
    Published,
    RecordInfo
} from "./interfaces/IAnchorRegistry.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {AuditCell} from "./libraries/AuditCell.sol";
import {BookCell} from "./libraries/BookCell.sol";
import {Cells} from "./libraries/Cells.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {NodeCell} from "./libraries/NodeCell.sol";
import {RecordCell} from "./libraries/RecordCell.sol";
import {Space} from "./libraries/Space.sol";

/// @title AnchorRegistry
/// @notice What may be published and what was; see `IAnchorRegistry`.
/// @dev Its state is in the log's cells, so another version can take its place. What changes is told by the log's event alone.
// slither-disable-start unused-return
contract AnchorRegistry is IAnchorRegistry, AccessManaged {
    using Members for IRegionLog;

    /// @dev A product's cell holds the first 24 bytes of its digest above its state.
    uint256 private constant _STATE = 0xff;

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
        Entries.append(log, EntryKind.TAG_KEY_EPOCH, abi.encode(epoch, epochDigest), writes);
    }

    /// @inheritdoc IAnchorRegistry
    function launchProduct(uint32 number, bytes32 digest) external override restricted {
        if (number == 0 || digest == 0) revert AnchorRegistryNoProduct(number, digest);
        (uint256 product, uint256 count,) = Cells.pair(log, _productKey(number), Space.key(Space.PRODUCT, 0));
        if (product != 0) revert AnchorRegistryProduct(number, ProductState(product >> 56 & _STATE));
        count = (count >> 56) + 1;
        Write[] memory writes = new Write[](3);
        writes[0] = Write({key: Space.key(Space.PRODUCT, 0), value: count});
        writes[1] = Write({key: Space.key(Space.PRODUCT, count), value: number});
        writes[2] = Write({
            key: _productKey(number),
            value: uint256(digest) >> 64 << 8 | uint256(ProductState.Launched)
        });
        Entries.append(log, EntryKind.PRODUCT, abi.encode(number, digest, ProductState.Launched), writes);
    }

    /// @inheritdoc IAnchorRegistry
    function withdrawProduct(uint32 number) external override restricted {
        uint256 value = Cells.valueOf(log, _productKey(number));
        ProductState state = ProductState(value & _STATE);
        if (state != ProductState.Launched) revert AnchorRegistryProduct(number, state);
        value = value & ~_STATE | uint256(ProductState.Withdrawn);
        bytes memory body = abi.encode(number, bytes32(0), ProductState.Withdrawn);
        Entries.append(log, EntryKind.PRODUCT, body, _productKey(number), value);
    }

    /// @inheritdoc IAnchorRegistry
    function setException(bytes32 digest, bool accepted) external override restricted {
        uint256 key = Space.key(Space.EXCEPTION, 1 << 240 | uint256(digest) >> 56);
        (uint256 known, uint256 count,) = Cells.pair(log, key, Space.key(Space.EXCEPTION, 0));
        (known, count) = (known >> 56, count >> 56);
        if (digest == 0 || (known & 1 == 1) == accepted) revert AnchorRegistryException(digest, accepted);
        Write[] memory writes;
        if (known == 0) {
            known = ++count << 1;
            writes = new Write[](3);
            writes[1] = Write({key: Space.key(Space.EXCEPTION, 0), value: count});
            writes[2] = Write({key: Space.key(Space.EXCEPTION, count), value: uint256(digest) >> 56});
        } else {
            writes = new Write[](1);
        }
        writes[0] = Write({key: key, value: known & ~uint256(1) | (accepted ? 1 : 0)});
        log.append(EntryKind.EXCEPTION, abi.encode(digest, accepted), writes);
    }

    /// @inheritdoc IAnchorRegistry
    function anchor(Batch calldata batch) external override returns (uint64 entry) {
        _checkBatch(batch);
        (uint256 key, uint256 value) = _judge(batch);
        if (batch.number == 1) {
            return Entries.append(log, EntryKind.ANCHOR, abi.encode(batch), _firstWrites(batch.node, key, value));
        }
        return Entries.append(log, EntryKind.ANCHOR, abi.encode(batch), key, value);
    }

    /// @inheritdoc IAnchorRegistry
    function enterBook(Book calldata book) external override returns (uint64 entry) {
        uint256[] memory keys = new uint256[](3);
        keys[0] = NodeCell.key(book.node);
        keys[1] = BookCell.key(book.node, book.keyEpoch);
        keys[2] = AuditCell.totalKey(book.node, book.keyEpoch);
        (uint256[] memory words, uint64 next) = Cells.read(log, keys);
        log.requirePublisher(words[0] >> 56, msg.sender, book.node, 0);
        uint256 value = words[1] >> 56;
        uint64 size = BookCell.leaves(value) - AuditCell.gone(words[2] >> 56);
        uint32 batches = BookCell.batches(value);
        if (book.size != size || size == 0 || book.batches != batches || book.root == 0) {
            revert AnchorRegistryBook(batches, size, book.batches, book.size);
        }
        return Entries.append(log, EntryKind.BOOK, abi.encode(book), keys[1], BookCell.withBook(value, next));
    }

    /// @inheritdoc IAnchorRegistry
    function setLife(uint24 node, bytes32 leaf, Life life, bytes32 successor, bytes32 reasonDigest) external override {
        if (leaf == 0) revert AnchorRegistryNoLeaf();
        if ((successor != 0) != (life == Life.Superseded) || successor == leaf) {
            revert AnchorRegistrySuccessor(leaf, successor);
        }
        uint256 key = RecordCell.key(node, leaf);
        uint256[] memory keys = new uint256[](successor == 0 ? 2 : 3);
        (keys[0], keys[1]) = (NodeCell.key(node), key);
        if (successor != 0) keys[2] = RecordCell.key(node, successor);
        (uint256[] memory words,) = Cells.read(log, keys);
        log.requireAnswerer(words[0] >> 56, msg.sender, node);
        Life current = RecordCell.lifeOf(words[1]);
        if (life <= current) revert AnchorRegistryLife(current, life);
        if (successor != 0 && RecordCell.lifeOf(words[2]) != Life.Live) {
            revert AnchorRegistrySuccessorLife(successor, RecordCell.lifeOf(words[2]));
        }
        bytes memory body = abi.encode(node, leaf, life, successor, reasonDigest);
        Entries.append(log, EntryKind.STATUS, body, key, RecordCell.pack(life, uint40(block.timestamp)));
    }

    /// @inheritdoc IAnchorRegistry
    function published(uint24 node, uint32 keyEpoch) external view override returns (Published memory) {
        (uint256 value, uint256 total,) =
            Cells.pair(log, BookCell.key(node, keyEpoch), AuditCell.totalKey(node, keyEpoch));
        return Published({
            batches: BookCell.batches(value >> 56),
            leaves: BookCell.leaves(value >> 56),
            gone: AuditCell.gone(total >> 56),
            lastEntry: uint56(value),
            book: BookCell.book(value >> 56),
            auditedBook: AuditCell.lastAudited(total >> 56)
        });
    }

    /// @inheritdoc IAnchorRegistry
    function publishers(uint256 first, uint256 most) external view override returns (uint24[] memory numbers) {
        uint256[] memory found = _listed(Space.PUBLISHER, first, most);
        numbers = new uint24[](found.length);
        for (uint256 i = 0; i < found.length; ++i) numbers[i] = uint24(found[i]);
    }

    /// @inheritdoc IAnchorRegistry
    function products(uint256 first, uint256 most) external view override returns (uint32[] memory numbers) {
        uint256[] memory found = _listed(Space.PRODUCT, first, most);
        numbers = new uint32[](found.length);
        for (uint256 i = 0; i < found.length; ++i) numbers[i] = uint32(found[i]);
    }

    /// @inheritdoc IAnchorRegistry
    function keyEpochDigest(uint32 epoch) external view override returns (bytes32) {
        uint256 low = Cells.valueOf(log, Space.key(Space.EPOCH, 1 << 32 | epoch));
        return bytes32(low | Cells.valueOf(log, Space.key(Space.EPOCH, 2 << 32 | epoch)) << 200);
    }

    /// @inheritdoc IAnchorRegistry
    function productOf(uint32 number) public view override returns (Product memory) {
        uint256 value = Cells.valueOf(log, _productKey(number));
        return Product({state: ProductState(value & _STATE), digest: bytes24(uint192(value >> 8))});
    }

    /// @inheritdoc IAnchorRegistry
    function currentKeyEpoch() public view override returns (uint32) {
        return uint32(Cells.valueOf(log, Space.key(Space.EPOCH, 0)));
    }

    /// @inheritdoc IAnchorRegistry
    function recordOf(uint24 node, bytes32 leaf) external view override returns (RecordInfo memory) {
        return RecordCell.unpack(Cells.word(log, RecordCell.key(node, leaf)));
    }

    /// @dev Reads all cells that concern the batch, in one call. Reverts unless its product is launched, its key epoch the
    /// current one, and its number the next. Returns where its publisher's book is, and with this batch in it.
    function _judge(Batch calldata batch) private view returns (uint256 key, uint256 value) {
        uint256[] memory keys = new uint256[](4);
        keys[3] = NodeCell.key(batch.node);
        keys[0] = Space.key(Space.EPOCH, 0);
        keys[1] = _productKey(batch.product);
        keys[2] = BookCell.key(batch.node, batch.keyEpoch);
        (uint256[] memory words,) = Cells.read(log, keys);
        log.requirePublisher(words[3] >> 56, msg.sender, batch.node, batch.domains);
        uint32 epoch = uint32(words[0] >> 56);
        if (epoch != batch.keyEpoch || epoch == 0) revert AnchorRegistryKeyEpoch(epoch, batch.keyEpoch);
        ProductState state = ProductState(words[1] >> 56 & _STATE);
        if (state != ProductState.Launched) revert AnchorRegistryProduct(batch.product, state);
        (key, value) = (keys[2], words[2] >> 56);
        uint32 number = BookCell.batches(value) + 1;
        if (batch.number != number) revert AnchorRegistryNumber(number, batch.number);
        uint64 leaves = BookCell.leaves(value) + batch.size;
        if (leaves > BookCell.MAX_SIZE) revert AnchorRegistryFull(batch.node, leaves);
        value = BookCell.withBatch(value, batch.size);
    }

    /// @dev The writes of a node's first batch under a key epoch: if it never anchored before, it is listed as a publisher.
    function _firstWrites(uint24 node, uint256 key, uint256 value) private view returns (Write[] memory writes) {
        uint256 place = Space.key(Space.PUBLISHER, 1 << 32 | uint256(node));
        (uint256 known, uint256 count,) = Cells.pair(log, place, Space.key(Space.PUBLISHER, 0));
        if (known != 0) return Cells.one(key, value);
        count = (count >> 56) + 1;
        writes = new Write[](4);
        writes[0] = Write({key: key, value: value});
        writes[1] = Write({key: Space.key(Space.PUBLISHER, 0), value: count});
        writes[2] = Write({key: Space.key(Space.PUBLISHER, count), value: node});
        writes[3] = Write({key: place, value: count});
    }

    /// @dev Values of a list of cells: its length is at id 0, its items at ids from 1 on.
    function _listed(uint8 space, uint256 first, uint256 most) private view returns (uint256[] memory values) {
        uint256 count = Cells.valueOf(log, Space.key(space, 0));
        if (first == 0 || first > count) return values;
        if (most > count - first + 1) most = count - first + 1;
        uint256[] memory keys = new uint256[](most);
        for (uint256 i = 0; i < most; ++i) keys[i] = Space.key(space, first + i);
        (values,) = Cells.read(log, keys);
        for (uint256 i = 0; i < most; ++i) values[i] >>= 56;
    }

    function _checkBatch(Batch calldata batch) private pure {
        bool complete = batch.root != 0 && batch.domains != 0 && batch.subjects != 0;
        if (!complete || batch.subjects > batch.size || batch.size > BookCell.MAX_SIZE) {
            revert AnchorRegistryBatch(batch.root, batch.domains, batch.size, batch.subjects);
        }
    }

    function _productKey(uint32 number) private pure returns (uint256) {
        return Space.key(Space.PRODUCT, 1 << 32 | uint256(number));
    }
}
// slither-disable-end unused-return
