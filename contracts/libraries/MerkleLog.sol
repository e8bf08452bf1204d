// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The tree of RFC 9162, section 2.1, with keccak-256
/// @notice Append to a frontier, compute the root, verify inclusion and consistency. Proofs are bound to their index and sizes.
library MerkleLog {
    /// @notice No tree has more than 2^64 leaves, so no proof is longer.
    uint256 internal constant MAX_DEPTH = 64;

    /// @notice Root of the empty tree, `keccak256("")`.
    bytes32 internal constant EMPTY_ROOT = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470;

    /// @notice Append a leaf to a tree of `size` leaves. Peaks are kept as a stack instead of by level: the new peak then goes
    /// into a slot that was just read, which saves a cold access in every second append. Slots above the stack keep their
    /// old value and are overwritten later, which costs less than clearing them.
    /// @param peaks Roots of the perfect subtrees that make up the tree, the largest first: one for each bit set in `size`.
    function append(bytes32[64] storage peaks, uint256 size, bytes32 leaf) internal {
        uint256 top = countBits(size);
        unchecked {
            // Each trailing 1 bit of `size` is a peak that the new leaf merges with.
            for (; size & 1 == 1; size >>= 1) leaf = hashNode(_peakAt(peaks, --top), leaf);
        }
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // peaks[top] = leaf, without reading the old value first.
            sstore(add(peaks.slot, top), leaf)
        }
    }

    /// @notice Root of the tree of `size` leaves with these peaks.
    function root(bytes32[64] storage peaks, uint256 size) internal view returns (bytes32 hash) {
        if (size == 0) return EMPTY_ROOT;
        uint256 top = countBits(size) - 1;
        hash = peaks[top];
        while (top != 0) hash = hashNode(peaks[--top], hash);
    }

    /// @notice Whether `leaf` is at `index` in the tree of `size` leaves with root `root_` (RFC 9162, 2.1.3.2).
    function verifyInclusion(bytes32 leaf, uint256 index, uint256 size, bytes32[] calldata proof, bytes32 root_)
        internal
        pure
        returns (bool)
    {
        if (index >= size || proof.length > MAX_DEPTH) return false;
        uint256 last = size - 1;
        for (uint256 i = 0; i < proof.length; ++i) {
            if (last == 0) return false;
            if (index & 1 == 1 || index == last) {
                leaf = hashNode(proof[i], leaf);
                // A node at the right edge without a sibling moved up: skip the levels where it had none.
                for (; index & 1 == 0 && index != 0; index >>= 1) last >>= 1;
            } else {
                leaf = hashNode(leaf, proof[i]);
            }
            index >>= 1;
            last >>= 1;
        }
        return last == 0 && leaf == root_;
    }

    /// @notice Whether the tree (`newSize`, `newRoot`) extends the tree (`oldSize`, `oldRoot`) (RFC 9162, 2.1.4.2). Every tree
    /// extends the empty tree; trees of equal size need equal roots. In both cases the proof is empty.
    function verifyConsistency(
        uint256 oldSize,
        bytes32 oldRoot,
        uint256 newSize,
        bytes32 newRoot,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (oldSize > newSize || proof.length > MAX_DEPTH) return false;
        if (oldSize == newSize) return proof.length == 0 && oldRoot == newRoot;
        if (oldSize == 0) return proof.length == 0 && oldRoot == EMPTY_ROOT;

        uint256 index = oldSize - 1;
        uint256 last = newSize - 1;
        for (; index & 1 == 1; index >>= 1) last >>= 1;
        // If the old tree is perfect, its root is the first node, and the proof leaves it out.
        uint256 used = oldSize & (oldSize - 1) == 0 ? 0 : 1;
        if (proof.length < used) return false;
        bytes32 oldHash = used == 0 ? oldRoot : proof[0];
        bytes32 newHash = oldHash;
        for (; used < proof.length; ++used) {
            if (last == 0) return false;
            bytes32 sibling = proof[used];
            if (index & 1 == 1 || index == last) {
                oldHash = hashNode(sibling, oldHash);
                newHash = hashNode(sibling, newHash);
                for (; index & 1 == 0 && index != 0; index >>= 1) last >>= 1;
            } else {
                newHash = hashNode(newHash, sibling);
            }
            index >>= 1;
            last >>= 1;
        }
        return last == 0 && oldHash == oldRoot && newHash == newRoot;
    }

    /// @notice Inner node: `keccak256(0x01 || left[32] || right[32])`.
    function hashNode(bytes32 left, bytes32 right) internal pure returns (bytes32 hash) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            // Uses 65 bytes beyond the free memory pointer without moving it: they are scratch space.
            let free := mload(0x40)
            mstore8(free, 0x01)
            mstore(add(free, 0x01), left)
            mstore(add(free, 0x21), right)
            hash := keccak256(free, 0x41)
        }
    }

    /// @dev `peaks[place]`; there are never more than 64.
    function _peakAt(bytes32[64] storage peaks, uint256 place) private view returns (bytes32 peak) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            peak := sload(add(peaks.slot, place))
        }
    }

    /// @dev Number of bits set in a number below 2^64: adds neighbouring fields of 1, 2 and 4 bits, then all bytes at once.
    function countBits(uint256 x) internal pure returns (uint256) {
        unchecked {
            x -= (x >> 1) & 0x5555555555555555;
            x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333);
            x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
            return ((x * 0x0101010101010101) >> 56) & 0xff;
        }
    }
}
