// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev `Full` restates all earlier batches of its series, `Delta` adds to them. Numbers are part of the log format.
enum BatchKind {
    Delta,
    Full
}

/// @dev The life of a record. It only moves down this list. Numbers are part of the log format.
enum Life {
    Live,
    Superseded,
    Revoked,
    Erased
}

/// @dev The last dispute about a record. Numbers are part of the log format.
enum Dispute {
    None,
    Open,
    Corrected,
    Upheld,
    Unresolved
}

/// @dev In this order the body of an `ANCHOR` log entry.
/// @param node Who publishes.
/// @param root Root of the batch tree.
/// @param size Number of leaves, at least 1.
/// @param product Digest of the product file, not 0.
/// @param number Number of the batch in its series (this node, this product), from 1 without a gap.
/// @param domains Bit set of the domains the batch's documents come from, not 0.
/// @param subjects Number of different subjects, as the publisher declares it, from 1 to `size`.
/// @param keyEpoch The current key epoch, under which the subject tags were made.
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

/// @dev All zero when there is no such anchor.
/// @param time Unix seconds of the block.
/// @param entry Index of its log entry.
/// @param audited Whether a regulator attested that the batch is well formed. It says nothing about truth.
/// @param broken Whether somebody proved that its leaves are not in order.
struct AnchorInfo {
    uint24 node;
    uint64 size;
    uint40 time;
    uint64 entry;
    uint32 keyEpoch;
    bool audited;
    bool broken;
}

/// @dev All zero for a record that is live and was never disputed. Times are unix seconds, 0 for never.
/// @param lifeAt When `life` last changed.
/// @param disputedAt When the last dispute was filed.
/// @param dueAt When its answer is or was due.
/// @param answeredAt When it was answered; 0 while it is open.
/// @param platform Who filed it.
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

/// @dev Where the record that corrects another one is anchored. All zero for outcomes other than `Corrected`.
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

/// @dev An enterprise disputes a record, signed as the EIP-712 message `DisputeFiling` of the same fields in the same order.
/// @param platform Node that endorses: it knows the enterprise, and that the record is about it.
/// @param node Node that published the record.
/// @param leaf Leaf hash of the record.
/// @param reasonDigest Salted digest of the reason.
/// @param key The enterprise's key, an account or an ERC-1271 wallet.
/// @param previous `disputedAt` of the record as it is, 0 when it was never disputed: so a filing can be used once.
/// @param deadline Unix seconds until which it may be used, inclusive.
struct DisputeFiling {
    uint24 platform;
    uint24 node;
    bytes32 leaf;
    bytes32 reasonDigest;
    address key;
    uint40 previous;
    uint40 deadline;
}

/// @dev What a leaf hash is made of: `keccak256(0x00 || tag[32] || section[1] || commitment[32])`.
struct LeafOpening {
    bytes32 tag;
    uint8 section;
    bytes32 commitment;
}

/// @title What was published, and what became of it
/// @notice Anchors of batches by (node, root), life and dispute of records by (node, leaf hash), audits, and proofs of disorder.
/// Every change emits one event and appends one entry to the region log. A node is acted for by its operator or its host's.
///
/// Warning: no statement about a record is checked against a batch, except the successor of a correction. A verifier looks up the
/// node and leaf hash it has itself proven to be anchored.
interface IAnchorRegistry {
    /// @notice Governors opened a key epoch.
    event KeyEpochOpened(uint32 indexed epoch, bytes32 epochDigest, uint64 entry);

    /// @notice A batch was anchored. Fields as in `Batch`.
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

    /// @notice The dispute that was just filed was signed by the enterprise's key.
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

    /// @notice A regulator attested that list, size and order of a batch are right.
    event AuditAttested(
        uint24 indexed auditor, uint24 indexed node, bytes32 indexed root, uint64 size, bytes32 reportDigest, uint64 entry
    );

    /// @notice Somebody proved that the leaves at `index` and `index + 1` of a batch do not ascend.
    event DisorderProven(
        uint24 indexed node, bytes32 indexed root, address indexed prover, uint64 index, uint64 entry
    );

    /// @notice A key epoch has a digest.
    error AnchorRegistryNoDigest();

    /// @notice The digest was that of `epoch`; a new epoch needs a new key.
    error AnchorRegistryEpochReused(bytes32 epochDigest, uint32 epoch);

    /// @notice `node` has anchored `root` before.
    error AnchorRegistryRootTaken(bytes32 root, uint24 node);

    /// @notice The next batch of the series has another number.
    error AnchorRegistryNumber(uint32 expected, uint32 given);

    /// @notice A batch has a root, a product, a domain, a leaf at least, and from 1 to `size` subjects.
    error AnchorRegistryBatch(bytes32 root, bytes32 product, uint32 domains, uint64 size, uint64 subjects);

    /// @notice `node` has not anchored `root`.
    error AnchorRegistryNoAnchor(uint24 node, bytes32 root);

    /// @notice The batch is broken, and stays so.
    error AnchorRegistryBroken(uint24 node, bytes32 root);

    /// @notice There is no node of this number.
    error AnchorRegistryUnknownNode(uint24 node);

