// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The least that an anchor can cost: one new storage slot and one event
/// @notice A baseline for gas measurements, without members, series or log.
contract SlotAndEvent {
    mapping(bytes32 root => uint256 time) public timeOf;

    event Stored(bytes32 indexed root, uint256 time);

    error SlotAndEventTaken(bytes32 root);

    function store(bytes32 root) external {
        if (timeOf[root] != 0) revert SlotAndEventTaken(root);
        timeOf[root] = block.timestamp;
        emit Stored(root, block.timestamp);
    }
}
