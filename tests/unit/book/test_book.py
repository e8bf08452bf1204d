"""Books: exactly the leaves of their batches, in one tree; every fault is an error that names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from book_world import RANDOM, TAGS, TERMS, batch, keys_in, leaves_of, random_keys, renamed, root_of

from creditchain.batch.book import making, merging
from creditchain.batch.book.check import check_book
from creditchain.batch.book.making import make_book
from creditchain.batch.book.manifest import FILE, BookError, parse_manifest
from creditchain.batch.book.opened import open_book
from creditchain.batch.folder.files import file_digest
from creditchain.errors import CreditchainError, InputError
from creditchain.home import files
from creditchain.merkle import verify_range
from creditchain.merkle.order import leaf_order


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and runs of so few leaves that small books have many of them."""
    monkeypatch.setattr(merging, "PART_ROWS", 40)
    monkeypatch.setattr(making, "RUN_LEAVES", 64)


def union(*sources: object) -> np.ndarray:
    """The keys of all leaves of these batches, in order."""
    whole = np.concatenate([keys_in(source) for source in sources])  # type: ignore[arg-type]
    return whole[leaf_order(whole)]


@pytest.mark.parametrize("sizes", [[1], [2, 1], [30, 7, 1], [300], [64, 64, 64], [5] * 30, [1000, 3, 500], [64] * 17])
def test_a_book_is_the_tree_over_all_leaves_of_its_batches(tmp_path: Path, sizes: list[int]) -> None:
    sources = [batch(tmp_path, number, size) for number, size in enumerate(sizes, 1)]
    made = make_book(tmp_path / "books", TERMS, sources)
    whole = union(*sources)
    assert (made.manifest.root, made.manifest.size) == (root_of(whole), len(whole))
    assert made.path == tmp_path / "books" / made.manifest.root.hex()
    with check_book(made.path, sources) as book:
        assert list(book.leaves) == leaves_of(whole)
        origins = {leaf: source.batch.number for source in sources for leaf in leaves_of(keys_in(source))}
        assert [book.origin(index) for index in range(len(whole))] == [origins[leaf] for leaf in book.leaves]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_book_grows_by_the_batches_since(tmp_path: Path, threads: int) -> None:
    sources = [batch(tmp_path, number, size) for number, size in enumerate([200, 3, 190, 1, 500], 1)]
    path = make_book(tmp_path / "books", TERMS, sources[:1], threads=threads).path
    for count in range(2, 6):
        with open_book(path) as base:
            path = make_book(tmp_path / "books", TERMS, sources[:count], base=base, threads=threads).path
    at_once = make_book(tmp_path / "other", TERMS, sources)
    assert at_once.path.name == path.name
    check_book(path, sources).close()


def test_the_order_of_the_sources_changes_nothing(tmp_path: Path) -> None:
    sources = [batch(tmp_path, number, 50) for number in (1, 2, 3)]
    made = [make_book(tmp_path / str(at), TERMS, some) for at, some in enumerate((sources, sources[::-1]))]
    assert made[0].manifest == made[1].manifest


def test_range_proofs_of_a_book(tmp_path: Path) -> None:
    sources = [batch(tmp_path, number, 150) for number in (1, 2, 3)]
    made = make_book(tmp_path / "books", TERMS, sources)
    whole = leaves_of(union(*sources))
    with open_book(made.path) as book:
        for tag in [*(tag.tobytes() for tag in TAGS[:9]), bytes(32), b"\xff" * 32]:
            for section in (None, 1, 2, 9):
                proof = book.prove(tag, section)
                assert verify_range(proof, tag, section, made.manifest.size, made.manifest.root)
                wanted = [leaf for leaf in whole if leaf.tag == tag and section in (None, leaf.section)]
                assert list(proof.leaves) == wanted
                assert [book.leaves[index] for index in book.find(tag, section)] == wanted


