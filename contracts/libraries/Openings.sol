// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog} from "../interfaces/IRegionLog.sol";
import {MerkleLog} from "./MerkleLog.sol";

/// @dev An entry of the log that is shown, without its kind and body.
/// @param index Its position in the log.
/// @param writer The contract that appended it.
/// @param time Its time, unix seconds.
/// @param writesHash Hash of the cells that it wrote.
/// @param proof Inclusion proof in the perfect subtree that holds it now; see `IRegionLog.peakOf`.
struct Opening {
    uint64 index;
    address writer;
    uint64 time;
    bytes32 writesHash;
    bytes32[] proof;
}

/// @title Entries that are shown
library Openings {
    /// @notice No entry of this log is the one that is shown.
    error OpeningWrong(uint64 index);

    /// @notice Reverts unless the log has this entry, with this kind and body.
    function requireEntry(IRegionLog log, uint8 kind, bytes memory body, Opening calldata opening) internal view {
        (bytes32 peak, uint64 leaves) = log.peakOf(opening.index);
        bytes32 entry = keccak256(
            abi.encodePacked(
                uint8(0x00),
                uint256(1),
                uint256(kind),
                log.logId(),
                uint256(opening.index),
                uint256(uint160(opening.writer)),
                uint256(opening.time),
                keccak256(body),
                opening.writesHash
            )
        );
        if (!MerkleLog.verifyInclusion(entry, opening.index & (leaves - 1), leaves, opening.proof, peak)) {
            revert OpeningWrong(opening.index);
        }
    }
}
