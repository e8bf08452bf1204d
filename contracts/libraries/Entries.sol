// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IRegionLog, Write} from "../interfaces/IRegionLog.sol";

/// @title Appending to the region log
/// @notice The same as `log.append(kind, body, writes)`. The compiler's own encoding of such a call costs some 2,500 gas, because
/// it copies body and writes word by word and checks each place. Here the body is copied by the identity precompile, and the
/// writes go to where they are sent from. The call's data, which begin at `data`:
///
///     0x00  selector[4]
///     0x04  kind
///     0x24  0x60, where the body is
///     0x44  where the writes are
///     0x64  length of the body
///     0x84  the body, padded with zeros
///      …    number of writes, then `key || value` of each
///
/// They stand beyond the free memory pointer, which is not moved, as nothing else needs memory until the call returns.
library Entries {
    /// @notice Append an entry that writes these cells. Returns its index.
    function append(IRegionLog log, uint8 kind, bytes memory body, Write[] memory writes)
        internal
        returns (uint64 index)
    {
        (uint256 data, uint256 place) = _layOut(kind, body, writes.length);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // `writes` holds the places of its members.
            let member := add(writes, 0x20)
            for { let end := add(member, shl(5, mload(writes))) } lt(member, end) { member := add(member, 0x20) } {
                let write := mload(member)
                mstore(place, mload(write))
                mstore(add(place, 0x20), mload(add(write, 0x20)))
                place := add(place, 0x40)
            }
        }
        return _send(log, data, place);
    }

    /// @notice Append an entry that writes one cell. Returns its index.
    function append(IRegionLog log, uint8 kind, bytes memory body, uint256 key, uint256 value)
        internal
        returns (uint64 index)
    {
        (uint256 data, uint256 place) = _layOut(kind, body, 1);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(place, key)
            mstore(add(place, 0x20), value)
        }
        return _send(log, data, place + 0x40);
    }

    /// @notice Append an entry that writes two cells. Returns its index.
    function append(
        IRegionLog log,
        uint8 kind,
        bytes memory body,
        uint256 key,
        uint256 value,
        uint256 otherKey,
        uint256 otherValue
    ) internal returns (uint64 index) {
        (uint256 data, uint256 place) = _layOut(kind, body, 2);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(place, key)
            mstore(add(place, 0x20), value)
            mstore(add(place, 0x40), otherKey)
            mstore(add(place, 0x60), otherValue)
        }
        return _send(log, data, place + 0x80);
    }

    /// @notice Begin an entry. Key and value of each write belong from `place` on; then `close` it. Nothing may allocate memory
    /// in between.
    function open(uint8 kind, bytes memory body) internal view returns (uint256 data, uint256 place) {
        return _layOut(kind, body, 0);
    }

    /// @notice Append what `open` began, with writes from `place` to `end`. Returns its index.
    function close(IRegionLog log, uint256 data, uint256 place, uint256 end) internal returns (uint64 index) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(sub(place, 0x20), shr(6, sub(end, place)))
        }
        return _send(log, data, end);
    }

    /// @dev Write all but the writes, and return where these belong.
    function _layOut(uint8 kind, bytes memory body, uint256 count) private view returns (uint256 data, uint256 place) {
        bytes4 selector = IRegionLog.append.selector;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            data := mload(0x40)
            let size := add(mload(body), 0x20)
            let padded := and(add(size, 0x1f), not(0x1f))
            place := add(add(data, 0x64), padded)
            mstore(data, selector)
            mstore(add(data, 0x04), kind)
            mstore(add(data, 0x24), 0x60)
            mstore(add(data, 0x44), add(0x60, padded))
            // Zeros after the body; if there is none, its length, which is 0 too, takes their place.
            mstore(sub(place, 0x20), 0)
            // Length and body. This fails for want of gas only.
            if iszero(staticcall(gas(), 0x04, body, size, add(data, 0x64), size)) { revert(0x00, 0x00) }
            mstore(place, count)
            place := add(place, 0x20)
        }
    }

    /// @dev Call the log with what stands between `data` and `end`. Reverts as the log does.
    function _send(IRegionLog log, uint256 data, uint256 end) private returns (uint64 index) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let success := call(gas(), log, 0, data, sub(end, data), 0x00, 0x20)
            // An address without code would succeed and return nothing.
            if iszero(and(success, gt(returndatasize(), 0x1f))) {
                returndatacopy(data, 0x00, returndatasize())
                revert(data, returndatasize())
            }
            index := mload(0x00)
        }
    }
}
