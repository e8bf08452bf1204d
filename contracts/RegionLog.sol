// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IRegionLog, Share, Write} from "./interfaces/IRegionLog.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";
import {Space} from "./libraries/Space.sol";

/// @title RegionLog
/// @notice The append-only log of one region and its cells; see `IRegionLog`.
/// @dev The log's own cells (space `LOG`), by id:
///
///     writer id 160                        kinds 32 | whole spaces 24
///     space + 1 << 160 | writer id 160     bits of the space that the writer may change, if not all of them
///     space + 1 << 160                     bits of the space that any writer may change
///     1 << 240                             when the log was sealed
contract RegionLog is IRegionLog, AccessManaged {
    using MerkleLog for bytes32[64];

    uint256 private constant _VERSION = 1;
    uint256 private constant _SEAL = 1 << 240;
    uint256 private constant _SPACES = 24;
    uint200 private constant _ALL = type(uint200).max;

    /// @dev Kinds of which the log is the writer.
    uint32 private constant _OWN = uint32(
        1 | 1 << EntryKind.WRITER | 1 << EntryKind.SEALED | 1 << EntryKind.REGION | 1 << EntryKind.AUTHORITY
    );

    /// @dev Kinds that a sealed log still takes.
    uint32 private constant _AFTER_SEAL = uint32(1 << EntryKind.REVOCATION);

    /// @inheritdoc IRegionLog
    bytes32 public immutable override logId;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override region;

    /// @dev Every append writes this slot:
    ///
    ///     | last writer's id 160 | its kinds 32 | its whole spaces 24 | size 40 |
    ///
    /// In a run of entries by one writer, an append thus reads no slot to learn what the writer may do. Entries of the log
    /// itself, which change that, leave no last writer.
    uint256 private _head;
    bytes32[64] private _peaks;
    mapping(uint256 key => uint256 word) private _cells;

    /// @param authority The AccessManager that decides who governs.
    /// @param region_ The region's code in ASCII, right-padded with zeros.
    constructor(address authority, bytes32 region_) AccessManaged(authority) {
        bytes32 parent = blockhash(block.number - 1);
        region = region_;
        logId = keccak256(abi.encode(block.chainid, address(this), region_, parent));
        bytes32 slot = keccak256("creditchain.RegionLog.logId");
        bytes32 id = logId;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sstore(slot, id)
        }
        _appendOwn(EntryKind.REGION, abi.encode(block.chainid, region_, parent, authority), new Write[](0));
    }

    /// @inheritdoc IRegionLog
    function append(uint8 kind, bytes calldata body, Write[] calldata writes)
        external
        override
        returns (uint64 index)
    {
        uint256 head = _headFor(msg.sender);
        if (kind > 31 || head >> (64 + kind) & 1 == 0) _refuseKind(kind);
        index = uint40(head);
        bytes memory committed = new bytes(96 * writes.length);
        for (uint256 i = 0; i < writes.length; ++i) {
            Write calldata write = writes[i];
            _put(committed, i, index, write.key, write.value, _bitsOf(head, write.key >> 248));
        }
        _enter(head, kind, msg.sender, keccak256(body), keccak256(committed));
        emit Appended(index, kind, msg.sender, uint64(block.timestamp), body, committed);
    }

    /// @inheritdoc IRegionLog
    function setWriter(uint160 removed, address added, uint32 kinds, Share[] calldata shares)
        external
        override
        restricted
    {
        bytes32 codeHash = added == address(0) ? bytes32(0) : added.codehash;
        address governing = authority();
        if (removed == writerId(governing, governing.codehash)) revert RegionLogAuthority(governing);
        uint256 count = 0;
        // At most two cells for each space of the removed writer, two for each share, and each writer's own.
        Write[] memory writes = new Write[](2 + 2 * (_SPACES + shares.length));
        if (removed != 0) count = _remove(removed, writes);
        if (added != address(0)) count = _add(writerId(added, codeHash), added, kinds, shares, writes, count);
        else if (removed == 0 || kinds != 0 || shares.length != 0) revert RegionLogKinds(kinds);
        count = _withoutRepeats(writes, count);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(writes, count)
        }
        _appendOwn(EntryKind.WRITER, abi.encode(removed, added, codeHash, kinds), writes);
    }

    /// @inheritdoc IRegionLog
    function seal() external override restricted {
        uint40 time = sealedAt();
        if (time != 0) revert RegionLogSealed(time);
        Write[] memory writes = new Write[](1);
        writes[0] = Write({key: Space.key(Space.LOG, _SEAL), value: block.timestamp});
        _appendOwn(EntryKind.SEALED, abi.encode(msg.sender), writes);
    }

    /// @notice Put another AccessManager in the place of the log's authority. Only the current one may; it is an entry.
    function setAuthority(address newAuthority) public override {
        address before = authority();
        super.setAuthority(newAuthority);
        _appendOwn(EntryKind.AUTHORITY, abi.encode(before, newAuthority), new Write[](0));
    }

    /// @inheritdoc IRegionLog
    function read(uint256[] calldata keys)
        external
        view
        override
        returns (uint256[] memory words, uint64 entries, uint64 number, bytes32 parentHash)
    {
        words = new uint256[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) words[i] = _cells[keys[i]];
        return (words, uint40(_head), uint64(block.number), blockhash(block.number - 1));
    }

    /// @inheritdoc IRegionLog
    function size() external view override returns (uint64) {
        return uint40(_head);
    }

    /// @inheritdoc IRegionLog
    function root() external view override returns (bytes32) {
        return _peaks.root(uint40(_head));
    }

    /// @inheritdoc IRegionLog
    function frontier() external view override returns (bytes32[] memory peaks) {
        peaks = new bytes32[](MerkleLog.countBits(uint40(_head)));
        for (uint256 i = 0; i < peaks.length; ++i) peaks[i] = _peaks[i];
    }

    /// @inheritdoc IRegionLog
    function peakOf(uint64 index) external view override returns (bytes32 peak, uint64 leaves) {
        uint256 count = uint40(_head);
        if (index >= count) revert RegionLogNoEntry(index);
        // The peaks are the bits of the count; the entry is below the first bit in which its index differs.
        uint256 level = Math.log2(index ^ count);
        return (_peaks[MerkleLog.countBits(count >> (level + 1))], uint64(1 << level));
    }

    /// @inheritdoc IRegionLog
    function writer(address account) external view override returns (uint32 kinds, uint24 spaces) {
        uint256 value = _value(writerId(account, account.codehash));
        return (uint32(value), uint24(value >> 32));
    }

    /// @inheritdoc IRegionLog
    function sealedAt() public view override returns (uint40) {
        return uint40(_value(_SEAL));
    }

    /// @inheritdoc IRegionLog
    function writerId(address account, bytes32 codeHash) public pure override returns (uint160) {
        return uint160(uint256(keccak256(abi.encodePacked(account, codeHash))));
    }

    /// @dev The head, with the masks of this writer. Its code is looked at each time: where a contract can destroy itself, other
    /// code can come back at its address.
    function _headFor(address account) private view returns (uint256 head) {
        head = _head;
        uint256 id = writerId(account, account.codehash);
        if (id == head >> 96) return head;
        uint256 value = _value(id);
        if (value == 0) revert RegionLogNotWriter(account);
        uint32 kinds = uint32(value);
        if (sealedAt() != 0) kinds &= _AFTER_SEAL;
        return id << 96 | uint256(kinds) << 64 | uint256(uint24(value >> 32)) << 40 | uint40(head);
    }

    /// @dev The bits of a space that the writer in `head` may change; 0 if none.
    function _bitsOf(uint256 head, uint256 space) private view returns (uint256) {
        if (space < _SPACES && head >> (40 + space) & 1 == 1) return _ALL;
        uint256 bits = _value(space + 1 << 160 | head >> 96);
        if (bits == 0) revert RegionLogSpace(msg.sender, uint8(space));
        return bits;
    }

    /// @dev The value of one of the log's own cells.
    function _value(uint256 id) private view returns (uint256) {
        return _cells[Space.key(Space.LOG, id)] >> 56;
    }

    /// @dev Write a cell, and what changed into place `i` of `committed`.
    function _put(bytes memory committed, uint256 i, uint256 index, uint256 key, uint256 value, uint256 bits) private {
        if (value > _ALL) revert RegionLogValue(key, value);
        uint256 old = _cells[key];
        // A word names the entry that wrote it. Entry 0 writes no cell.
        if (uint56(old) == index) revert RegionLogWrittenTwice(key);
        uint256 changed = old >> 56 ^ value;
        if (changed & ~bits != 0) revert RegionLogBits(key, uint200(bits), uint200(changed));
        uint256 word = value << 56 | index;
        _cells[key] = word;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let place := add(add(committed, 0x20), mul(i, 0x60))
            mstore(place, key)
            mstore(add(place, 0x20), old)
            mstore(add(place, 0x40), word)
        }
    }

    /// @dev Append the entry's hash. `head` holds the writer that is to be remembered.
    function _enter(uint256 head, uint8 kind, address account, bytes32 bodyHash, bytes32 writesHash) private {
        uint256 index = uint40(head);
        // 0x00 || abi.encode(…), without copying the encoded part.
        bytes32 entry = keccak256(
            abi.encodePacked(
                uint8(0x00),
                _VERSION,
                uint256(kind),
                logId,
                index,
                uint256(uint160(account)),
                block.timestamp,
                bodyHash,
                writesHash
            )
        );
        _peaks.append(index, entry);
        _head = head + 1;
    }

    /// @dev Append an entry of the log itself.
    function _appendOwn(uint8 kind, bytes memory body, Write[] memory writes) private {
        uint256 head = uint40(_head);
        bytes memory committed = new bytes(96 * writes.length);
        for (uint256 i = 0; i < writes.length; ++i) {
            _put(committed, i, head, writes[i].key, writes[i].value, _ALL);
        }
        _enter(head, kind, address(this), keccak256(body), keccak256(committed));
        emit Appended(uint64(head), kind, address(this), uint64(block.timestamp), body, committed);
    }

    function _refuseKind(uint8 kind) private view {
        uint40 time = sealedAt();
        if (time != 0) revert RegionLogSealed(time);
        revert RegionLogKind(msg.sender, kind);
    }

    /// @dev Take all rights from a writer. Returns the number of `writes`.
    function _remove(uint160 removed, Write[] memory writes) private view returns (uint256 count) {
        uint256 masks = _value(removed);
        if (masks == 0) revert RegionLogWriterUnknown(removed);
        for (uint256 space = 1; space < _SPACES; ++space) {
            uint256 place = space + 1 << 160;
            uint256 part = _value(place | removed);
            uint256 held = masks >> (32 + space) & 1 == 1 ? _ALL : part;
            if (held == 0) continue;
            if (part != 0) writes[count++] = Write({key: Space.key(Space.LOG, place | removed), value: 0});
            writes[count++] = Write({key: Space.key(Space.LOG, place), value: _value(place) & ~held});
        }
        writes[count++] = Write({key: Space.key(Space.LOG, removed), value: 0});
    }

    /// @dev Give a writer its rights; what `_remove` freed is free. Returns the number of `writes`.
    function _add(
        uint160 id,
        address added,
        uint32 kinds,
        Share[] calldata shares,
        Write[] memory writes,
        uint256 count
    ) private view returns (uint256) {
        if (added.code.length == 0) revert RegionLogWriterNotContract(added);
        if (_valueAfter(writes, count, id) != 0) revert RegionLogWriterKnown(added);
        if (kinds == 0 || kinds & _OWN != 0) revert RegionLogKinds(kinds);
        uint256 masks = kinds;
        for (uint256 i = 0; i < shares.length; ++i) {
            count = _share(id, shares[i].space, shares[i].bits, writes, count);
            if (shares[i].bits == _ALL) masks |= 1 << (32 + shares[i].space);
        }
        writes[count++] = Write({key: Space.key(Space.LOG, id), value: masks});
        return count;
    }

    /// @dev Give a writer one share. Returns the number of `writes`.
    function _share(uint160 id, uint256 space, uint200 bits, Write[] memory writes, uint256 count)
        private
        view
        returns (uint256)
    {
        if (space == 0 || space >= _SPACES || bits == 0) revert RegionLogShare(uint8(space), bits);
        uint256 place = space + 1 << 160;
        uint200 taken = uint200(_valueAfter(writes, count, place));
        if (taken & bits != 0) revert RegionLogShareTaken(uint8(space), taken, bits);
        if (bits != _ALL) writes[count++] = Write({key: Space.key(Space.LOG, place | id), value: bits});
        writes[count++] = Write({key: Space.key(Space.LOG, place), value: taken | bits});
        return count;
    }

    /// @dev The value of one of the log's own cells once the first `count` of `writes` are written.
    function _valueAfter(Write[] memory writes, uint256 count, uint256 id) private view returns (uint256) {
        for (uint256 i = count; i != 0; --i) {
            if (writes[i - 1].key == Space.key(Space.LOG, id)) return writes[i - 1].value;
        }
        return _value(id);
    }

    /// @dev Keep the last of several writes to a cell. Returns how many are left.
    function _withoutRepeats(Write[] memory writes, uint256 count) private pure returns (uint256 kept) {
        for (uint256 i = 0; i < count; ++i) {
            uint256 j = i + 1;
            while (j < count && writes[j].key != writes[i].key) ++j;
            if (j == count) writes[kept++] = writes[i];
        }
    }
}
