// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev `Full` restates all earlier batches of its series, `Delta` adds to them. The numbers are part of the log format.
enum BatchKind {
    Delta,
    Full
}

/// @dev The life of a record. It only moves down this list. The numbers are part of the log format.
enum Life {
    Live,
    Superseded,
    Revoked,
    Erased
}

/// @dev A batch. The fields, in this order, are the body of an `ANCHOR` log entry.
/// @param node Node that publishes.
/// @param root Root of the batch tree.
/// @param size Number of leaves, at least 1.
/// @param product Digest of the product file, not 0.
/// @param number Number of the batch in its series (this node, this product), from 1 without gaps.
/// @param domains Bit set of the domains that the batch's documents come from, not 0.
/// @param subjects Number of different subjects as declared by the publisher, from 1 to `size`.
/// @param keyEpoch The current key epoch, whose key made the subject tags.
struct Batch {
    uint24 node;
    bytes32 root;
    uint64 size;
    bytes32 product;
    uint32 number;
    BatchKind kind;
    uint32 domains;
    uint64 subjects;
    uint32 keyEpoch;
}

/// @dev What is stored of an anchor; all zero if there is none.
/// @param time Unix seconds of the block.
/// @param entry Index of its log entry.
/// @param audited Whether a regulator attested that the batch is well formed. This does not say that its records are true.
/// @param broken Whether it was proven that its leaves are not in order.
struct AnchorInfo {
    uint24 node;
    uint64 size;
    uint40 time;
    uint64 entry;
    uint32 keyEpoch;
    bool audited;
    bool broken;
}

/// @dev The life of a record; all zero for a record that was live all the time.
/// @param lifeAt When `life` last changed, unix seconds.
/// @param entry Index of the log entry that changed it.
struct RecordInfo {
    Life life;
    uint40 lifeAt;
    uint64 entry;
}

/// @dev The content of a leaf. Its hash is `keccak256(0x00 || tag[32] || section[1] || product[4] || commitment[32])`.
struct LeafOpening {
    bytes32 tag;
    uint8 section;
    uint32 product;
    bytes32 commitment;
}

/// @title What was published, and what became of it
/// @notice Anchors of batches by (node, root), life of records by (node, leaf hash), audits, and proofs of disorder.
/// Every change appends one entry to the region log. The operator of a node, or of its host, acts for it.
///
/// Warning: statements about a record are not checked against a batch. A verifier must look up a node and leaf hash that it has
/// proven to be anchored.
interface IAnchorRegistry {
    /// @notice Governors opened a key epoch.
    event KeyEpochOpened(uint32 indexed epoch, bytes32 epochDigest, uint64 entry);

    /// @notice A batch was anchored. The fields are those of `Batch`.
    /// @param entry Index of its log entry.
    event Anchored(
        uint24 indexed node,
        bytes32 indexed root,
        bytes32 indexed product,
        uint64 size,
        uint32 number,
        BatchKind kind,
        uint32 domains,
        uint64 subjects,
        uint32 keyEpoch,
        uint64 entry
    );

    /// @notice A regulator attested that the list of a batch's leaves, its size and its order are right.
    event AuditAttested(
        uint24 indexed auditor, uint24 indexed node, bytes32 indexed root, uint64 size, bytes32 reportDigest, uint64 entry
    );

    /// @notice It was proven that the leaves at `index` and `index + 1` of a batch do not ascend.
    event DisorderProven(
        uint24 indexed node, bytes32 indexed root, address indexed prover, uint64 index, uint64 entry
    );

    /// @notice The current key epoch is `expected` (0 before the first was opened), not `given`.
    error AnchorRegistryKeyEpoch(uint32 expected, uint32 given);

    /// @notice A key epoch needs a digest.
    error AnchorRegistryNoDigest();

    /// @notice The digest belongs to `epoch`; a new epoch needs a new key.
    error AnchorRegistryEpochReused(bytes32 epochDigest, uint32 epoch);

    /// @notice `node` has anchored `root` before.
    error AnchorRegistryRootTaken(bytes32 root, uint24 node);

    /// @notice The next batch of the series must have another number.
    error AnchorRegistryNumber(uint32 expected, uint32 given);

