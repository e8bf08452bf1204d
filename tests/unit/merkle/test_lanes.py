"""Many hashes at once: the compiled engine and the plain one against safe-pysha3, one message at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate, pairwise

import numpy as np
import pytest

from creditchain.hashing import keccak256
from creditchain.merkle import MemoryTree, kernel, lanes, plain, tree_root
from creditchain.merkle.lanes import Engine
from creditchain.merkle.rows import Offsets, Rows, leaf_keys

RANDOM = np.random.default_rng(20261123)
ENGINES = pytest.mark.parametrize("engine", [kernel, plain, lanes], ids=["kernel", "plain", "lanes"])


def random_rows(count: int, width: int) -> Rows:
    return RANDOM.integers(0, 256, (count, width), dtype=np.uint8)


def cut(lengths: list[int]) -> tuple[Rows, Offsets]:
    offsets = np.array([0, *accumulate(lengths)], np.int64)
    return RANDOM.integers(0, 256, int(offsets[-1]), dtype=np.uint8), offsets


def pieces(data: Rows, offsets: Offsets) -> list[bytes]:
    return [data[start:stop].tobytes() for start, stop in pairwise(offsets)]


def as_bytes(rows: Rows) -> list[bytes]:
    assert rows.dtype == np.uint8
    return [row.tobytes() for row in rows]


@ENGINES
def test_rows_of_every_width_to_400(engine: Engine) -> None:
    for width in range(401):
        data = random_rows(1 + width % 20, width)
        assert as_bytes(engine.keccak_rows(data)) == [keccak256(row.tobytes()) for row in data], width


@ENGINES
def test_ragged_of_every_length_to_400_in_every_batch_size_to_20(engine: Engine) -> None:
    for length in range(401):
        count = 1 + length % 20
        lengths = [(length + 37 * i) % 401 for i in range(count)]
        data, offsets = cut(lengths)
        assert as_bytes(engine.keccak_ragged(data, offsets)) == [keccak256(m) for m in pieces(data, offsets)], lengths


@ENGINES
def test_ragged_with_long_and_empty_messages_side_by_side(engine: Engine) -> None:
    data, offsets = cut([0, 100_000, 0, 1, 135, 136, 137, 271, 272, 273, 50_000, 0, 0, 3, 999, 1, 1, 1])
    assert as_bytes(engine.keccak_ragged(data, offsets)) == [keccak256(m) for m in pieces(data, offsets)]


@ENGINES
def test_offsets_as_arrow_has_them(engine: Engine) -> None:
    """int32, of a slice that does not start at 0, over a read-only buffer."""
    data, offsets = cut([5, 140, 0, 300, 17])
    data.flags.writeable = False
    digests = engine.keccak_ragged(data, offsets[1:].astype(np.int32))
    assert as_bytes(digests) == [keccak256(m) for m in pieces(data, offsets)[1:]]


@ENGINES
def test_rows_that_are_views(engine: Engine) -> None:
    data = random_rows(40, 64)
    view = data[::2, 16:48]
    assert as_bytes(engine.keccak_rows(view)) == [keccak256(row.tobytes()) for row in view]
    assert as_bytes(engine.node_level(view)) == as_bytes(plain.node_level(view.copy()))


@ENGINES
def test_trees_of_every_size_to_70(engine: Engine) -> None:
    for size in range(1, 71):
        assert_same_tree(engine, random_rows(size, 32))


@ENGINES
@pytest.mark.parametrize("size", [1023, 1024, 1025, 3001, 16_385])
def test_trees_of_thousands(engine: Engine, size: int) -> None:
    assert_same_tree(engine, random_rows(size, 32))


def assert_same_tree(engine: Engine, leaf_hashes: Rows) -> None:
    tree = MemoryTree(as_bytes(leaf_hashes))
    built = engine.levels(leaf_hashes)
    assert built[-1].tobytes() == tree_root(tree)
    for level, rows in enumerate(built):
        assert as_bytes(rows) == [tree.node(level, index) for index in range(len(rows))]


@ENGINES
def test_no_messages(engine: Engine) -> None:
    none = np.empty((0, 32), np.uint8)
    nothing, start = np.empty(0, np.uint8), np.zeros(1, np.int64)
    assert [len(level) for level in engine.levels(none)] == [0]
    for digests in (
        engine.keccak_rows(none),
        engine.keccak_ragged(nothing, start),
        engine.node_level(none),
        engine.leaf_rows(np.empty((0, 69), np.uint8)),
        engine.subject_tags(bytes(32), b"USCC", nothing, start),
        engine.cell_rows(none, none),
        engine.salts(bytes(32), none, none),
        engine.commitments(none, b"application/json", nothing, start),
    ):
        assert digests.shape == (0, 32)


@ENGINES
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 20, 133])
def test_formulas_of_the_format(engine: Engine, count: int) -> None:
    """Tags, salts, commitments and leaves as docs/format.md writes them, byte for byte."""
    key, secret = RANDOM.bytes(32), RANDOM.bytes(32)
    numbers, number_offsets = cut([18] * count)
    documents, offsets = cut([int(n) for n in RANDOM.integers(0, 900, count)])
    sections = RANDOM.integers(0, 7, count, dtype=np.uint8)
    products = RANDOM.integers(0, 2**32, count, dtype=np.uint32)
    media_type = b"application/json"

    tags = engine.subject_tags(key, b"USCC", numbers, number_offsets)
    salts = engine.salts(secret, tags, engine.keccak_ragged(documents, offsets))
    commitments = engine.commitments(salts, media_type, documents, offsets)
    leaves = engine.leaf_rows(leaf_keys(tags, sections, products, commitments))

    kinds = zip(sections.tolist(), products.tolist(), strict=True)
    texts = zip(pieces(numbers, number_offsets), kinds, pieces(documents, offsets), strict=True)
    for i, (number, (section, product), document) in enumerate(texts):
        tag = keccak256(b"\x02" + key + b"USCC" + b"\x00" + number)
        salt = keccak256(b"\x04" + secret + tag + keccak256(document))
        commitment = keccak256(b"\x03" + salt + media_type + b"\x00" + document)
        leaf = keccak256(b"\x00" + tag + bytes([section]) + product.to_bytes(4, "big") + commitment)
        assert tags[i].tobytes() == tag
        assert salts[i].tobytes() == salt
        assert commitments[i].tobytes() == commitment
        assert leaves[i].tobytes() == leaf


@ENGINES
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 20, 133])
def test_leaves_of_the_state_tree(engine: Engine, count: int) -> None:
    keys, words = random_rows(count, 32), random_rows(count, 96)[:, 64:]
    expected = [keccak256(b"\x07" + key.tobytes() + word.tobytes()) for key, word in zip(keys, words, strict=True)]
    assert as_bytes(engine.cell_rows(keys, words)) == expected


@pytest.mark.parametrize("threads", [0, 1, 2, 3])
@pytest.mark.parametrize("count", [kernel.SHARE - 1, 2 * kernel.SHARE, 5 * kernel.SHARE + 3])
def test_threads_change_nothing(threads: int, count: int) -> None:
    rows = random_rows(count, 32)
    data, offsets = cut([int(n) for n in RANDOM.integers(0, 150, count)])
    assert np.array_equal(kernel.keccak_ragged(data, offsets, threads=threads), plain.keccak_ragged(data, offsets))
    for made, expected in zip(kernel.levels(rows, threads=threads), plain.levels(rows), strict=True):
        assert np.array_equal(made, expected)


THREE, TWO = np.zeros((3, 32), np.uint8), np.zeros((2, 32), np.uint8)
WRONG: dict[str, Callable[[Engine], object]] = {
    "rows of other numbers": lambda engine: engine.keccak_rows(np.zeros((3, 32), np.int64)),
    "nodes of 31 bytes": lambda engine: engine.node_level(np.zeros((4, 31), np.uint8)),
    "leaves in one dimension": lambda engine: engine.levels(np.zeros(64, np.uint8)),
    "keys of 68 bytes": lambda engine: engine.leaf_rows(np.zeros((3, 68), np.uint8)),
    "rows to search of 7 bytes": lambda engine: engine.lower_bounds(np.zeros((3, 7), np.uint8), THREE),
    "keys of another width": lambda engine: engine.lower_bounds(np.zeros((3, 33), np.uint8), THREE),
    "rows to sort of 7 bytes": lambda engine: engine.row_order(np.zeros((3, 7), np.uint8)),
    "fewer words than keys": lambda engine: engine.cell_rows(THREE, TWO),
    "fewer digests than tags": lambda engine: engine.salts(bytes(32), THREE, TWO),
    "a secret of 31 bytes": lambda engine: engine.salts(bytes(31), THREE, THREE),
    "a tag key of 33 bytes": lambda engine: engine.subject_tags(
        bytes(33), b"USCC", np.zeros(18, np.uint8), np.array([0, 18])
    ),
    "offsets past the data": lambda engine: engine.keccak_ragged(np.zeros(9, np.uint8), np.array([0, 10])),
    "offsets before the data": lambda engine: engine.keccak_ragged(np.zeros(9, np.uint8), np.array([-1, 9])),
    "offsets that descend": lambda engine: engine.keccak_ragged(np.zeros(9, np.uint8), np.array([0, 5, 4, 9])),
    "no offsets": lambda engine: engine.keccak_ragged(np.zeros(9, np.uint8), np.zeros(0, np.int64)),
    "more salts than documents": lambda engine: engine.commitments(
        THREE, b"text/plain", np.zeros(9, np.uint8), np.array([0, 4, 9])
    ),
}


@ENGINES
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_arrays_that_do_not_fit_are_refused(engine: Engine, wrong: Callable[[Engine], object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        wrong(engine)


@ENGINES
@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_columns_joined_row_after_row(engine: Engine, kind: type[np.signedinteger]) -> None:
    for count in (0, 1, 2, 70, 300):
        data, offsets = cut([*RANDOM.integers(0, 40, count + 1).tolist()])
        later = offsets[1:].astype(kind)  # as of a slice of an Arrow array: the first is not 0
        places = RANDOM.integers(0, count + 1, count)
        columns = [
            b"<",
            (data, later, None),
            b"",
            b"and",
            (data, offsets[:-1].astype(kind), None),
            (data, offsets.astype(kind), places),
            (data, later, None),
        ]
        joined, ends = engine.join_columns(columns, count)
        whole = pieces(data, offsets)
        rows = zip(whole[1:], whole, [whole[place] for place in places], strict=False)
        assert pieces(joined, ends) == [b"<" + one + b"and" + other + placed + one for one, other, placed in rows]


@ENGINES
def test_columns_of_other_lengths_or_offsets_outside_the_data_are_refused(engine: Engine) -> None:
    data = np.zeros(4, np.uint8)
    for offsets in ([0, 1, 2, 3], [0, 5], [2, 1], [-1, 1]):
        with pytest.raises(ValueError, match="expected"):
            engine.join_columns([b"x", (data, np.array(offsets), None)], 1)
    for places in ([0, 0], [2], [-1]):
        with pytest.raises(ValueError, match="expected"):
            engine.join_columns([b"x", (data, np.array([0, 1, 2]), np.array(places))], 1)


@ENGINES
@pytest.mark.parametrize("width", [8, 9, 15, 16, 33, 69])
@pytest.mark.parametrize("values", [1, 2, 256])
@pytest.mark.parametrize("count", [0, 1, 2, 40, 3000])
def test_rows_in_order(engine: Engine, count: int, values: int, width: int) -> None:
    """Of few values, so that ties, zero bytes and buckets too large for insertion are common."""
    rows = RANDOM.integers(0, values, (count, width), dtype=np.uint8)
    rows[:, : width // 2] = RANDOM.integers(0, 4, (count, 1), dtype=np.uint8) * 85
    texts = [row.tobytes() for row in rows]
    assert engine.row_order(rows).tolist() == sorted(range(count), key=texts.__getitem__)


@ENGINES
@pytest.mark.parametrize("place", range(69))
def test_each_byte_of_a_row_decides(engine: Engine, place: int) -> None:
    rows = np.full((3, 69), 128, np.uint8)
    rows[:, place] = 255, 0, 127
    assert engine.row_order(rows).tolist() == [1, 2, 0]


@ENGINES
@pytest.mark.parametrize("count", [2, 3, 7, 8, 9, 500])
def test_rows_with_the_least_and_the_greatest_tag_there_is(engine: Engine, count: int) -> None:
    rows = RANDOM.integers(0, 256, (count, 69), dtype=np.uint8)
    rows[0], rows[1] = 255, 0
    expected = sorted(range(count), key=lambda place: rows[place].tobytes())
    assert engine.row_order(rows).tolist() == expected


@ENGINES
def test_keys_that_begin_wider_rows(engine: Engine) -> None:
    wide = random_rows(20, 73)
    expected = [keccak256(b"\x00" + row.tobytes()[:69]) for row in wide]
    assert as_bytes(engine.leaf_rows(wide[:, :69])) == expected
    assert as_bytes(engine.leaf_rows(wide[::2, :69])) == expected[::2]


@ENGINES
@pytest.mark.parametrize("width", [8, 9, 33, 69])
@pytest.mark.parametrize("values", [1, 2, 256])
@pytest.mark.parametrize(
    ("count", "sought"), [(0, 0), (0, 3), (1, 1), (7, 0), (40, 3), (3, 40), (1000, 1000), (2000, 9)]
)
def test_lower_bounds(engine: Engine, count: int, sought: int, values: int, width: int) -> None:
    """Against Python's bisect, with ties within and between both."""
    drawn = RANDOM.integers(0, values, (count + sought, width), dtype=np.uint8)
    drawn[:, : width - 2] = drawn[:, :1]
    rows, keys = (part[plain.row_order(part)] for part in (drawn[:count], drawn[count:]))
    texts = [row.tobytes() for row in rows]
    assert engine.lower_bounds(rows, keys).tolist() == [bisect_left(texts, key.tobytes()) for key in keys]


@ENGINES
def test_lower_bounds_of_wider_rows(engine: Engine) -> None:
    wide = random_rows(300, 80)
    wide = wide[plain.row_order(wide)]
    rows, keys = wide[:, :69], wide[::7, :69]
    assert engine.lower_bounds(rows, keys).tolist() == list(range(0, 300, 7))


def test_columns_of_leaves_that_do_not_belong_together_are_refused() -> None:
    sections, products = np.zeros(3, np.uint8), np.zeros(3, np.uint32)
    for columns in (
        (THREE, sections, products, TWO),
        (THREE, sections[:2], products, THREE),
        (THREE, sections, products[:2], THREE),
        (THREE, sections, products.astype(np.int64), THREE),
    ):
        with pytest.raises(ValueError, match="expected"):
            leaf_keys(*columns)
