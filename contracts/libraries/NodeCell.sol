// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Role, Status} from "../interfaces/INodeRegistry.sol";
import {Space} from "./Space.sol";

/// @title The cells of a node
/// @notice Layouts are drawn in `Space`. `node` is the value of a node's `NODE` cell, `member` that of its `MEMBER` cell, `term`
/// that of a past `TERM`.
library NodeCell {
    uint256 private constant _FLAGS = 7;

    /// @notice The key of the cell that says who acts for a node and what it may publish.
    function key(uint24 number) internal pure returns (uint256) {
        return Space.key(Space.NODE, number);
    }

    /// @notice The key of the cell with the rest of its membership.
    function memberKey(uint24 number) internal pure returns (uint256) {
        return Space.key(Space.MEMBER, number);
    }

    /// @notice The key of the cell of one of its past terms, from 0.
    function termKey(uint24 number, uint256 index) internal pure returns (uint256) {
        return Space.key(Space.TERM, uint256(number) << 32 | index);
    }

    /// @notice The key of the cell with host and end of a past term that has either.
    function termMoreKey(uint24 number, uint256 index) internal pure returns (uint256) {
        return termKey(number, index) | 1 << 64;
    }

    /// @notice The key of the cell that says whose an operator's key is.
    function operatorKey(address account) internal pure returns (uint256) {
        return Space.key(Space.KEY, uint160(account));
    }

    /// @notice The key of the cell that says who answers for a retired node.
    function answererKey(uint24 number) internal pure returns (uint256) {
        return memberKey(number) | 2 << 32;
    }

    /// @notice A `NODE` cell.
    /// @param more Whether it has a host, whether it is a guest, and whether its key was ever compromised: see `Space`.
    function pack(address operator_, Role role_, Status status_, uint32 domains_, uint256 more)
        internal
        pure
        returns (uint256)
    {
        return uint256(uint160(operator_)) | uint256(role_) << 160 | uint256(status_) << 163 | uint256(domains_) << 165
            | more << 189;
    }

    /// @notice A `MEMBER` cell.
    function packMember(
        uint24 host_,
        uint24 division_,
        uint40 until_,
        uint40 since_,
        uint40 statusAt_,
        uint32 terms_
    ) internal pure returns (uint256) {
        return uint256(host_) | uint256(division_) << 24 | uint256(until_) << 44 | uint256(since_) << 84
            | uint256(statusAt_) << 124 | uint256(terms_) << 164;
    }

    /// @notice The key that acts for the node; 0 for a virtual node without a key of its own.
    function operator(uint256 node) internal pure returns (address) {
        return address(uint160(node));
    }

    /// @notice The node's role, which never changes.
    function role(uint256 node) internal pure returns (Role) {
        return Role(node >> 160 & 7);
    }

    /// @notice The node's status; `None` if there is no such node.
    function status(uint256 node) internal pure returns (Status) {
        return Status(node >> 163 & 3);
    }

    /// @notice Bit set of the domains that the node may publish.
    function domains(uint256 node) internal pure returns (uint32) {
        return uint24(node >> 165);
    }

    /// @notice Whether it has a host.
    function isHosted(uint256 node) internal pure returns (bool) {
        return node >> 189 & 1 == 1;
    }

    /// @notice Whether its operator's key was ever declared compromised.
    function isMarked(uint256 node) internal pure returns (bool) {
        return node >> 191 & 1 == 1;
    }

    /// @notice Whether nothing but its status has to be known to tell whether its operator acts for it.
    function isPlain(uint256 node) internal pure returns (bool) {
        return node >> 189 & _FLAGS == 0;
    }

    /// @notice Whether the node's role may publish.
    function publishes(uint256 node) internal pure returns (bool) {
        Role role_ = role(node);
        return role_ >= Role.Platform && role_ <= Role.Source;
    }

    /// @notice Number of the node's host; 0 for a physical node.
    function host(uint256 member) internal pure returns (uint24) {
        return uint24(member);
    }

    /// @notice The node's division, a GB/T 2260 code.
    function division(uint256 member) internal pure returns (uint24) {
        return uint24(member >> 24 & 0xfffff);
    }

    /// @notice Unix seconds at which a guest's membership ends; 0 for a resident.
    function until(uint256 member) internal pure returns (uint40) {
        return uint40(member >> 44);
    }

    /// @notice Since when operator, status, host and end are what they are.
    function since(uint256 member) internal pure returns (uint40) {
        return uint40(member >> 84);
    }

    /// @notice When its status changed last.
    function statusAt(uint256 member) internal pure returns (uint40) {
        return uint40(member >> 124);
    }

    /// @notice Number of its past terms.
    function terms(uint256 member) internal pure returns (uint32) {
        return uint32(member >> 164);
    }
}
