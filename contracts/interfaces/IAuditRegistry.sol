// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Batch, Book} from "./IAnchorRegistry.sol";
import {Opening} from "../libraries/Openings.sol";

/// @dev What is wrong with a broken batch or book. The numbers are part of the log format.
enum Fault {
    None,
    Disorder,
    Omission,
    Repeat
}

/// @dev An anchor that is shown.
struct ShownBatch {
    Batch batch;
    Opening entry;
}

/// @dev A book that is shown.
struct ShownBook {
    Book book;
    Opening entry;
}

/// @dev The content of a leaf. Its hash is `keccak256(0x00 || tag[32] || section[1] || product[4] || commitment[32])`.
struct LeafOpening {
    bytes32 tag;
    uint8 section;
    uint32 product;
    bytes32 commitment;
}

/// @dev A leaf that is shown in a tree.
/// @param proof Inclusion proof of the leaf at `index`.
struct ShownLeaf {
    LeafOpening leaf;
    uint64 index;
    bytes32[] proof;
}

/// @dev The place of a leaf in a tree, by its hash.
/// @param proof Inclusion proof of the leaf at `index`.
struct LeafPlace {
    uint64 index;
    bytes32[] proof;
}

/// @dev What became of an anchor or a book; all zero if nothing.
/// @param restored Of an audited book: the auditor found that what broken and annulled batches before it held is published again.
/// @param since Log entry by which it became broken or annulled, whichever was first; 0 if it is sound.
/// @param previous Of an audited book: log entry of the last audited one before it; 0 for none.
/// @param auditedBy Of an audited book: the key that attested its last audit.
/// @param auditedAt When that was, unix seconds.
struct Flags {
    bool audited;
    bool broken;
    bool annulled;
    bool restored;
    uint64 since;
    uint64 previous;
    address auditedBy;
    uint64 auditedAt;
}

/// @title What became of what was published
/// @notice Audits of books, proofs against batches and books, annulment, and closed nodes. Whoever names an anchor or a book
/// shows its log entry. The operator of a node, or of its host, acts for it.
///
/// A batch that is broken or annulled leaves the node's book: later books do not hold its leaves. It stays so for ever.
interface IAuditRegistry {
    /// @notice The anchor or book with this log entry is broken or annulled.
    error AuditRegistrySpoiled(uint64 entry);

    /// @notice A later book was audited already.
    error AuditRegistryAudited(uint64 book, uint64 later);

    /// @notice The tree with this root has no such leaf at `index`.
    error AuditRegistryInclusion(bytes32 root, uint64 index, bytes32 leaf);

    /// @notice The leaves at `index` and `next` are not neighbours.
    error AuditRegistryNotNeighbours(uint64 index, uint64 next);

    /// @notice The leaves at `index` and `index + 1` are in order, so there is nothing to prove.
    error AuditRegistryOrdered(uint64 index);

    /// @notice The two entries are of different nodes or key epochs, or `second` is not after `first`.
    error AuditRegistryUnrelated(uint64 first, uint64 second);

    /// @notice The batch was broken or annulled when the later entry was made, so its leaves did not count any more.
    error AuditRegistryGone(uint64 batch, uint64 later);

    /// @notice The leaf is not between these two neighbours, so it may well be in the book.
    error AuditRegistryNotBetween(uint64 index);

    /// @notice `key` is no key of the node or of its host that was stolen at `time`, unix seconds, and did not attest the book's
    /// audit while it was stolen: nothing is to be annulled.
    error AuditRegistryKeySound(address key, uint24 node, uint64 time);

    /// @notice The node is closed from this entry on already, or the log has no such entry yet.
    error AuditRegistryClosed(uint24 node, uint64 from);

    /// @notice Attest that a book is exactly its batches: all leaves of all that are sound, no others, in order. Only for an
    /// active regulator, and not after a later book was audited. A book may be audited again: the last audit counts, so another
    /// regulator repairs what a thief attested with a stolen key.
    /// @param restored Whether the leaves of all broken and annulled batches before it were published again, or never were the
    /// node's.
    /// @param reportDigest Salted digest of the auditor's report.
    function attestAudit(uint24 auditor, ShownBook calldata shown, bool restored, bytes32 reportDigest) external;

    /// @notice Prove that two adjacent leaves of a batch do not strictly ascend, which breaks the batch for ever. Anyone may.
    /// Warning: the two subject tags become public.
    function proveDisorder(ShownBatch calldata shown, ShownLeaf calldata a, ShownLeaf calldata b) external;

    /// @notice The same of a book.
    function proveDisorderInBook(ShownBook calldata shown, ShownLeaf calldata a, ShownLeaf calldata b) external;

    /// @notice Prove that a leaf of a batch is not in a later book, which breaks the book for ever. Anyone may. If the batch was
    /// broken or annulled before the book was entered, there is nothing to prove.
    /// Warning: the subject tags of the leaf and of its neighbours become public.
    /// @param left The book's last leaf before the place where the leaf would be. Ignored if `right` is the first one.
    /// @param right The first leaf after that place. Ignored if `left` is the last one.
    function proveOmission(
        ShownBatch calldata batch,
        ShownLeaf calldata leaf,
        ShownBook calldata book,
        ShownLeaf calldata left,
        ShownLeaf calldata right
    ) external;

    /// @notice Prove that a leaf of a batch was in an earlier batch already, which breaks the later one for ever. Anyone may. If
    /// the earlier one was broken or annulled before the later one, the leaf was rightly published again.
    function proveRepeat(
        ShownBatch calldata earlier,
        ShownBatch calldata later,
        bytes32 leaf,
        LeafPlace calldata inEarlier,
        LeafPlace calldata inLater
    ) external;

    /// @notice Annul a batch that was anchored with a stolen key. Only governors may; it is final, whatever is later found about
    /// the key.
    /// @param key The stolen key, of the node or of its host.
    /// @param reasonDigest Salted digest of the reason.
    function annulBatch(ShownBatch calldata shown, address key, bytes32 reasonDigest) external;

    /// @notice The same of a book. `key` may also be the one that attested the book's last audit, if it was stolen then.
    /// Warning: the audited book before this one takes its place, whoever attested that. Where it was the thief too, annul it
    /// as well, or have it audited again.
    function annulBook(ShownBook calldata shown, address key, bytes32 reasonDigest) external;

    /// @notice Say that a node no longer shows what it published from an entry on, so that nobody can be asked to. Only governors
    /// may.
    /// @param from Log entry; 0 to open the node again.
    /// @param reasonDigest Salted digest of the reason.
    function closeNode(uint24 node, uint64 from, bytes32 reasonDigest) external;

    /// @notice What became of the anchor or book with this log entry.
    function flagsOf(uint64 entry) external view returns (Flags memory);

    /// @notice From which log entry on a node is closed; 0 if it is not.
    function closedFrom(uint24 node) external view returns (uint64);
}
