// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @dev The life of a record. It only moves down this list. The numbers are part of the log format.
enum Life {
    Live,
    Superseded,
    Revoked,
    Erased
}

/// @dev Whether batches of a product may be anchored. The numbers are part of the log format.
enum ProductState {
    None,
    Launched,
    Withdrawn
}

/// @dev A batch: documents of one product. The fields, in this order, are the body of an `ANCHOR` log entry.
/// @param node Node that publishes.
/// @param keyEpoch The current key epoch, whose key made the subject tags.
/// @param product Number of a launched product.
/// @param number Number of the batch among all that the node anchors under this key epoch, from 1 without gaps.
/// @param root Root of the batch tree.
/// @param size Number of leaves, at least 1.
/// @param domains Bit set of the domains that the batch's documents come from, not 0.
/// @param subjects Number of different subjects as declared by the publisher, from 1 to `size`.
struct Batch {
    uint24 node;
    uint32 keyEpoch;
    uint32 product;
    uint32 number;
    bytes32 root;
    uint64 size;
    uint32 domains;
    uint64 subjects;
}

/// @dev A book: all leaves of a node's batches under a key epoch as one tree. The fields, in this order, are the body of a `BOOK`
/// log entry.
/// @param node Node that publishes.
/// @param keyEpoch The key epoch of its batches.
/// @param batches Number of batches that it covers: all so far.
/// @param size Number of leaves: those of all batches, but not of broken and annulled ones.
/// @param root Root of its tree, in the order of a batch tree.
struct Book {
    uint24 node;
    uint32 keyEpoch;
    uint32 batches;
    uint64 size;
    bytes32 root;
}

/// @dev A product.
/// @param digest The first 24 bytes of the digest of its file; the log entry has all.
struct Product {
    ProductState state;
    bytes24 digest;
}

/// @dev What a node published under a key epoch; all zero if nothing.
/// @param batches Number of batches, which is also the number of the last one.
/// @param leaves Number of their leaves.
/// @param gone Number of those leaves that are in broken or annulled batches.
/// @param lastEntry Log entry of the last batch or book.
/// @param book Log entry of the last book; 0 for none.
/// @param auditedBook Log entry of the last book that is audited and sound; 0 for none.
struct Published {
    uint32 batches;
    uint64 leaves;
    uint64 gone;
    uint64 lastEntry;
    uint64 book;
    uint64 auditedBook;
}

/// @dev The life of a record; all zero for a record that was live all the time.
/// @param lifeAt When `life` last changed, unix seconds.
/// @param entry Index of the log entry that changed it.
struct RecordInfo {
    Life life;
    uint40 lifeAt;
    uint64 entry;
}

/// @title What may be published, and what was
/// @notice Products, key epochs, batches, books, and the lives of records. An anchor and a book are entries of the log, and
/// nothing else: whoever names one shows its entry. The operator of a node, or of its host, acts for it.
///
/// Warning: statements about a record are not checked against a batch. A verifier must look up a node and leaf hash that it has
/// proven to be anchored.
interface IAnchorRegistry {
    /// @notice The current key epoch is `expected` (0 before the first was opened), not `given`.
    error AnchorRegistryKeyEpoch(uint32 expected, uint32 given);

    /// @notice A key epoch needs a digest.
    error AnchorRegistryNoDigest();

    /// @notice The digest belongs to `epoch`; a new epoch needs a new key.
    error AnchorRegistryEpochReused(bytes32 epochDigest, uint32 epoch);

    /// @notice A product needs a number and a digest.
    error AnchorRegistryNoProduct(uint32 number, bytes32 digest);

    /// @notice The state of the product is `current`. A number is launched once; only a launched product can be withdrawn, and
    /// only its batches can be anchored.
    error AnchorRegistryProduct(uint32 number, ProductState current);

    /// @notice The node's next batch under this key epoch must have another number.
    error AnchorRegistryNumber(uint32 expected, uint32 given);

    /// @notice A batch needs a root, a domain, from 1 to 2^40 - 1 leaves, and from 1 to `size` subjects.
    error AnchorRegistryBatch(bytes32 root, uint32 domains, uint64 size, uint64 subjects);

    /// @notice The node would have `leaves` leaves under this key epoch; there are at most 2^40 - 1.
    error AnchorRegistryFull(uint24 node, uint64 leaves);