    /// @notice A batch needs a root, a product, a domain, from 1 to 2^40 - 1 leaves, and from 1 to `size` subjects.
    error AnchorRegistryBatch(bytes32 root, bytes32 product, uint32 domains, uint64 size, uint64 subjects);

    /// @notice `node` has not anchored `root`.
    error AnchorRegistryNoAnchor(uint24 node, bytes32 root);

    /// @notice The batch is broken for ever.
    error AnchorRegistryBroken(uint24 node, bytes32 root);

    /// @notice A leaf hash must not be 0.
    error AnchorRegistryNoLeaf();

    /// @notice A record's life cannot change from `current` to `given`.
    error AnchorRegistryLife(Life current, Life given);

    /// @notice A successor is needed for a superseded record, and must be another record; otherwise it must be 0.
    error AnchorRegistrySuccessor(bytes32 leaf, bytes32 successor);

    /// @notice The proof does not show `leaf` at `index` of the batch `root`.
    error AnchorRegistryInclusion(bytes32 root, uint64 index, bytes32 leaf);

    /// @notice The leaves at `index` and `index + 1` are in order, so there is nothing to prove.
    error AnchorRegistryOrdered(bytes32 root, uint64 index);

    /// @notice Open the next key epoch, which anchors must name from now on. Only governors may.
    /// @param epochDigest `keccak256(0x02 || tag_key[32])`, never used before.
    /// @return epoch Its number, from 1.
    function openKeyEpoch(bytes32 epochDigest) external returns (uint32 epoch);

    /// @notice Anchor a batch. Only for an active publishing node, within its domains. Reverts with `AnchorRegistryKeyEpoch` if
    /// the batch does not name the current key epoch.
    /// Warning: until an audit, order of leaves and number of subjects are only the publisher's word; see `proveDisorder`.
    /// @return entry Index of its log entry.
    function anchor(Batch memory batch) external returns (uint64 entry);

    /// @notice Declare a record superseded, revoked or erased. Only for the active node that published it. A life only moves on
    /// in the order of `Life`: superseded → revoked → erased. Each may be skipped, and none can be undone.
    /// @param leaf Leaf hash of the record.
    /// @param successor Leaf hash of the record that replaces it if superseded; otherwise 0.
    /// @param reasonDigest Salted digest of the reason.
    function setLife(uint24 node, bytes32 leaf, Life life, bytes32 successor, bytes32 reasonDigest) external;

    /// @notice Attest that the list of a batch's leaves, its size and its order are right. Only for an active regulator. A batch
    /// can be audited any number of times.
    function attestAudit(uint24 auditor, uint24 node, bytes32 root, bytes32 reportDigest) external;

    /// @notice Prove that two adjacent leaves of a batch do not strictly ascend by (tag, section, product, commitment), which
    /// breaks the anchor for ever. Anyone may.
    /// Warning: the two subject tags become public. No other call reveals a tag.
    /// @param index Index of `a`; `b` is at `index + 1`.
    /// @param proofA Inclusion proof of `a`.
    /// @param proofB Inclusion proof of `b`.
    function proveDisorder(
        uint24 node,
        bytes32 root,
        uint64 index,
        LeafOpening calldata a,
        LeafOpening calldata b,
        bytes32[] calldata proofA,
        bytes32[] calldata proofB
    ) external;

    /// @notice The anchor of `root` by `node`; all zero if there is none.
    function anchorOf(uint24 node, bytes32 root) external view returns (AnchorInfo memory);

    /// @notice The life of the record `leaf` of `node`.
    function recordOf(uint24 node, bytes32 leaf) external view returns (RecordInfo memory);

    /// @notice Number of batches of `product` that `node` anchored, which is also the number of the last one.
    function seriesLength(uint24 node, bytes32 product) external view returns (uint32);

    /// @notice The current key epoch, which anchors must name; 0 before the first was opened, when nothing can be anchored.
    function currentKeyEpoch() external view returns (uint32);

    /// @notice Digest of a key epoch's tag key; 0 if there is no such epoch.
    function keyEpochDigest(uint32 epoch) external view returns (bytes32);
}
