"""Trees and books of millions of leaves of which only a few are real: proofs cannot tell, and the files take no room.

Whatever lies beside the paths of the real leaves is a made-up hash. The root is that of a true tree over them, so that
proofs of the real leaves are as long, and hold, as in a tree of which everything is real.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from creditchain.batch.book.manifest import BookBatch, BookManifest, BookPart, BookTerms
from creditchain.batch.book.rows import LEAVES, LEVELS, ORIGINS, part_name
from creditchain.batch.folder.tree_file import level_widths
from creditchain.hashing import keccak256
from creditchain.merkle import Leaf, node_hash, tree_root
from creditchain.merkle.rows import KEY_BYTES

_ABOVE = b"\xff" * KEY_BYTES
_HASH = 32


class SparseTree:
    """A tree of `size` leaves, of which those in `leaves` (hashes by index) are real."""

    def __init__(self, size: int, leaves: Mapping[int, bytes], seed: bytes) -> None:
        self.size, self._seed = size, seed
        self._widths = level_widths(size)
        self._nodes: list[dict[int, bytes]] = [dict(leaves)]
        for level in range(1, len(self._widths)):
            self._nodes.append({index: self._parent(level, index) for index in {at // 2 for at in self._nodes[-1]}})

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`: real above a real leaf, else made up."""
        if not 0 <= index < self._widths[level]:
            raise IndexError(f"no node {index} in level {level}")
        found = self._nodes[level].get(index)
        if found is not None:
            return found
        if level and 2 * index + 1 >= self._widths[level - 1]:
            return self.node(level - 1, 2 * index)  # a last node without a sibling moves up unchanged
        return keccak256(self._seed + bytes([level]) + index.to_bytes(8, "big"))

    def _parent(self, level: int, index: int) -> bytes:
        left = self.node(level - 1, 2 * index)
        if 2 * index + 1 >= self._widths[level - 1]:
            return left
        return node_hash(left, self.node(level - 1, 2 * index + 1))


def sparse_book(
    books: Path,
    terms: BookTerms,
    size: int,
    first: int,
    leaves: Sequence[tuple[Leaf, int]],
    batches: Sequence[BookBatch],
) -> BookManifest:
    """Write the folder of a book of `size` leaves, of which these stand from index `first` on, each with its batch.

    Below them the files hold zeros, above them nothing but what a search for them comes by. The sizes of `batches`
    must add up to `size`.
    """
    tree = SparseTree(size, {first + at: leaf.hash() for at, (leaf, _) in enumerate(leaves)}, terms.log_id[:8])
    root = tree_root(tree)
    folder = books / root.hex()
    for name in (LEAVES, ORIGINS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    keys = {first + at: _key(leaf) for at, (leaf, _) in enumerate(leaves)}
    keys |= dict.fromkeys(_above(size, first, first + len(leaves)), _ABOVE)
    _write(folder / LEAVES / part_name(0), size * KEY_BYTES, {at * KEY_BYTES: key for at, key in keys.items()})
    origins = {(first + at) * 4: number.to_bytes(4, "little") for at, (_, number) in enumerate(leaves)}
    _write(folder / ORIGINS / part_name(0), size * 4, origins)
    _write_levels(folder / LEVELS, tree, first, len(leaves))
    manifest = BookManifest(terms, root, size, tuple(batches), (), (BookPart(size, "", ""),), "")
    (folder / "manifest.json").write_bytes(manifest.to_bytes())
    return manifest


def _key(leaf: Leaf) -> bytes:
    return leaf.tag + bytes([leaf.section]) + leaf.product.to_bytes(4, "big") + leaf.commitment


def _above(size: int, first: int, end: int) -> set[int]:
    """Places past the real leaves that a binary search for any place from `first` to `end` comes by."""
    found = set()
    for target in range(first, end + 1):
        for low in {0, *range(first, end + 1)}:
            high, at = size, low
            while at < high:
                middle = (at + high) // 2
                if middle >= end:
                    found.add(middle)
                at, high = (middle + 1, high) if middle < target else (at, middle)
    return found


def _write_levels(path: Path, tree: SparseTree, first: int, count: int) -> None:
    """The nodes that proofs of runs of the real leaves need, and the root."""
    widths = level_widths(tree.size)
    places = list(accumulate((width * _HASH for width in widths), initial=0))
    nodes = {}
    for level, width in enumerate(widths):
        low, high = first >> level, first + count - 1 >> level
        for index in range(max(0, low - 1), min(width, high + 2)):
            nodes[places[level] + index * _HASH] = tree.node(level, index)
    _write(path, places[-1], nodes)


def _write(path: Path, length: int, pieces: Mapping[int, bytes]) -> None:
    with path.open("wb") as file:
        file.truncate(length)
        for place, piece in pieces.items():
            file.seek(place)
            file.write(piece)