    /// @notice A leaf hash is not 0.
    error AnchorRegistryNoLeaf();

    /// @notice A record's life doesn't go from `current` to `given`.
    error AnchorRegistryLife(Life current, Life given);

    /// @notice Superseded, or corrected, means by another record, and nothing else does.
    error AnchorRegistrySuccessor(bytes32 leaf, bytes32 successor);

    /// @notice The record's dispute is `current`: filing needs one that is not open, answering an open one.
    error AnchorRegistryDispute(uint24 node, bytes32 leaf, Dispute current);

    /// @notice The filing was to be used until `deadline`, unix seconds.
    error AnchorRegistryFilingExpired(uint40 deadline);

    /// @notice The record was last disputed at `expected`; the filing knows of `given`.
    error AnchorRegistryFilingUsed(uint40 expected, uint40 given);

    /// @notice The filing was not signed by `key`.
    error AnchorRegistryFilingSignature(address key);

    /// @notice The filing was not signed by the operator of `platform`, or that is no active platform.
    error AnchorRegistryFilingEndorsement(uint24 platform);

    /// @notice An answer is corrected, upheld or unresolved.
    error AnchorRegistryOutcome(Dispute outcome);

    /// @notice `leaf` is not proven to be at `index` of the batch `root`.
    error AnchorRegistryInclusion(bytes32 root, uint64 index, bytes32 leaf);

    /// @notice The leaves at `index` and `index + 1` ascend, as they should.
    error AnchorRegistryOrdered(bytes32 root, uint64 index);

    /// @notice Open the next key epoch; anchors name it from now on. Only governors.
    /// @param epochDigest `keccak256(0x02 || tag_key[32])`, never used before.
    /// @return epoch Its number, from 1.
    function openKeyEpoch(bytes32 epochDigest) external returns (uint32 epoch);

    /// @notice Anchor a batch. For an active publishing node, within its domains. Reverts with `RegionLogKeyEpoch` when the batch
    /// names another key epoch than the current one.
    /// Warning: order of leaves and the count of subjects are the publisher's word until audited; see `proveDisorder`.
    /// @return entry Index of its log entry.
    function anchor(Batch memory batch) external returns (uint64 entry);

    /// @notice Say that a record is superseded, revoked or erased. For the active node that published it. A life only moves on in
    /// the order of `Life`: superseded → revoked → erased, each may be skipped, none is undone.
    /// @param leaf Leaf hash of the record.
    /// @param successor Leaf hash of the record that takes its place when superseded; otherwise 0.
    /// @param reasonDigest Salted digest of the reason.
    function setLife(uint24 node, bytes32 leaf, Life life, bytes32 successor, bytes32 reasonDigest) external;

    /// @notice Dispute a record of `node`. For an active platform, in the name of the enterprise. The answer is due in 20 days
    /// (Regulation on Credit Reporting, art. 25). A record whose last dispute was answered can be disputed again.
    /// @param platform The platform that files.
    function fileDispute(uint24 platform, uint24 node, bytes32 leaf, bytes32 reasonDigest) external;

    /// @notice As `fileDispute`, in the enterprise's own words: signed by its key and endorsed by a platform, relayed by anyone.
    /// @param keySignature By `filing.key`.
    /// @param endorsement By the operator of the active platform, or of its host, over the same message.
    function fileDisputeSigned(
        DisputeFiling calldata filing,
        bytes calldata keySignature,
        bytes calldata endorsement
    ) external;

    /// @notice Answer an open dispute, late or not. For the active node that published the record. `Corrected` proves that the
    /// correcting record is in an anchored batch of the node, and supersedes a record that was live: that is a second
    /// event and entry.
    /// @param outcome `Corrected`, `Upheld` or `Unresolved`.
    function answerDispute(
        uint24 node,
        bytes32 leaf,
        Dispute outcome,
        Correction calldata correction,
        bytes32 reasonDigest
    ) external;

    /// @notice Attest that list, size and order of a batch are right. For an active regulator. Several may, each once or more.
    function attestAudit(uint24 auditor, uint24 node, bytes32 root, bytes32 reportDigest) external;

    /// @notice Prove that two adjacent leaves of a batch do not strictly ascend by (tag, section, commitment), which breaks the
    /// anchor for ever. Anybody.
    /// Warning: the two subject tags become public; it is the only call that shows one.
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

    /// @notice The anchor of `root` by `node`; all zero when there is none.
    function anchorOf(uint24 node, bytes32 root) external view returns (AnchorInfo memory);

    /// @notice Life and dispute of the record `leaf` of `node`.
    function recordOf(uint24 node, bytes32 leaf) external view returns (RecordInfo memory);

    /// @notice Number of batches that `node` anchored of `product`; the last one's number.
    function seriesLength(uint24 node, bytes32 product) external view returns (uint32);

    /// @notice The epoch that anchors name now; 0 before the first was opened, when nothing can be anchored.
    function currentKeyEpoch() external view returns (uint32);

    /// @notice Digest of a key epoch's tag key; 0 when there is no such epoch.
    function keyEpochDigest(uint32 epoch) external view returns (bytes32);
}
