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

/// @dev The state of the last dispute about a record. The numbers are part of the log format.
enum Dispute {
    None,
    Open,
    Corrected,
    Upheld,
    Unresolved
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

/// @dev Life and dispute of a record; all zero for a live record that was never disputed. Times are unix seconds, 0 for never.
/// @param lifeAt When `life` last changed.
/// @param disputedAt When the last dispute was filed.
/// @param dueAt When the answer is or was due.
/// @param answeredAt When it was answered; 0 while it is open.
/// @param platform Node that filed it.
/// @param entry Index of the last log entry about this record.
struct RecordInfo {
    Life life;
    Dispute dispute;
    uint40 lifeAt;
    uint40 disputedAt;
    uint40 dueAt;
    uint40 answeredAt;
    uint24 platform;
    uint64 entry;
}

/// @dev A correcting record and where it is anchored. All zero for outcomes other than `Corrected`.
/// @param root Root of a batch of the same node.
/// @param index Index of the leaf.
/// @param successor Leaf hash of the correcting record.
/// @param proof Inclusion proof of `successor` at `index` in the batch.
struct Correction {
    bytes32 root;
    uint64 index;
    bytes32 successor;
    bytes32[] proof;
}

/// @dev An enterprise's dispute, signed as the EIP-712 message `DisputeFiling` with the same fields in the same order.
/// @param platform Node that endorses: it knows the enterprise, and that the record is about it.
/// @param node Node that published the record.
/// @param leaf Leaf hash of the record.
/// @param reasonDigest Salted digest of the reason.
/// @param key The enterprise's key, an account or an ERC-1271 wallet.
/// @param previous The record's current `disputedAt`, 0 if it was never disputed. Thus a filing can be used only once.
/// @param deadline Unix seconds until which the filing may be used, inclusive.
struct DisputeFiling {
    uint24 platform;
    uint24 node;
    bytes32 leaf;
    bytes32 reasonDigest;
    address key;
    uint40 previous;
    uint40 deadline;
}

/// @dev The content of a leaf. Its hash is `keccak256(0x00 || tag[32] || section[1] || product[4] || commitment[32])`.
struct LeafOpening {
    bytes32 tag;
    uint8 section;
    uint32 product;
    bytes32 commitment;
}

/// @title What was published, and what became of it
/// @notice Anchors of batches by (node, root), life and dispute of records by (node, leaf hash), audits, and proofs of disorder.
/// Every change emits one event and appends one entry to the region log. The operator of a node, or of its host, acts for it.
///
/// Warning: statements about a record are not checked against a batch, except the successor of a correction. A verifier must look
/// up a node and leaf hash that it has proven to be anchored.
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

    /// @notice The life of a record changed.
    /// @param successor The record that takes its place; 0 unless superseded.
    /// @param reasonDigest Salted digest of the reason, kept off chain.
    event LifeChanged(
        uint24 indexed node, bytes32 indexed leaf, Life indexed life, bytes32 successor, bytes32 reasonDigest, uint64 entry
    );

    /// @notice A platform filed a dispute. An answer is due at `dueAt`, unix seconds.
    event DisputeFiled(
        uint24 indexed platform,
        uint24 indexed node,
        bytes32 indexed leaf,
        uint40 dueAt,
        bytes32 reasonDigest,
        uint64 entry
    );

    /// @notice The enterprise's key signed the dispute that was just filed.
    event DisputeSigned(address indexed key, uint24 indexed node, bytes32 indexed leaf);

    /// @notice The publisher answered the dispute that `platform` filed.
    /// @param successor The correcting record; 0 unless `outcome` is `Corrected`.
    event DisputeAnswered(
        uint24 indexed platform,
        uint24 indexed node,
        bytes32 indexed leaf,
        Dispute outcome,
        uint40 dueAt,
        bytes32 successor,
        bytes32 reasonDigest,
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

    /// @notice There is no node with this number.
    error AnchorRegistryUnknownNode(uint24 node);

    /// @notice A leaf hash must not be 0.
    error AnchorRegistryNoLeaf();

    /// @notice A record's life cannot change from `current` to `given`.
    error AnchorRegistryLife(Life current, Life given);

    /// @notice A successor is needed for a superseded or corrected record, and must be another record; otherwise it must be 0.
    error AnchorRegistrySuccessor(bytes32 leaf, bytes32 successor);

    /// @notice The state of the record's dispute is `current`. It must not be open for filing, and must be open for answering.
    error AnchorRegistryDispute(uint24 node, bytes32 leaf, Dispute current);

    /// @notice The filing expired at `deadline`, unix seconds.
    error AnchorRegistryFilingExpired(uint40 deadline);

    /// @notice The record was last disputed at `expected`, and the filing names `given`.
    error AnchorRegistryFilingUsed(uint40 expected, uint40 given);

    /// @notice The filing was not signed by `key`.
    error AnchorRegistryFilingSignature(address key);

    /// @notice The filing was not signed by the operator of `platform`, or `platform` is not an active platform.
    error AnchorRegistryFilingEndorsement(uint24 platform);

    /// @notice The outcome of a dispute must be corrected, upheld or unresolved.
    error AnchorRegistryOutcome(Dispute outcome);

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

    /// @notice Dispute a record of `node`. Only for an active platform, on behalf of the enterprise. The answer is due in 20 days
    /// (Regulation on Credit Reporting, art. 25). A record whose last dispute was answered can be disputed again.
    /// @param platform The platform that files.
    function fileDispute(uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest) external;

    /// @notice As `fileDispute`, by the enterprise itself: signed by its key and endorsed by a platform. Anyone may relay it.
    /// @param keySignature Signature by `filing.key`.
    /// @param endorsement Signature by the operator of the active platform, or of its host, over the same message.
    function fileDisputeSigned(
        DisputeFiling calldata filing,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) external;

    /// @notice Answer an open dispute, late or not. Only for the active node that published the record. With `Corrected`, the
    /// correcting record must be proven to be in an anchored batch of the node. If the disputed record was live, it becomes
    /// superseded, with a second event and log entry.
    /// @param outcome `Corrected`, `Upheld` or `Unresolved`.
    function answerDispute(
        uint24 node,
        bytes32 leaf,
        Dispute outcome,
        Correction calldata correction,
        bytes32 reasonDigest
    ) external;

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

    /// @notice Life and dispute of the record `leaf` of `node`.
    function recordOf(uint24 node, bytes32 leaf) external view returns (RecordInfo memory);

    /// @notice Number of batches of `product` that `node` anchored, which is also the number of the last one.
    function seriesLength(uint24 node, bytes32 product) external view returns (uint32);

    /// @notice The current key epoch, which anchors must name; 0 before the first was opened, when nothing can be anchored.
    function currentKeyEpoch() external view returns (uint32);

    /// @notice Digest of a key epoch's tag key; 0 if there is no such epoch.
    function keyEpochDigest(uint32 epoch) external view returns (bytes32);
}
