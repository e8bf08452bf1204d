"""The tree as a file equals the tree in memory however it is written in pieces, and no incomplete file remains."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from creditchain.batch.folder import tree_file as files
from creditchain.batch.folder.tree_file import FileTree, TreeFileError, TreeWriter, first_wrong_node, level_widths
from creditchain.merkle import (
    EMPTY_ROOT,
    MemoryTree,
    consistency_path,
    inclusion_path,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from creditchain.merkle.rows import Rows

RANDOM = np.random.default_rng(11)


def leaf_hashes(size: int) -> Rows:
    return RANDOM.integers(0, 256, (size, 32), dtype=np.uint8)


def written(path: Path, rows: Rows, piece: int) -> tuple[FileTree, bytes]:
    with TreeWriter(path, len(rows)) as writer:
        for start in range(0, len(rows), piece):
            writer.append(rows[start : start + piece])
        root = writer.finish()
    return FileTree(path, len(rows)), root


def assert_same(tree: FileTree, root: bytes, rows: Rows) -> None:
    memory = MemoryTree([row.tobytes() for row in rows])
    assert (tree.size, tree_root(tree), root) == (memory.size, tree_root(memory), tree_root(memory))
    for level, width in enumerate(level_widths(len(rows))):
        nodes = [memory.node(level, index) for index in range(width)]
        assert [tree.node(level, index) for index in range(width)] == nodes
        assert tree.rows(level).tobytes() == b"".join(nodes)


def test_every_size_to_70_in_several_pieces(tmp_path: Path) -> None:
    for size in range(71):
        rows = leaf_hashes(size)
        for piece in {1, 2, 3, 7, 16, size} - {0}:
            path = tmp_path / f"{size}-{piece}"
            assert_same(*written(path, rows, piece), rows)


@pytest.mark.parametrize("piece", [1000, 1024, 4097])
@pytest.mark.parametrize("size", [4095, 4096, 4097, 10_001])
def test_thousands(tmp_path: Path, size: int, piece: int) -> None:
    rows = leaf_hashes(size)
    assert_same(*written(tmp_path / "tree", rows, piece), rows)


def test_pieces_may_be_empty(tmp_path: Path) -> None:
    rows = leaf_hashes(5)
    with TreeWriter(tmp_path / "tree", 5) as writer:
        for piece in (rows[:0], rows[:3], rows[3:3], rows[3:], rows[5:]):
            writer.append(piece)
        assert writer.finish() == tree_root(MemoryTree([row.tobytes() for row in rows]))


def test_proofs_from_the_file(tmp_path: Path) -> None:
    rows = leaf_hashes(1000)
    tree, root = written(tmp_path / "tree", rows, 64)
    for index in (0, 1, 511, 512, 998, 999):
        assert verify_inclusion(rows[index].tobytes(), index, 1000, inclusion_path(tree, index), root)
    older, older_root = written(tmp_path / "older", rows[:700], 700)
    assert older.size == 700
    assert verify_consistency(700, older_root, 1000, root, consistency_path(tree, 700))


def test_the_empty_tree(tmp_path: Path) -> None:
    tree, root = written(tmp_path / "tree", leaf_hashes(0), 1)
    assert (tree.size, tree_root(tree), root) == (0, EMPTY_ROOT, EMPTY_ROOT)
    assert (tmp_path / "tree").read_bytes() == b""
    assert first_wrong_node(tree) is None


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 5), (1, 3), (3, 1), (4, 0)])
def test_no_node_outside_the_tree(tmp_path: Path, level: int, index: int) -> None:
    tree, _ = written(tmp_path / "tree", leaf_hashes(5), 5)
    with pytest.raises(IndexError):
        tree.node(level, index)
    if index == 0:
        with pytest.raises(IndexError):
            tree.rows(level)


def test_too_many_leaves(tmp_path: Path) -> None:
    with TreeWriter(tmp_path / "tree", 4) as writer:
        writer.append(leaf_hashes(3))
        with pytest.raises(ValueError, match="more leaf hashes than announced"):
            writer.append(leaf_hashes(2))
    assert not list(tmp_path.iterdir())


def test_too_few_leaves(tmp_path: Path) -> None:
    with TreeWriter(tmp_path / "tree", 4) as writer:
        writer.append(leaf_hashes(3))
        with pytest.raises(ValueError, match="3 leaf hashes of 4 announced"):
            writer.finish()
    assert not list(tmp_path.iterdir())


def test_an_interrupted_tree_leaves_no_file(tmp_path: Path) -> None:
    def interrupted() -> None:
        with TreeWriter(tmp_path / "tree", 4) as writer:
            writer.append(leaf_hashes(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tree").write_bytes(b"something else")
    with pytest.raises(FileExistsError):
        TreeWriter(tmp_path / "tree", 4)
    assert (tmp_path / "tree").read_bytes() == b"something else"


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_is_found_out_before_the_work(tmp_path: Path) -> None:
    with largest_file(100_000), pytest.raises(OSError, match="File too large"):
        TreeWriter(tmp_path / "tree", 10_000)
    assert not list(tmp_path.iterdir())


def test_no_room_where_space_cannot_be_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.posix_fallocate")
    with pytest.raises(OSError, match="File too large"), largest_file(100_000):  # noqa: SIM117
        with TreeWriter(tmp_path / "tree", 10_000) as writer:
            writer.append(leaf_hashes(10_000))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [-1, 1, -32, 32])
def test_a_file_of_the_wrong_length(tmp_path: Path, change: int) -> None:
    path = tmp_path / "tree"
    written(path, leaf_hashes(9), 9)
    raw = path.read_bytes() + bytes(32)
    path.write_bytes(raw[: len(raw) - 32 + change])
    with pytest.raises(TreeFileError) as caught:
        FileTree(path, 9)
    assert caught.value.expected == f"{32 * (9 + 5 + 3 + 2 + 1)} bytes for 9 leaves"
    assert caught.value.found == f"{32 * 20 + change} bytes"


def test_one_flipped_bit_is_found_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHECK_ROWS", 3)
    path = tmp_path / "tree"
    written(path, leaf_hashes(21), 21)
    intact = path.read_bytes()
    assert first_wrong_node(FileTree(path, 21)) is None
    row = 0
    for level, width in enumerate(level_widths(21)):
        for index in range(width):
            flipped = bytearray(intact)
            flipped[32 * row + row % 32] ^= 1 << row % 8
            path.write_bytes(flipped)
            first = (level, index) if level else (1, index // 2)  # a leaf hash is right by itself; its parent is not
            assert first_wrong_node(FileTree(path, 21)) == first
            row += 1
