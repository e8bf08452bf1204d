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

/// @dev The action that changed a node. Not part of the log format.
enum NodeChange {
    Admitted,
    Suspended,
    Reinstated,
    Retired,
    DomainsSet,
    ProfileSet,
    UntilSet,
    Compromised,
    OperatorRotated,
    OperatorReplaced
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

/// @dev The first ten fields, in this order, are the body of a `NODE` log entry.
/// @param node Number, from 1.
/// @param compromisedSince Start of the open interval in which the operator's key is compromised; 0 if there is none.
/// @param admittedAt Unix seconds of admission.
/// @param statusAt Unix seconds of the last change of `status`.
struct NodeInfo {
    uint24 node;
    address operator;
    Role role;
    Status status;
    uint24 division;
    uint24 host;
    uint32 domains;
    uint40 until;
    uint40 compromisedSince;
    bytes32 profileDigest;
    uint40 admittedAt;
    uint40 statusAt;
}

/// @dev An interval in which a node's key was compromised, both ends included, unix seconds.
/// @param until When the key was replaced; 0 while it was not replaced.
struct Compromise {
    uint40 since;
    uint40 until;
}

/// @dev A node as it was at some time; all zero if there is none.
/// @param role Its role, which never changes.
/// @param acts Whether it acted then, and neither its key nor its host's was compromised, as far as is known now.
/// @param operator Its key at that time; may be 0 for a virtual node.
/// @param hostOperator The key of its host at that time; 0 for a physical node.
struct Member {
    Role role;
    bool acts;
    address operator;
    address hostOperator;
}

/// @title Who is a member of the region, and what its role allows
/// @notice Governors admit and change nodes; a node rotates its own key. A key belongs to one node for ever, so that no signature
/// can ever count as another member's. Every change emits `NodeChanged` and appends one `NODE` log entry.
///
/// A node *acts* while it is active, its admission as a guest has not ended, and, for a virtual node, its host acts too.
interface INodeRegistry {
    /// @notice A node changed.
    /// @param change The action that changed it.
    /// @param entry Index of the log entry.
    /// @param info The node after the change.
    event NodeChanged(uint24 indexed node, NodeChange indexed change, uint64 indexed entry, NodeInfo info);

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

    /// @notice A compromise must start between admission and now. The start of an open one can only be moved back.
    error NodeRegistrySince(uint24 node, uint40 since, uint40 earliest, uint40 latest);

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

    /// @notice Set the domains that a node may publish from now on. Only governors may; the node's role must publish.
    function setDomains(uint24 number, uint32 domains) external;

    /// @notice Set the digest of the node's profile. Only governors may.
    function setProfile(uint24 number, bytes32 profileDigest) external;

    /// @notice Set a guest's end date; 0 makes it a resident. Only governors may, and only for institutions.
    function setUntil(uint24 number, uint40 until) external;

    /// @notice Declare that the operator's key has been compromised since `since`. Suspends an active node and opens an interval,
    /// which `replaceOperator` closes. Called again, it moves the start of the open interval back. Only governors may.
    function markCompromised(uint24 number, uint40 since) external;

    /// @notice Let another key act for the node. Only its current operator may, while the node acts.
    /// @param newOperator A key that no node ever had.
    /// @param deadline Unix seconds until which the acceptance may be used.
    /// @param acceptance EIP-712 signature of `OperatorAcceptance(uint24 number,address operator,uint64 deadline)` by
    /// `newOperator` (ERC-1271 for a contract).
    function rotateOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance) external;

    /// @notice As `rotateOperator`, by governors and for any node that is not retired. It replaces a lost or stolen key, and
    /// gives a virtual node a key of its own. It closes an open compromise and does not reinstate the node.
    function replaceOperator(uint24 number, address newOperator, uint64 deadline, bytes calldata acceptance) external;

    /// @notice Number of nodes, which is also the number of the last node.
    function count() external view returns (uint24);

    /// @notice Everything about a node; all zero if there is none.
    function node(uint24 number) external view returns (NodeInfo memory);

    /// @notice The node to which a key belongs or once belonged; 0 if to none.
    function nodeOf(address operator) external view returns (uint24);

    /// @notice Whether `number` acts now.
    function isActive(uint24 number) external view returns (bool);

    /// @notice Whether `caller` may act for `number` now: the node acts, and `caller` is its operator or its host's.
    function actsFor(address caller, uint24 number) external view returns (bool);

    /// @notice Reverts unless `actsFor(caller, number)`. Returns the role of the node.
    function requireActor(address caller, uint24 number) external view returns (Role actual);

    /// @notice Reverts unless `actsFor(caller, number)` and the node has this role, which it returns.
    function requireRole(address caller, uint24 number, Role role) external view returns (Role actual);

    /// @notice Reverts unless `actsFor(caller, number)`, the node has a publishing role, and may publish all of `domains`.
    /// Returns the role.
    function requirePublisher(address caller, uint24 number, uint32 domains) external view returns (Role actual);

    /// @notice Whether at `time` (unix seconds) the key of the node, or of its host, was compromised.
    function wasCompromised(uint24 number, uint40 time) external view returns (bool);

    /// @notice The node's own intervals of compromise, in the order in which they were declared. They may overlap.
    function compromises(uint24 number) external view returns (Compromise[] memory);

    /// @notice The state of a node at `time` (unix seconds), and the keys whose signatures counted as its own.
    function memberAt(uint24 number, uint40 time) external view returns (Member memory);
}