def test_a_batch_that_is_gone_leaves_the_book(tmp_path: Path) -> None:
    sources = [batch(tmp_path, number, 60) for number in (1, 2, 3)]
    base = make_book(tmp_path / "books", TERMS, sources[:2])
    with open_book(base.path) as book:
        made = make_book(tmp_path / "books", TERMS, sources[2:], base=book, gone=[1])
    left = [sources[1], sources[2]]
    assert made.manifest.root == root_of(union(*left))
    assert (made.manifest.gone, made.manifest.covered) == ((1,), 3)
    check_book(made.path, left).close()
    assert make_book(tmp_path / "other", TERMS, left, gone=[1]).manifest.root == made.manifest.root
    with open_book(made.path) as book:  # what was gone once is gone for good
        assert make_book(tmp_path / "books", TERMS, [], base=book).manifest == made.manifest


def test_making_it_again_gives_the_same_files(tmp_path: Path) -> None:
    sources = [batch(tmp_path, number, 99) for number in (1, 2)]
    first = make_book(tmp_path / "books", TERMS, sources)
    before = {path: path.stat().st_mtime_ns for path in first.path.rglob("*.bin")}
    assert make_book(tmp_path / "books", TERMS, sources) == first
    assert {path: path.stat().st_mtime_ns for path in first.path.rglob("*.bin")} == before
    assert list(tmp_path.glob("books/.*")) == []


