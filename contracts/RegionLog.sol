// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IRegionLog} from "./interfaces/IRegionLog.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {MerkleLog} from "./libraries/MerkleLog.sol";

/// @title RegionLog
/// @notice The append-only log of one region; see `IRegionLog`.
contract RegionLog is IRegionLog, AccessManaged {
    using MerkleLog for bytes32[64];

    /// @dev One slot, written by every append:
    ///
    ///     | lastWriter 160 | sealedAt 40 | size 56 |
    ///
    /// Who appended last is authorised until the next `setWriter`, which appends an entry of the log itself and so makes every
    /// writer look itself up again. A run of entries by one writer thus reads one slot less each.
    struct Head {
        uint56 size;
        uint40 sealedAt;
        address lastWriter;
    }

    uint16 private constant _VERSION = 1;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override logId;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override region;

    Head private _head;
    bytes32[64] private _frontier;

    /// @inheritdoc IRegionLog
    mapping(address account => bool) public override isWriter;

    /// @param authority The AccessManager that says who governs.
    /// @param region_ The region's code in ASCII, right-padded with zeros.
    constructor(address authority, bytes32 region_) AccessManaged(authority) {
        region = region_;
        logId = keccak256(abi.encode(block.chainid, address(this), region_));
    }

    /// @inheritdoc IRegionLog
    function append(uint8 kind, bytes32 bodyHash) external override returns (uint64) {
        Head memory head = _head;
        if (msg.sender != head.lastWriter && !isWriter[msg.sender]) revert RegionLogNotWriter(msg.sender);
        return _append(head, kind, msg.sender, bodyHash);
    }

    /// @inheritdoc IRegionLog
    function setWriter(address writer, bool authorised) external override restricted {
        if (isWriter[writer] == authorised) revert RegionLogWriterUnchanged(writer, authorised);
        if (authorised && writer.code.length == 0) revert RegionLogWriterNotContract(writer);
        isWriter[writer] = authorised;
        uint64 entry = _append(_head, EntryKind.WRITER, address(this), keccak256(abi.encode(writer, authorised)));
        emit WriterSet(writer, authorised, entry);
    }

    /// @inheritdoc IRegionLog
    function seal() external override restricted {
        uint64 entry = _append(_head, EntryKind.SEALED, address(this), keccak256(abi.encode(msg.sender)));
        _head.sealedAt = uint40(block.timestamp);
        emit Sealed(msg.sender, entry);
    }

    /// @inheritdoc IRegionLog
    function size() external view override returns (uint64) {
        return _head.size;
    }

    /// @inheritdoc IRegionLog
    function root() external view override returns (bytes32) {
        return _frontier.root(_head.size);
    }

    /// @inheritdoc IRegionLog
    function frontier() external view override returns (bytes32[] memory) {
        return _frontier.peaks(_head.size);
    }

    /// @inheritdoc IRegionLog
    function sealedAt() external view override returns (uint40) {
        return _head.sealedAt;
    }

    function _append(Head memory head, uint8 kind, address writer, bytes32 bodyHash) private returns (uint64 index) {
        if (head.sealedAt != 0) revert RegionLogSealed(head.sealedAt);
        index = head.size;
        uint64 time = uint64(block.timestamp);
        bytes32 entry = keccak256(
            bytes.concat(bytes1(0x00), abi.encode(_VERSION, kind, logId, index, writer, time, bodyHash))
        );
        _frontier.append(index, entry);
        _head = Head({size: uint56(index + 1), sealedAt: 0, lastWriter: writer});
        emit Appended(index, kind, writer, time, bodyHash);
    }
}
