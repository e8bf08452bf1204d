// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Calls that are made and then undone, for tests that try very many
/// @notice Ask by `eth_call`: thousands of trials are then answered in a second, and nothing stays of them.
contract Rehearsal {
    struct Step {
        address target;
        bytes data;
    }

    /// @dev Thrown to undo a trial: what its steps returned.
    error RehearsalDone(bytes[] results);
    error RehearsalNotMine(address caller);

    /// @notice Make the steps of `first`, then each trial from there, undone after it.
    /// @return time The block's time.
    /// @return prepared Of each step of `first`, a byte that is 1 if it succeeded, and what it returned.
    /// @return results The same of each step of each trial.
    function rehearse(Step[] calldata first, Step[][] calldata trials)
        external
        returns (uint256 time, bytes[] memory prepared, bytes[][] memory results)
    {
        prepared = _make(first);
        results = new bytes[][](trials.length);
        for (uint256 i = 0; i < trials.length; ++i) {
            // solhint-disable-next-line no-empty-blocks
            try this.attempt(trials[i]) {}
            catch (bytes memory thrown) {
                // solhint-disable-next-line no-inline-assembly
                assembly ("memory-safe") {
                    let length := mload(thrown)
                    thrown := add(thrown, 4)
                    mstore(thrown, sub(length, 4))
                }
                results[i] = abi.decode(thrown, (bytes[]));
            }
        }
        return (block.timestamp, prepared, results);
    }

    /// @notice One trial. It always reverts.
    function attempt(Step[] calldata steps) external {
        if (msg.sender != address(this)) revert RehearsalNotMine(msg.sender);
        revert RehearsalDone(_make(steps));
    }

    function _make(Step[] calldata steps) private returns (bytes[] memory results) {
        results = new bytes[](steps.length);
        for (uint256 i = 0; i < steps.length; ++i) {
            // solhint-disable-next-line avoid-low-level-calls
            (bool success, bytes memory result) = steps[i].target.call(steps[i].data);
            results[i] = abi.encodePacked(success, result);
        }
    }
}
