// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {ICheckpointSigners, Signer} from "./interfaces/ICheckpointSigners.sol";
import {IRegionLog, Write} from "./interfaces/IRegionLog.sol";
import {Cells} from "./libraries/Cells.sol";
import {Entries} from "./libraries/Entries.sol";
import {EntryKind} from "./libraries/EntryKind.sol";
import {Members} from "./libraries/Members.sol";
import {Space} from "./libraries/Space.sol";

/// @title CheckpointSigners
/// @notice Who signs checkpoints of the region; see `ICheckpointSigners`.
/// @dev Its state is in the log's cells, so another version can take its place.
contract CheckpointSigners is ICheckpointSigners, AccessManaged {
    using Members for IRegionLog;

    uint256 private constant _MOST = 64;

    /// @notice The log that holds all state.
    IRegionLog public immutable log;

    /// @param authority The AccessManager that decides who governs.
    constructor(address authority, IRegionLog log_) AccessManaged(authority) {
        log = log_;
    }

    /// @inheritdoc ICheckpointSigners
    function setSigners(Signer[] calldata signers, uint8 threshold)
        external
        override
        restricted
        returns (uint32 epoch)
    {
        uint256 count = signers.length;
        if (count == 0 || count > _MOST) revert CheckpointSignersCount(count);
        if (threshold > count || 2 * uint256(threshold) <= count) revert CheckpointSignersThreshold(count, threshold);
        epoch = uint32(Cells.valueOf(log, Space.key(Space.SIGNER, 0))) + 1;
        Write[] memory writes = new Write[](count + 2);
        writes[0] = Write({key: Space.key(Space.SIGNER, 0), value: epoch});
        writes[1] = Write({key: Space.key(Space.SIGNER, uint256(epoch) << 8), value: count | uint256(threshold) << 8});
        _place(signers, epoch, writes);
        // slither-disable-next-line unused-return
        Entries.append(log, EntryKind.SIGNERS, abi.encode(epoch, threshold, count), writes);
    }

    function _place(Signer[] calldata signers, uint32 epoch, Write[] memory writes) private view {
        address before = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            (address key, uint24 node) = (signers[i].key, signers[i].node);
            if (key <= before) revert CheckpointSignersOrder(key);
            before = key;
            if (!log.memberAt(node, block.timestamp).acts) revert CheckpointSignersInactive(key, node);
            writes[i + 2] = Write({
                key: Space.key(Space.SIGNER, uint256(epoch) << 8 | i + 1),
                value: uint256(uint160(key)) | uint256(node) << 160
            });
        }
    }
}
