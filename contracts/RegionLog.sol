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

    uint256 private constant _VERSION = 1;
    uint256 private constant _SEALED = 1 << 56;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override logId;

    /// @inheritdoc IRegionLog
    bytes32 public immutable override region;

    /// @dev Every append writes this slot. It is packed by hand because the compiler would write its members one by one:
    ///
    ///     | lastWriter 160 | keyEpoch 32 | sealed 8 | size 56 |
    ///
    /// The last writer stays authorised until the next `setWriter`. That appends an entry of the log itself, so that the next
    /// append looks its writer up again. In a run of entries by one writer, each append thus reads one slot less.
    uint256 private _head;
    bytes32[64] private _peaks;

    /// @inheritdoc IRegionLog
    uint40 public override sealedAt;

    /// @inheritdoc IRegionLog
    mapping(address account => bool) public override isWriter;

    /// @param authority The AccessManager that decides who governs.
    /// @param region_ The region's code in ASCII, right-padded with zeros.
    constructor(address authority, bytes32 region_) AccessManaged(authority) {
        region = region_;
        logId = keccak256(abi.encode(block.chainid, address(this), region_));
    }

    /// @inheritdoc IRegionLog
    function append(uint8 kind, bytes32 bodyHash) external override returns (uint64) {
        return _append(_headFor(msg.sender), kind, msg.sender, bodyHash);
    }

    /// @inheritdoc IRegionLog
    function appendUnderEpoch(uint32 epoch, uint8 kind, bytes32 bodyHash) external override returns (uint64) {
        uint256 head = _headFor(msg.sender);
        if (epoch != uint32(head >> 64) || epoch == 0) revert RegionLogKeyEpoch(uint32(head >> 64), epoch);
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
        _head |= _SEALED;
        sealedAt = uint40(block.timestamp);
        emit Sealed(msg.sender, entry);
    }

    /// @inheritdoc IRegionLog
    function size() external view override returns (uint64) {
        return uint56(_head);
    }

    /// @inheritdoc IRegionLog
    function root() external view override returns (bytes32) {
        return _peaks.root(uint56(_head));
    }

    /// @inheritdoc IRegionLog
    function frontier() external view override returns (bytes32[] memory peaks) {
        peaks = new bytes32[](MerkleLog.countBits(uint56(_head)));
        for (uint256 i = 0; i < peaks.length; ++i) peaks[i] = _peaks[i];
    }

    /// @inheritdoc IRegionLog
    function keyEpoch() external view override returns (uint32) {
        return uint32(_head >> 64);
    }

    function _headFor(address writer) private view returns (uint256 head) {
        head = _head;
        if (writer != address(uint160(head >> 96)) && !isWriter[writer]) revert RegionLogNotWriter(writer);
    }

    function _append(uint256 head, uint8 kind, address writer, bytes32 bodyHash) private returns (uint64 index) {
        if (head & _SEALED != 0) revert RegionLogSealed(sealedAt);
        index = uint56(head);
        uint64 time = uint64(block.timestamp);
        // 0x00 || abi.encode(version, kind, logId, index, writer, time, bodyHash), without copying the encoded part.
        bytes32 entry = keccak256(
            abi.encodePacked(
                uint8(0x00),
                _VERSION,
                uint256(kind),
                logId,
                uint256(index),
                uint256(uint160(writer)),
                uint256(time),
                bodyHash
            )
        );
        _peaks.append(index, entry);
        uint256 epoch = uint32(head >> 64);
        if (kind == EntryKind.TAG_KEY_EPOCH) ++epoch;
        _head = uint256(uint160(writer)) << 96 | epoch << 64 | (uint256(index) + 1);
        emit Appended(index, kind, writer, time, bodyHash);
    }
}
