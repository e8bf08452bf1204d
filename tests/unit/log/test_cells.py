"""Keys, words and writes, byte for byte as docs/format.md section 5 has them."""

from __future__ import annotations

import pytest

from creditchain.hashing import keccak256
from creditchain.log.cells import (
    MAX_ENTRY,
    MAX_ID,
    MAX_VALUE,
    NO_WORD,
    Cell,
    CellError,
    CellWrite,
    cell_key,
    cell_word,
    entry_of,
    pack_writes,
    parse_writes,
    write_of,
    writes_hash,
)
from vectors.reading import load

VECTORS = load("cells")
KEY, OTHER = cell_key(1, 7), cell_key(2, 7)


def test_keys():
    for case in VECTORS["keys"]:
        assert cell_key(case["space"], int.from_bytes(case["id"])) == case["key"]
        cell = Cell(case["key"], cell_word(0, 1))
        assert (cell.space, cell.id) == (case["space"], int.from_bytes(case["id"]))


def test_words():
    for case in VECTORS["words"]:
        assert cell_word(int.from_bytes(case["value"]), case["entry"]) == case["word"]
        cell = Cell(KEY, case["word"])
        assert (cell.value, cell.entry) == (int.from_bytes(case["value"]), case["entry"])


def test_leaf_hashes():
    for case in VECTORS["cells"]:
        assert Cell(case["key"], case["word"]).hash() == case["leaf"]


def test_writes_of_a_log():
    for case in VECTORS["log"]:
        writes = tuple(CellWrite(**write) for write in case["writes"])
        assert pack_writes(writes) == case["packed"]
        assert parse_writes(case["packed"], case["index"]) == writes
        assert writes_hash(case["packed"]) == case["writes_hash"]


def test_no_writes_have_the_hash_of_nothing():
    assert pack_writes([]) == b""
    assert writes_hash(b"") == keccak256(b"")


@pytest.mark.parametrize(("space", "number"), [(-1, 0), (256, 0), (0, -1), (0, MAX_ID + 1)])
def test_a_key_out_of_range(space: int, number: int):
    with pytest.raises(CellError, match=r"out of range; expected 0 to 2\^(8|248) - 1"):
        cell_key(space, number)


@pytest.mark.parametrize(("value", "entry"), [(-1, 1), (MAX_VALUE + 1, 1), (0, 0), (0, -1), (0, MAX_ENTRY + 1)])
def test_a_word_out_of_range(value: int, entry: int):
    with pytest.raises(CellError, match=r"out of range; expected [01] to 2\^(200|56) - 1"):
        cell_word(value, entry)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_other_lengths(length: int):
    wrong, word = bytes(length), cell_word(0, 1)
    for make in (
        lambda: Cell(wrong, word),
        lambda: Cell(KEY, wrong),
        lambda: CellWrite(wrong, NO_WORD, word),
        lambda: CellWrite(KEY, wrong, word),
        lambda: CellWrite(KEY, NO_WORD, wrong),
    ):
        with pytest.raises(CellError, match=f"wrong length; expected 32 bytes; found {length} bytes"):
            make()


@pytest.mark.parametrize("word", [NO_WORD, b"\x01" * 25 + bytes(7)])
def test_a_written_cell_names_an_entry(word: bytes):
    with pytest.raises(CellError, match="names no entry"):
        Cell(KEY, word)


@pytest.mark.parametrize("length", [1, 32, 95, 97, 191])
def test_writes_of_another_length(length: int):
    with pytest.raises(CellError, match=f"expected a multiple of 96 bytes; found {length} bytes"):
        parse_writes(bytes(length), 5)


def write(key: bytes, old: int, new: int) -> CellWrite:
    return CellWrite(key, cell_word(9, old) if old else NO_WORD, cell_word(9, new))


def test_the_first_entry_writes_nothing():
    assert parse_writes(b"", 0) == ()
    with pytest.raises(CellError, match="expected no writes; found 1"):
        parse_writes(write(KEY, 0, 1).pack(), 0)


class TestOneWrite:
    """One cell's write is found among those of an entry, wherever else its key's bytes stand."""

    WRITES = (write(bytes([1]) * 32, 0, 5), write(bytes([2]) * 32, 4, 5), write(KEY, 3, 5))

    @pytest.mark.parametrize("place", range(3))
    def test_it_is_as_with_all_the_others(self, place: int):
        packed = pack_writes(self.WRITES)
        assert write_of(packed, 5, self.WRITES[place].key) == parse_writes(packed, 5)[place]

    def test_there_is_none(self):
        assert write_of(pack_writes(self.WRITES), 5, bytes([3]) * 32) is None

    @pytest.mark.parametrize("behind", [True, False])
    def test_the_words_of_another_cell_look_like_its_key(self, behind: bool):
        key = cell_word(7, 4)  # an old word
        other = CellWrite(bytes([1]) * 32, key, cell_word(9, 5))
        assert write_of(other.pack(), 5, key) is None
        mine = write(key, 0, 5)
        assert write_of(other.pack() + mine.pack() if behind else mine.pack() + other.pack(), 5, key) == mine

    def test_its_word_names_another_entry(self):
        with pytest.raises(CellError, match="names another entry"):
            write_of(pack_writes(self.WRITES), 6, KEY)


@pytest.mark.parametrize("named", [1, 4, 6])
def test_a_new_word_names_the_entry_that_writes_it(named: int):
    with pytest.raises(CellError, match=f"expected 5; found {named}"):
        parse_writes(write(KEY, 3, named).pack(), 5)


@pytest.mark.parametrize("named", [5, 6, MAX_ENTRY])
def test_an_old_word_names_an_earlier_entry(named: int):
    with pytest.raises(CellError, match=f"from 1 to 4; found {named}"):
        parse_writes(write(KEY, named, 5).pack(), 5)


def test_an_old_word_of_no_entry_is_zero():
    with pytest.raises(CellError, match="names no earlier entry"):
        parse_writes(CellWrite(KEY, b"\x01" + bytes(31), cell_word(0, 5)).pack(), 5)


def test_a_cell_written_twice_in_one_entry():
    writes = [write(KEY, 0, 5), write(OTHER, 0, 5), write(KEY, 3, 5)]
    assert parse_writes(pack_writes(writes[:2]), 5) == tuple(writes[:2])
    with pytest.raises(CellError, match=f"expected each cell once; found cell 0x{KEY.hex()} twice"):
        parse_writes(pack_writes(writes), 5)


def test_the_entry_of_a_word():
    assert entry_of(NO_WORD) == 0
    assert entry_of(cell_word(MAX_VALUE, MAX_ENTRY)) == MAX_ENTRY