    /// @notice A book covers all `batches` batches and has exactly their `size` leaves, at least 1, and a root.
    error AnchorRegistryBook(uint32 batches, uint64 size, uint32 givenBatches, uint64 givenSize);

    /// @notice A leaf hash must not be 0.
    error AnchorRegistryNoLeaf();

    /// @notice A record's life cannot change from `current` to `given`.
    error AnchorRegistryLife(Life current, Life given);

    /// @notice A successor is needed for a superseded record, and must be another record; otherwise it must be 0.
    error AnchorRegistrySuccessor(bytes32 leaf, bytes32 successor);

    /// @notice The successor is no longer live. Whoever supersedes a record by one that is gone would hide both.
    error AnchorRegistrySuccessorLife(bytes32 successor, Life life);

    /// @notice The number with this digest is accepted already, or is not; a digest is not 0.
    error AnchorRegistryException(bytes32 digest, bool accepted);

    /// @notice Open the next key epoch, which anchors must name from now on. Only governors may.
    /// @param epochDigest `keccak256(0x02 || tag_key[32])`, never used before.
    /// @return epoch Its number, from 1.
    function openKeyEpoch(bytes32 epochDigest) external returns (uint32 epoch);

    /// @notice Launch a product: its batches can be anchored from now on. Only governors may.
    /// @param number Its number, not 0, never launched before.
    /// @param digest Digest of its file, not 0.
    function launchProduct(uint32 number, bytes32 digest) external;

    /// @notice Withdraw a product for ever: its batches can no longer be anchored. Only governors may.
    function withdrawProduct(uint32 number) external;

    /// @notice Accept a number of an enterprise although its check digits are wrong, or no longer. Only governors may.
    /// Warning: publishers hold themselves to it; no contract sees a number.
    /// @param digest `keccak256(scheme || 0x00 || number)`.
    function setException(bytes32 digest, bool accepted) external;

    /// @notice Anchor a batch. Only for an active publishing node, within its domains. The product must be launched, the key
    /// epoch the current one, and the number the next; so a transaction that is sent twice takes effect once.
    /// Warning: until an audit, the order of its leaves and the number of subjects are only the publisher's word.
    /// @return entry Index of its log entry.
    function anchor(Batch calldata batch) external returns (uint64 entry);

    /// @notice Enter the book of a key epoch, current or past. Only for an active publishing node. It may be entered any number
    /// of times.
    /// Warning: until an audit, the root is only the publisher's word.
    /// @return entry Index of its log entry.
    function enterBook(Book calldata book) external returns (uint64 entry);

    /// @notice Declare a record superseded, revoked or erased. Only for the active node that published it. A life only moves on
    /// in the order of `Life`: superseded → revoked → erased. Each may be skipped, and none can be undone.
    /// @param leaf Leaf hash of the record.
    /// @param successor Leaf hash of the record that replaces it if superseded, of the same node and live; otherwise 0.
    /// @param reasonDigest Salted digest of the reason.
    function setLife(uint24 node, bytes32 leaf, Life life, bytes32 successor, bytes32 reasonDigest) external;

    /// @notice What a node published under a key epoch.
    function published(uint24 node, uint32 keyEpoch) external view returns (Published memory);

    /// @notice Nodes that ever anchored, in the order of their first anchor.
    /// @param first Place of the first one, from 1.
    /// @param most How many at most.
    function publishers(uint256 first, uint256 most) external view returns (uint24[] memory numbers);

    /// @notice Numbers of products that were ever launched, in that order; `first` and `most` as above.
    function products(uint256 first, uint256 most) external view returns (uint32[] memory numbers);

    /// @notice A product; state `None` if it was never launched.
    function productOf(uint32 number) external view returns (Product memory);

    /// @notice Life and dispute of the record `leaf` of `node`.
    function recordOf(uint24 node, bytes32 leaf) external view returns (RecordInfo memory);

    /// @notice The current key epoch, which anchors must name; 0 before the first was opened, when nothing can be anchored.
    function currentKeyEpoch() external view returns (uint32);

    /// @notice Digest of a key epoch's tag key; 0 if there is no such epoch.
    function keyEpochDigest(uint32 epoch) external view returns (bytes32);
}
