// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Delivery} from "../interfaces/IQueryLedger.sol";

/// @title The items of a Queries entry, whose body is nothing but them
/// @notice An item has seven words:
///
///     institution[4] || provider[4] || via[4] || nonce[6] || domains[4] || deliveredAt[5] || meterWithin[2] || sections[1]
///         || purpose[1] || flags[1]
///     request, receipt (struct hashes), report, consent, product, terms
///
/// `meterWithin` is `meterBy - deliveredAt`.
library QueryItem {
    /// @notice Bytes of an item.
    uint256 internal constant SIZE = 224;

    /// @notice Flags: the consent had no use left.
    uint256 internal constant OVERDRAWN = 1;

    /// @notice Metered after `meterBy`.
    uint256 internal constant LATE = 2;

    /// @notice No consent was needed.
    uint256 internal constant OPEN = 4;

    /// @notice Metered later than the governed limit allows.
    uint256 internal constant OLD = 8;

    /// @notice Delivered while the consent was paused.
    uint256 internal constant PAUSED = 16;

    /// @notice Write item `place` into `items`. `meterBy` must be at most 2^16 - 1 seconds after `deliveredAt`.
    function put(
        bytes memory items,
        uint256 place,
        Delivery calldata delivery,
        bytes32 request,
        bytes32 receipt,
        uint256 flags
    ) internal pure {
        // The members of the request are at 0x20 times their position, `report`, `deliveredAt` and `meterBy` follow at 0x1c0. Who
        // judged the delivery has seen that each fits its type.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            let item := add(add(items, 0x20), mul(place, 224))
            let time := calldataload(add(delivery, 0x1e0))
            let head := or(shl(224, calldataload(delivery)), shl(192, calldataload(add(delivery, 0x20))))
            head := or(head, shl(160, calldataload(add(delivery, 0x180))))
            head := or(head, shl(112, calldataload(add(delivery, 0x160))))
            head := or(head, shl(80, calldataload(add(delivery, 0xc0))))
            head := or(head, or(shl(40, time), shl(24, sub(calldataload(add(delivery, 0x200)), time))))
            head := or(head, or(shl(16, calldataload(add(delivery, 0xa0))), shl(8, calldataload(add(delivery, 0xe0)))))
            mstore(item, or(head, flags))
            mstore(add(item, 0x20), request)
            mstore(add(item, 0x40), receipt)
            calldatacopy(add(item, 0x60), add(delivery, 0x1c0), 0x20)
            calldatacopy(add(item, 0x80), add(delivery, 0x40), 0x20)
            calldatacopy(add(item, 0xa0), add(delivery, 0x80), 0x20)
            calldatacopy(add(item, 0xc0), add(delivery, 0x1a0), 0x20)
        }
    }

    /// @notice Keep the first `count` items.
    function cut(bytes memory items, uint256 count) internal pure {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(items, mul(count, 224))
        }
    }
}
