// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Role, Status} from "../interfaces/INodeRegistry.sol";

/// @dev The part of a node that decides who may publish what, in one word:
///
///     | division 24 | host 24 | domains 32 | status 8 | role 8 | operator 160 |
type Seat is uint256;

using Seats for Seat global;

/// @title Reading and changing a `Seat`
/// @notice One word instead of a struct, because the compiler would read a struct's members from storage one by one. Every call
/// that checks who acts reads the word once.
library Seats {
    /// @notice A seat, active from the start.
    function pack(address operator_, Role role_, uint32 domains_, uint24 host_, uint24 division_)
        internal
        pure
        returns (Seat)
    {
        return Seat.wrap(
            uint256(uint160(operator_)) | uint256(role_) << 160 | uint256(Status.Active) << 168
                | uint256(domains_) << 176 | uint256(host_) << 208 | uint256(division_) << 232
        );
    }

    /// @notice The same seat with another operator.
    function withOperator(Seat seat, address operator_) internal pure returns (Seat) {
        return Seat.wrap(Seat.unwrap(seat) >> 160 << 160 | uint256(uint160(operator_)));
    }

    /// @notice The same seat with another status.
    function withStatus(Seat seat, Status status_) internal pure returns (Seat) {
        return Seat.wrap(Seat.unwrap(seat) & ~(uint256(type(uint8).max) << 168) | uint256(status_) << 168);
    }

    /// @notice The same seat with other domains.
    function withDomains(Seat seat, uint32 domains_) internal pure returns (Seat) {
        return Seat.wrap(Seat.unwrap(seat) & ~(uint256(type(uint32).max) << 176) | uint256(domains_) << 176);
    }

    /// @notice The key that acts for the node; 0 for a virtual node without a key of its own.
    function operator(Seat seat) internal pure returns (address) {
        return address(uint160(Seat.unwrap(seat)));
    }

    /// @notice The node's role.
    function role(Seat seat) internal pure returns (Role) {
        return Role(uint8(Seat.unwrap(seat) >> 160));
    }

    /// @notice The node's status; `None` if there is no such node.
    function status(Seat seat) internal pure returns (Status) {
        return Status(uint8(Seat.unwrap(seat) >> 168));
    }

    /// @notice Bit set of the domains that the node may publish.
    function domains(Seat seat) internal pure returns (uint32) {
        return uint32(Seat.unwrap(seat) >> 176);
    }

    /// @notice Number of the node's host; 0 for a physical node.
    function host(Seat seat) internal pure returns (uint24) {
        return uint24(Seat.unwrap(seat) >> 208);
    }

    /// @notice The node's division, a GB/T 2260 code.
    function division(Seat seat) internal pure returns (uint24) {
        return uint24(Seat.unwrap(seat) >> 232);
    }

    /// @notice Whether the node's status is `Active`.
    function isActive(Seat seat) internal pure returns (bool) {
        return uint8(Seat.unwrap(seat) >> 168) == uint8(Status.Active);
    }

    /// @notice Whether the node's role is `Institution`.
    function isInstitution(Seat seat) internal pure returns (bool) {
        return uint8(Seat.unwrap(seat) >> 160) == uint8(Role.Institution);
    }

    /// @notice Whether the node's role may publish.
    function publishes(Seat seat) internal pure returns (bool) {
        uint8 role_ = uint8(Seat.unwrap(seat) >> 160);
        return role_ >= uint8(Role.Platform) && role_ <= uint8(Role.Source);
    }
}
