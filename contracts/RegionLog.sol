// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {LogWriters} from "./LogWriters.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";
import {Space} from "./libraries/Space.sol";

/// @title RegionLog
/// @notice The append-only log of one region and its cells; see `IRegionLog`.
/// @dev All that is stored is here. The log's own cells (space `LOG`) are those that `LogWriters` names, and the id `1 << 240`:
/// when the log was sealed.
contract RegionLog is LogWriters {
    using MerkleLog for bytes32[64];

    uint256 private constant _VERSION = 1;
    uint256 private constant _SEAL = 1 << 240;

    /// @dev Kinds that a sealed log still takes: consents can be revoked, and stolen keys of governors replaced.
    uint32 private constant _AFTER_SEAL =
        uint32(1 << EntryKind.REVOCATION | 1 << EntryKind.ACCESS | 1 << EntryKind.OPERATION);

    /// @inheritdoc IRegionLog
    bytes32 public immutable override logId;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override region;

    /// @dev Every append writes this slot:
    ///
    ///     | last writer's id 136 | its part 24 | its kinds 32 | its whole spaces 24 | size 40 |
    ///
    /// In a run of entries by one writer, an append thus reads no slot to learn what the writer may do. Entries of the log
    /// itself, which change that, leave no last writer.
    uint256 private _head;
    bytes32[64] private _peaks;
    // Written by `_put`, where Slither does not see it.
    // slither-disable-next-line uninitialized-state
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
        (uint256 data, uint256 place) = _layOut(body, writes.length);
        _putAll(writes, place, head);
        _enter(head, kind, msg.sender, _hash(data + 0x80, body.length), _hash(place, 96 * writes.length));
        bytes32 topic = Appended.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // emit Appended(index, kind, msg.sender, block.timestamp, body, committed), which `_layOut` laid out
            log4(data, sub(add(place, mul(writes.length, 0x60)), data), topic, index, kind, caller())
        }
    }

    /// @inheritdoc IRegionLog
    function seal() external override restricted {
        uint40 time = sealedAt();
        if (time != 0) revert RegionLogSealed(time);
        Write[] memory writes = new Write[](1);
        writes[0] = Write({key: Space.key(Space.LOG, _SEAL), value: block.timestamp});
        _appendOwn(EntryKind.SEALED, abi.encode(msg.sender), writes);
    }

    /// @inheritdoc IRegionLog
    function read(uint256[] calldata keys)
        external
        view
        override
        returns (uint256[] memory, uint64, uint64, bytes32)
    {
        uint256 head = _head;
        // Every rule and every verification calls this. The answer is written once, in the form in which it is returned:
        // 0x80 || entries || number || parentHash || number of words || words. Key and slot of `_cells` are hashed at 0x00.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let answer := mload(0x40)
            mstore(answer, 0x80)
            mstore(add(answer, 0x20), and(head, 0xffffffffff))
            mstore(add(answer, 0x40), number())
            mstore(add(answer, 0x60), blockhash(sub(number(), 1)))
            mstore(add(answer, 0x80), keys.length)
            mstore(0x20, _cells.slot)
            let place := add(answer, 0xa0)
            let key := keys.offset
            for { let end := add(key, shl(5, keys.length)) } lt(key, end) { key := add(key, 0x20) } {
                mstore(0x00, calldataload(key))
                mstore(place, sload(keccak256(0x00, 0x40)))
                place := add(place, 0x20)
            }
            return(answer, sub(place, answer))
        }
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
    function sealedAt() public view override returns (uint40) {
        return uint40(_value(_SEAL));
    }

    /// @inheritdoc LogWriters
    function _appendOwn(uint8 kind, bytes memory body, Write[] memory writes) internal override {
        uint256 head = uint40(_head);
        bytes memory committed = new bytes(96 * writes.length);
        uint256 place;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            place := add(committed, 0x20)
        }
        for (uint256 i = 0; i < writes.length; ++i) {
            _put(place + 96 * i, head, writes[i].key, writes[i].value, _ALL);
        }
        _enter(head, kind, address(this), keccak256(body), keccak256(committed));
        emit Appended(uint64(head), kind, address(this), uint64(block.timestamp), body, committed);
    }

    /// @inheritdoc LogWriters
    function _value(uint256 id) internal view override returns (uint256) {
        return _cells[Space.key(Space.LOG, id)] >> 56;
    }

    /// @dev The head, with the masks of this writer. Its code is looked at each time: where a contract can destroy itself, other
    /// code can come back at its address.
    function _headFor(address account) private view returns (uint256 head) {
        head = _head;
        uint256 id = writerId(account, account.codehash);
        if (uint136(id) == head >> 120) return head;
        uint256 value = _value(id);
        if (value == 0) revert RegionLogNotWriter(account);
        uint32 kinds = uint32(value);
        if (sealedAt() != 0) kinds &= _AFTER_SEAL;
        return id << 120 | (value >> 56) << 96 | uint256(kinds) << 64 | uint256(uint24(value >> 32)) << 40 | uint40(head);
    }

    /// @dev The bits of a space that the writer in `head` may change; 0 if none.
    function _bitsOf(uint256 head, uint256 space) private view returns (uint256) {
        if (space < _SPACES && head >> (40 + space) & 1 == 1) return _ALL;
        uint256 bits = uint8(head >> 96) == space ? ((1 << uint8(head >> 112)) - 1) << uint8(head >> 104) : 0;
        if (bits == 0) bits = _value(space + 1 << 160 | writerId(msg.sender, msg.sender.codehash));
        if (bits == 0) revert RegionLogSpace(msg.sender, uint8(space));
        return bits;
    }

    /// @dev Lay out the data of an `Appended` event, so that the body is copied once, and cells are put where they are emitted
    /// and hashed:
    ///
    ///     0x00  time
    ///     0x20  0x60, where the body is
    ///     0x40  where the writes are
    ///     0x60  length of the body
    ///     0x80  the body, padded with zeros
    ///      …    length of the writes, then `key || old word || new word` of each
    ///
    /// @return data Where it begins.
    /// @return place Where the first of `count` writes belongs.
    function _layOut(bytes calldata body, uint256 count) private view returns (uint256 data, uint256 place) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            data := mload(0x40)
            let padded := and(add(body.length, 0x1f), not(0x1f))
            place := add(data, add(0x80, padded))
            // Zeros after the body. If there is no body, its length stands here, which is 0 too.
            mstore(sub(place, 0x20), 0)
            mstore(data, timestamp())
            mstore(add(data, 0x20), 0x60)
            mstore(add(data, 0x40), add(0x80, padded))
            mstore(add(data, 0x60), body.length)
            calldatacopy(add(data, 0x80), body.offset, body.length)
            mstore(place, mul(count, 0x60))
            place := add(place, 0x20)
            mstore(0x40, add(place, mul(count, 0x60)))
        }
    }

    /// @dev Write all cells, and what changed from `place` on in memory.
    function _putAll(Write[] calldata writes, uint256 place, uint256 head) private {
        uint256 space = type(uint256).max;
        uint256 bits = 0;
        uint256 next;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            next := writes.offset
        }
        // A write has two words in calldata, and leaves three in memory.
        for (uint256 end = place + 0x60 * writes.length; place != end;) {
            uint256 key;
            uint256 value;
            // solhint-disable-next-line no-inline-assembly
            assembly ("memory-safe") {
                key := calldataload(next)
                value := calldataload(add(next, 0x20))
                next := add(next, 0x40)
            }
            // Most writes of a long list are to the space of the one before.
            if (key >> 248 != space) {
                space = key >> 248;
                bits = _bitsOf(head, space);
            }
            _put(place, uint40(head), key, value, bits);
            unchecked {
                place += 0x60;
            }
        }
    }

    /// @dev Write a cell, and what changed to `place` in memory.
    function _put(uint256 place, uint256 index, uint256 key, uint256 value, uint256 bits) private {
        if (value > _ALL) revert RegionLogValue(key, value);
        uint256 slot;
        uint256 old;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, _cells.slot)
            slot := keccak256(0x00, 0x40)
            old := sload(slot)
        }
        // A word names the entry that wrote it. Entry 0 writes no cell.
        if (uint56(old) == index) revert RegionLogWrittenTwice(key);
        uint256 changed = old >> 56 ^ value;
        if (changed & ~bits != 0) revert RegionLogBits(key, uint200(bits), uint200(changed));
        uint256 word = value << 56 | index;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sstore(slot, word)
            mstore(place, key)
            mstore(add(place, 0x20), old)
            mstore(add(place, 0x40), word)
        }
    }

    /// @dev The hash of `length` bytes of memory.
    function _hash(uint256 place, uint256 length) private pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            hash := keccak256(place, length)
        }
    }

    /// @dev Append the entry's hash. `head` holds the writer that is to be remembered.
    function _enter(uint256 head, uint8 kind, address account, bytes32 bodyHash, bytes32 writesHash) private {
        uint256 index = uint40(head);
        bytes32 id = logId;
        bytes32 entry;
        // 0x00 || abi.encode(version, …), beyond the free memory pointer, which need not move.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 0)
            mstore(add(free, 0x01), _VERSION)
            mstore(add(free, 0x21), kind)
            mstore(add(free, 0x41), id)
            mstore(add(free, 0x61), index)
            mstore(add(free, 0x81), account)
            mstore(add(free, 0xa1), timestamp())
            mstore(add(free, 0xc1), bodyHash)
            mstore(add(free, 0xe1), writesHash)
            entry := keccak256(free, 0x101)
        }
        _peaks.append(index, entry);
        _head = head + 1;
    }

    function _refuseKind(uint8 kind) private view {
        uint40 time = sealedAt();
        if (time != 0) revert RegionLogSealed(time);
        revert RegionLogKind(msg.sender, kind);
    }
}