def test_without_a_batch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a book needs at least one batch") as error:
        make_book(tmp_path / "books", TERMS, [])
    assert error.value.found == f"none of node {TERMS.node} under key epoch {TERMS.key_epoch}"


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a missing batch": (lambda at: [batch(at, 1, 5), batch(at, 3, 5)], "batch number 2 is missing"),
    "the first one missing": (lambda at: [batch(at, 2, 5)], "batch number 1 is missing"),
    "a number twice": (
        lambda at: [batch(at, 1, 5), renamed(batch(at, 2, 5), number=1)], "two batches have the number 1",
    ),
    "another root": (lambda at: [renamed(batch(at, 1, 5), root=bytes(32))], "the leaves of batch 1 have another root"),
    "a leaf too few": (
        lambda at: [renamed(batch(at, 1, 5), size=6)], "another size than the batch; expected 6; found 5",
    ),
    "leaves in disorder": (
        lambda at: [batch(at, 1, random_keys(150)[[*range(70), 71, 70, *range(72, 150)]])],
        "leaves 70 and 71 of batch 1 do not ascend",
    ),
    "a leaf twice in a batch": (
        lambda at: [batch(at, 1, random_keys(9)[[0, 1, 1, *range(2, 9)]])], "leaves 1 and 2 of batch 1 do not ascend",
    ),
    "a leaf in two batches": (
        lambda at: [(one := batch(at, 1, 60)), batch(at, 2, keys_in(one)[7:8])], "a leaf stands twice",
    ),
    "a leaf in two batches, merged in different runs": (
        lambda at: [(one := batch(at, 1, 130)), batch(at, 2, 200), batch(at, 3, keys_in(one)[99:100])],
        r"a leaf stands twice; found 0x[0-9a-f]{64} in batches 1 and 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_batches_are_refused_and_leave_nothing(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("creditchain.batch.folder.leaf_list.BLOCK_ROWS", 71)
    make, message = FAULTS[name]
    with pytest.raises(BookError, match=message):
        make_book(tmp_path / "books", TERMS, make(tmp_path))  # type: ignore[arg-type]
    assert not list(tmp_path.glob("books/*"))


def test_a_leaf_of_the_base_again_names_both_batches(tmp_path: Path) -> None:
    one = batch(tmp_path, 1, 90)
    again = np.concatenate([random_keys(5), keys_in(one)[40:41]])
    base = make_book(tmp_path / "books", TERMS, [one])
    with open_book(base.path) as book, pytest.raises(BookError, match=r"in batches 1 and 2"):
        make_book(tmp_path / "books", TERMS, [batch(tmp_path, 2, again[leaf_order(again)])], base=book)


def test_a_batch_that_is_another_than_in_the_base_is_refused(tmp_path: Path) -> None:
    """A reorganisation of the chain took the number from one batch and gave it to another."""
    base = make_book(tmp_path / "books", TERMS, [batch(tmp_path, 1, 90)])
    with open_book(base.path) as book, pytest.raises(BookError, match="batch 1 is another than in the earlier book"):
        make_book(tmp_path / "books", TERMS, [batch(tmp_path, 1, 90), batch(tmp_path, 2, 5)], base=book)


@pytest.mark.parametrize("change", [{"node": 4}, {"key_epoch": 2}, {"log_id": bytes(32)}])
def test_the_book_of_another_node_epoch_or_log_is_no_base(tmp_path: Path, change: dict[str, object]) -> None:
    base = make_book(tmp_path / "books", TERMS, [batch(tmp_path, 1, 5)])
    terms = replace(TERMS, **change)  # type: ignore[arg-type]
    with open_book(base.path) as book, pytest.raises(BookError, match="another node, key epoch or log"):
        make_book(tmp_path / "books", terms, [batch(tmp_path, 2, 5)], base=book)


def test_killed_at_any_sync_or_rename_the_name_shows_a_whole_book_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [batch(tmp_path, number, 100) for number in (1, 2)]
    expected = make_book(tmp_path / "whole", TERMS, sources)
    steps, dest, fsync = 0, tmp_path / "books", files.os.fsync

    class Killed(BaseException):
        """What `kill -9` looks like from inside: nothing is tidied up."""

    for last in range(1, 200):
        steps = 0

        def counted(handle: int, last: int = last) -> None:
            nonlocal steps
            steps += 1
            if steps == last:
                raise Killed
            fsync(handle)

        with monkeypatch.context() as patch:
            patch.setattr(files.os, "fsync", counted)
            try:
                assert make_book(dest, TERMS, sources) == replace(expected, path=dest / expected.path.name)
                break
            except Killed:
                for path in dest.glob("[0-9a-f]*"):
                    check_book(path, sources).close()
    assert last > 10
    check_book(dest / expected.path.name, sources).close()


def test_a_book_made_after_a_kill_takes_no_half_written_file(tmp_path: Path) -> None:
    sources = [batch(tmp_path, 1, 100)]
    left = tmp_path / "books" / f".making-{TERMS.node}-{TERMS.key_epoch}" / "leaves"
    left.mkdir(parents=True)
    (left / "00000.bin").write_bytes(b"half")
    check_book(make_book(tmp_path / "books", TERMS, sources).path, sources).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A book of two batches, in several parts."""
    sources = [batch(tmp_path, number, 100) for number in (1, 2)]
    return make_book(tmp_path / "books", TERMS, sources).path


def test_one_flipped_bit_anywhere_is_noticed(path: Path) -> None:
    names = [str(name.relative_to(path)) for name in path.rglob("*") if name.is_file()]
    assert len(names) >= 6
    for name in names:
        right = (path / name).read_bytes()
        for _ in range(8):
            raw = bytearray(right)
            raw[int(RANDOM.integers(len(raw)))] ^= 1 << int(RANDOM.integers(8))
            (path / name).write_bytes(bytes(raw))
            with pytest.raises(CreditchainError):
                check_book(path)
        (path / name).write_bytes(right)
    check_book(path).close()


def test_files_that_are_missing_short_or_long_are_noticed(path: Path) -> None:
    for name in [name for name in path.rglob("*") if name.is_file()]:
        right = name.read_bytes()
        for raw in (None, right[:-1], right + b"\0"):
            name.unlink()
            if raw is not None:
                name.write_bytes(raw)
            with pytest.raises(CreditchainError):
                check_book(path)
            name.write_bytes(right)


def _refit(path: Path, **changes: object) -> None:
    """Change the manifest, and its own digest."""
    manifest = parse_manifest((path / FILE).read_bytes())
    parts = tuple(
        replace(
            part,
            leaves=file_digest(path / "leaves" / f"{at:05}.bin"),
            origins=file_digest(path / "origins" / f"{at:05}.bin"),
        )
        for at, part in enumerate(manifest.parts)
    )
    fitted = replace(manifest, parts=parts, levels=file_digest(path / "levels.bin"))
    (path / FILE).write_bytes(replace(fitted, **changes).to_bytes())  # type: ignore[arg-type]


def test_a_forged_origin_is_noticed_though_the_digests_were_made_to_fit(path: Path, tmp_path: Path) -> None:
    """Two leaves of different batches exchange their origins: the numbers of leaves still fit."""
    sources = [batch(tmp_path, number, keys_of_origin(path, number)) for number in (1, 2)]
    check_book(path, sources).close()
    for file in sorted((path / "origins").iterdir()):
        origins = np.fromfile(file, "<u4")
        one, two = (int(np.flatnonzero(origins == number)[0]) for number in (1, 2))
        origins[[one, two]] = 2, 1
        file.write_bytes(origins.tobytes())
        break
    _refit(path)
    check_book(path).close()
    with pytest.raises(BookError, match="is said to be of another batch"):
        check_book(path, sources)


def keys_of_origin(path: Path, number: int) -> np.ndarray:
    """The keys of the book's leaves that are of this batch."""
    with open_book(path) as book:
        return np.concatenate([part.keys[part.origins == number] for part in book.parts])


def test_another_leaf_or_node_is_noticed_though_the_digests_were_made_to_fit(path: Path) -> None:
    for name, message in (("leaves/00001.bin", "leaf hashes of the tree differ"), ("levels.bin", "inner node")):
        right = (path / name).read_bytes()
        raw = bytearray(right)
        raw[-1 if name == "leaves/00001.bin" else 32 * 210] ^= 1
        (path / name).write_bytes(bytes(raw))
        _refit(path)
        with pytest.raises(BookError, match=message):
            check_book(path)
        (path / name).write_bytes(right)


def test_a_book_that_is_not_exactly_its_batches(path: Path, tmp_path: Path) -> None:
    one, two = (batch(tmp_path, number, keys_of_origin(path, number)) for number in (1, 2))
    other = batch(tmp_path, 3, 100)
    for given, message in (
        ([one], "batch number 2 of the book is missing"),
        ([one, two, other], "the book does not cover batch number 3"),
        ([one, renamed(other, number=2)], "batch 2 is another than the book's"),
        ([one, renamed(two, root=bytes(32))], "batch 2 is another than the book's"),
    ):
        with pytest.raises(BookError, match=message):
            check_book(path, given)


def test_a_leaf_left_out_of_a_book_is_found(tmp_path: Path) -> None:
    """The publisher's manifest claims the batch as it was anchored; the book was made of another list."""
    keys = random_keys(80)
    other = np.concatenate([keys[:30], keys[31:], random_keys(1)])
    honest = batch(tmp_path, 1, keys)
    forged = make_book(tmp_path / "books", TERMS, [batch(tmp_path, 1, other[leaf_order(other)])]).path
    batch(tmp_path, 1, keys)
    _refit(forged, batches=(honest.batch,))
    check_book(forged).close()
    with pytest.raises(BookError, match="leaf 30 of batch 1 is not in the book"):
        check_book(forged, [honest])


def test_a_renamed_book_is_noticed(path: Path) -> None:
    other = path.with_name("00" * 32)
    shutil.move(path, other)
    with pytest.raises(BookError, match="the name of the folder is not the root"):
        open_book(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole.update(size=whole["size"] + 1),
        lambda whole: whole.update(format="creditchain/book@2"),
        lambda whole: whole.pop("gone"),
        lambda whole: whole.update(node="3"),
        lambda whole: whole["batches"].pop(0),
        lambda whole: whole["parts"].pop(0),
        lambda whole: whole.update(extra=1),
        lambda whole: whole.update(root="0x00"),
        lambda whole: whole.update(batches=[]),
        lambda whole: whole.update(key_epoch=2),
    ],
)
def test_a_manifest_that_was_changed(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    whole = json.loads((path / FILE).read_bytes())
    change(whole)
    (path / FILE).write_text(json.dumps(whole, indent=2) + "\n")
    with pytest.raises(BookError, match="manifest"):
        open_book(path)
