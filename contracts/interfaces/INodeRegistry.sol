// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev The role of a member. The numbers are part of the log format.
enum Role {
    None,
    Regulator,
    Platform,
    Bureau,
    Source,
    Institution
}

/// @dev The status of a member. The numbers are part of the log format.
enum Status {
    None,
    Active,
    Suspended,
    Retired
}

/// @param operator The key that acts for the node. It may be 0 for a virtual node; then only its host's operator acts for it.
/// @param role Not `None`.
/// @param division GB/T 2260 code, six digits.
/// @param host Number of the physical node that hosts this virtual node; 0 for a physical node.
/// @param domains Bit set of the domains it may publish; 0 for roles that do not publish.
/// @param until Unix seconds at which a guest's membership ends; 0 for a resident. Only institutions can be guests.
/// @param profileDigest keccak256 of the canonical bytes of the node's profile, kept off chain.
struct Admission {
    address operator;
    Role role;
    uint24 division;
    uint24 host;
    uint32 domains;
    uint40 until;
    bytes32 profileDigest;
}

/// @dev An interval in which a key was in other hands, both ends included, unix seconds.
/// @param until 0 while it is open.
struct Interval {
    uint40 since;
    uint40 until;
}

/// @dev A node as it was at some time; all zero if there is none.
/// @param role Its role, which never changes.
/// @param acts Whether it acted then, by a key that was not in other hands, as far as is known now.
/// @param operator Its key at that time; 0 for a virtual node without one, and if the key was in other hands.
/// @param hostOperator The key of its host at that time; 0 for a physical node, and if the key was in other hands.
struct Member {
    Role role;
    bool acts;
    address operator;
    address hostOperator;
}

/// @title Who is a member of the region, and what its role allows
/// @notice Governors admit and change nodes; a node rotates its own key. A key belongs to one node for ever, so that no signature
/// can ever count as another member's. Every change is an entry of the log, and all state is in its cells, from which others read
/// who acts: see the library `Members`.
interface INodeRegistry {
    /// @notice There is no node with this number.
    error NodeRegistryUnknown(uint24 node);

    /// @notice `caller` is not the operator of `node`, nor of its host where the host may act for it.
    error NodeRegistryNotOperator(address caller, uint24 node);

    /// @notice `node` does not act now: suspended, retired, or past its end date. For a virtual node `node` may be its host.
    error NodeRegistryInactive(uint24 node, Status status, uint40 until);

    /// @notice `node` has another role than the action needs.
    error NodeRegistryRole(uint24 node, Role expected, Role actual);

    /// @notice The role of `node` may not publish.
    error NodeRegistryNotPublisher(uint24 node, Role role);

    /// @notice `node` may publish the domains `allowed` (bit set), and `requested` has others.
    error NodeRegistryDomains(uint24 node, uint32 allowed, uint32 requested);

    /// @notice The status of `node` does not allow this change.
    error NodeRegistryStatus(uint24 node, Status status);

    /// @notice The key belongs, or once belonged, to `node`.
    error NodeRegistryKeyTaken(address operator, uint24 node);

    /// @notice A physical node needs an operator. So does a node whose key is to be rotated or declared compromised.
    error NodeRegistryNoOperator(uint24 node);

    /// @notice A member needs a role.
    error NodeRegistryNoRole();

    /// @notice A division has six digits.
    error NodeRegistryDivision(uint24 division);

    /// @notice `host` is itself virtual, or a guest, and cannot host.
    error NodeRegistryHost(uint24 host);

    /// @notice Only institutions can be guests, and their admission must end in the future.
    error NodeRegistryUntil(Role role, uint40 until);

    /// @notice `number` is a physical node, which has no host that could change.
    error NodeRegistryNotHosted(uint24 number);

    /// @notice No node ever had this key.
    error NodeRegistryKeyUnknown(address key);

    /// @notice Intervals of compromise ascend without touching, from when the key became its node's to now. Interval `index` does
    /// not start and end between `earliest` and `latest`, unix seconds. Only the last may be open.
    error NodeRegistryInterval(address key, uint256 index, uint40 earliest, uint40 latest);

    /// @notice A key has at most two closed intervals and an open one.
    error NodeRegistryIntervals(address key, uint256 count);

    /// @notice The caller's key, which is that of `node`'s operator, is in other hands now, as was declared.
    error NodeRegistryStolenKey(address key, uint24 node);

    /// @notice `by` cannot answer for `number`: only an active node can, and only for a retired one.
    error NodeRegistryAnswerer(uint24 number, uint24 by);

    /// @notice The key of `node` has been compromised since `since` and must be replaced first.
    error NodeRegistryCompromised(uint24 node, uint40 since);

    /// @notice The acceptance expired at `deadline`, unix seconds.
    error NodeRegistryExpired(uint64 deadline);

    /// @notice The acceptance was not signed by the new operator.
    error NodeRegistryAcceptance(uint24 node, address operator);

    /// @notice Admit a member. Only governors may. Its host, if it has one, must be physical and act.
    /// @return number Its number, from 1.
    function admit(Admission calldata admission) external returns (uint24 number);

    /// @notice Stop an active node from acting until it is reinstated. Only governors may.
    function suspend(uint24 number) external;

    /// @notice Let a suspended node act again. Only governors may, and not while its key is compromised.
    function reinstate(uint24 number) external;

    /// @notice End a membership for ever. Only governors may. What the node published stays.
    function retire(uint24 number) external;

    /// @notice Name the node that answers for the records of a retired one. Only governors may; it must act.
    function setAnswerer(uint24 number, uint24 by) external;

    /// @notice Set the domains that a node may publish from now on. Only governors may; the node's role must publish.
    function setDomains(uint24 number, uint32 domains) external;

    /// @notice Set the digest of the node's profile. Only governors may.
    function setProfile(uint24 number, bytes32 profileDigest) external;

    /// @notice Set a guest's end date; 0 makes it a resident. Only governors may, and only for institutions.
    function setUntil(uint24 number, uint40 until) external;

    /// @notice Move a virtual node to another host. Only governors may. What the old host did for it stays.
    function setHost(uint24 number, uint24 host) external;

    /// @notice Declare when a key was in other hands, in place of what was declared before. An open interval suspends the node
    /// whose operator's key it is. Only governors may.
    /// @param key A key that some node has or had.
    /// @param intervals At most two closed ones, ascending, and an open one after them.
    function setCompromises(address key, Interval[] calldata intervals) external;

    /// @notice Let another key act for the node. Only its current operator may, while the node acts.
    /// @param newOperator A key that no node ever had.
    /// @param deadline Unix seconds until which the acceptance may be used.
    /// @param acceptance EIP-712 signature of `OperatorAcceptance(uint24 number,address operator,uint64 deadline)` by
    /// `newOperator` (ERC-1271 for a contract).
    function rotateOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance) external;

    /// @notice As `rotateOperator`, by governors and for any node that is not retired. It replaces a lost or stolen key, and
    /// gives a virtual node a key of its own. It ends an open compromise of the old key and does not reinstate the node.
    function replaceOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance) external;
}
