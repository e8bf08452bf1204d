"""One upload, one root: in every form, cut in any way, sorted in memory or on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import PRODUCT, RULES, SEALS, TERMS, document, lines, made, number, write_csv, write_parquet

from creditchain.batch.folder.check import check_batch
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.making import pipeline
from creditchain.batch.making.pipeline import prepare
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.making.worker import make_run
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.records import RECORDS
from creditchain.batch.sealing import leaf_hashes, merge_sorted, placed_leaves, seal
from creditchain.documents import canonical_bytes, commitment, leaf_hash, salt
from creditchain.hashing import keccak256
from creditchain.identifiers import Subject, subject_tag
from creditchain.merkle import MemoryTree, inclusion_path, prove_range, tree_root, verify_inclusion, verify_range

DOCUMENTS = [document(record) for record in range(300)]


def plain_root(documents: list[dict[str, object]]) -> bytes:
    """The root, computed from docs/format.md alone."""
    leaves = []
    for one in documents:
        content = canonical_bytes(one)
        tag = subject_tag(SEALS.tag_key, Subject("USCC", one["subject"]["number"]))  # type: ignore[index]
        leaves.append((tag, 1, 17, commitment(salt(SEALS.secret, tag, content), "application/json", content)))
    return tree_root(MemoryTree([leaf_hash(*leaf) for leaf in sorted(leaves)]))


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload.jsonl"
    path.write_bytes(lines(DOCUMENTS))
    return path


def test_root_is_the_one_that_the_format_describes(upload: Path, tmp_path: Path) -> None:
    prepared = made(upload, tmp_path / "batches")
    assert prepared.root == plain_root(DOCUMENTS)
    assert (prepared.size, prepared.subjects, prepared.domains, prepared.skipped) == (300, 7, 1, 0)
    assert prepared.path == tmp_path / "batches" / prepared.root.hex()
    assert [path.name for path in (tmp_path / "batches").iterdir()] == [prepared.root.hex()]


def test_every_form_of_upload_gives_the_same_root(upload: Path, tmp_path: Path) -> None:
    expected = made(upload, tmp_path / "a").root
    texts = pa.table({"document": [json.dumps(one) for one in DOCUMENTS]})
    pq.write_table(texts, tmp_path / "texts.parquet")
    spaced = tmp_path / "spaced.ndjson"
    spaced.write_bytes(lines(DOCUMENTS, indent=None, separators=(" , ", " : "), sort_keys=True).replace(b"\n", b"\r\n"))
    for number_, path in enumerate(
        (
            write_csv(tmp_path / "upload.csv", DOCUMENTS),
            write_parquet(tmp_path / "upload.parquet", DOCUMENTS, row_group_size=37),
            tmp_path / "texts.parquet",
            spaced,
        )
    ):
        assert made(path, tmp_path / f"b{number_}").root == expected, path.name


def test_an_upload_may_lie_in_an_object_store(tmp_path: Path, upload: Path) -> None:
    import fsspec

    with fsspec.open("memory://uploads/upload.jsonl", "wb") as handle:
        handle.write(upload.read_bytes())
    found = find_upload("memory://uploads/upload.jsonl")
    prepared = prepare(found, RULES, SEALS, TERMS, tmp_path / "b", name="url", limits=BatchLimits(piece_bytes=10_000))
    assert prepared.root == plain_root(DOCUMENTS)


@pytest.mark.parametrize("piece_bytes", [1, 7, 100])
def test_lines_are_found_whatever_the_pieces(tmp_path: Path, piece_bytes: int) -> None:
    path = tmp_path / "few.jsonl"
    path.write_bytes(lines(DOCUMENTS[:3])[:-1])
    assert made(path, tmp_path / "b", limits=BatchLimits(piece_bytes=piece_bytes)).root == plain_root(DOCUMENTS[:3])


@pytest.mark.parametrize("piece_bytes", [300, 511, 4_096, 10**6])
def test_root_does_not_depend_on_the_pieces(upload: Path, tmp_path: Path, piece_bytes: int) -> None:
    assert made(upload, tmp_path / "b", limits=BatchLimits(piece_bytes=piece_bytes)).root == plain_root(DOCUMENTS)


def test_root_does_not_depend_on_the_partitions() -> None:
    """The pure functions alone, over record batches, as an engine of somebody else's would run them."""
    whole = pa.RecordBatch.from_pylist(
        [
            {
                "line": line,
                "scheme": "USCC",
                "number": one["subject"]["number"],
                "section": 1,
                "domain": 0,
                "media_type": "application/json",
                "content": canonical_bytes(one),
            }
            for line, one in enumerate(DOCUMENTS, 1)
        ],
        schema=RECORDS,
    )
    for count in (1, 2, 3, 16, 300):
        step = -(-len(whole) // count)
        parts = [
            placed_leaves(seal(whole.slice(start, step), SEALS, 17), start) for start in range(0, len(whole), step)
        ]
        hashes = leaf_hashes(merge_sorted(parts))
        assert tree_root(MemoryTree([row.tobytes() for row in hashes])) == plain_root(DOCUMENTS), count


def test_sorting_on_disk_by_worker_processes_gives_the_same_folder(
    upload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = made(upload, tmp_path / "a")
    monkeypatch.setattr(pipeline, "SMALL_BYTES", 0)
    monkeypatch.setattr("creditchain.batch.making.worker._FENCE_ROWS", 16)
    limits = BatchLimits(sort_memory=20_000, piece_bytes=20_000, workers=2)
    spilled = made(upload, tmp_path / "b", limits=limits)
    assert (spilled.root, spilled.size, spilled.subjects) == (at_once.root, at_once.size, at_once.subjects)
    with open_batch(at_once.path) as one, open_batch(spilled.path) as other:
        assert len(one.manifest.leaves) == len(one.manifest.documents) == 1
        assert len(other.manifest.leaves) > 1
        assert len(other.manifest.documents) > 1
        assert [one.document(index) for index in range(300)] == [other.document(index) for index in range(300)]
    assert [path.name for path in (tmp_path / "b").iterdir()] == [spilled.root.hex()]


def test_the_folder_proves_what_it_holds(upload: Path, tmp_path: Path) -> None:
    prepared = made(upload, tmp_path / "b")
    with open_batch(prepared.path) as folder:
        manifest = folder.manifest
        assert (manifest.root, manifest.size, manifest.terms) == (prepared.root, prepared.size, TERMS)
        found = 0
        for enterprise in range(7):
            tag = subject_tag(SEALS.tag_key, Subject("USCC", number(enterprise)))
            indices = folder.find(tag)
            assert folder.find(tag, 1) == indices
            assert len(folder.find(tag, 2)) == len(folder.find(tag, 0)) == 0
            proof = prove_range(folder.tree, folder.leaves, tag, 1)
            assert verify_range(proof, tag, 1, manifest.size, manifest.root)
            for index in indices:
                stored = folder.document(index)
                told = json.loads(stored.content)
                assert told == DOCUMENTS[int(told["data"]["record_id"][1:])]
                assert told["subject"]["number"] == number(enterprise)
                assert stored.leaf.commitment == commitment(stored.salt, stored.media_type, stored.content)
                path = inclusion_path(folder.tree, index)
                assert verify_inclusion(stored.leaf.hash(), index, manifest.size, path, manifest.root)
                found += 1
        assert found == 300
        assert len(folder.find(keccak256(b"nobody"))) == 0


def test_a_batch_of_one(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_bytes(lines(DOCUMENTS[:1])[:-1])  # and no line feed at the end
    prepared = made(path, tmp_path / "b")
    assert prepared.root == plain_root(DOCUMENTS[:1])
    with open_batch(prepared.path) as folder:
        assert inclusion_path(folder.tree, 0) == []


def test_a_folder_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / "inner").mkdir(parents=True)
    (folder / "licence.pdf").write_bytes(b"%PDF-1.7 \x00\xff")
    (folder / "inner" / "basic.json").write_bytes(json.dumps(DOCUMENTS[3], indent=1).encode())
    (folder / "manifest.csv").write_text(
        "file,number,section,domain,media_type\n"
        f"licence.pdf,{number(1)},basic,registry,application/pdf\n"
        f"inner/basic.json,{number(3)},basic,registry,application/json\n"
    )
    prepared = made(folder, tmp_path / "b")
    with open_batch(prepared.path) as batch:
        (pdf,) = batch.find(subject_tag(SEALS.tag_key, Subject("USCC", number(1))))
        (record,) = batch.find(subject_tag(SEALS.tag_key, Subject("USCC", number(3))))
        assert batch.document(pdf).content == b"%PDF-1.7 \x00\xff"
        assert batch.document(pdf).media_type == "application/pdf"
        assert batch.document(record).content == canonical_bytes(DOCUMENTS[3])


def test_skipping_bad_lines_says_how_many(tmp_path: Path) -> None:
    good = lines(DOCUMENTS[:5]).splitlines(keepends=True)
    path = tmp_path / "upload.jsonl"
    path.write_bytes(b"".join([good[0], b"{\n", good[1], good[2], good[1], b"\n", good[3], good[4]]))
    told = []
    prepared = made(path, tmp_path / "b", faults=Faults(skip=True, report=told.append))
    assert prepared.root == plain_root(DOCUMENTS[:5])
    assert prepared.skipped == 3
    assert sorted(problem.line for problem in told) == [2, 5, 6]


@pytest.mark.parametrize("processes", [False, True])
def test_a_document_that_stood_twice_is_kept_once(
    processes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Purging must erase the only copy, so a document that was left out must not remain in a file of documents."""
    if processes:
        monkeypatch.setattr(pipeline, "SMALL_BYTES", 0)
    good = lines(DOCUMENTS).splitlines(keepends=True)
    path = tmp_path / "upload.jsonl"
    path.write_bytes(b"".join([*good[:200], *good[5:50], b"{\n", *good[100:], *good[:3]]))
    limits = BatchLimits(piece_bytes=20_000, sort_memory=20_000, workers=2)
    prepared = made(path, tmp_path / "b", limits=limits, faults=Faults(skip=True))
    assert (prepared.root, prepared.skipped) == (plain_root(DOCUMENTS), 45 + 1 + 100 + 3)
    check_batch(prepared.path)
    stored = b"".join(file.read_bytes() for file in (prepared.path / "documents").iterdir())
    assert all(stored.count(canonical_bytes(one)) == 1 for one in DOCUMENTS)
    with open_batch(prepared.path) as folder:
        assert {folder.document(index).content for index in range(300)} == set(map(canonical_bytes, DOCUMENTS))


def test_doubles_at_the_border_of_spans_are_found(tmp_path: Path) -> None:
    """Every document three times in each run, so that equal leaves stand on both sides of fences and of bounds."""
    documents = [document(record, enterprises=5000) for record in range(9000)]
    path = tmp_path / "upload.jsonl"
    path.write_bytes(lines([one for one in documents for _ in range(3)]))
    limits = BatchLimits(workers=2, sort_memory=1 << 20)
    prepared = made(path, tmp_path / "b", limits=limits, faults=Faults(skip=True))
    assert (prepared.size, prepared.skipped) == (9000, 18000)
    assert check_batch(prepared.path).manifest.size == 9000


def test_a_piece_of_doubles_alone_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "upload.jsonl"
    path.write_bytes(lines([DOCUMENTS[0], DOCUMENTS[0], DOCUMENTS[1]]))
    limits = BatchLimits(piece_bytes=path.stat().st_size // 3)
    prepared = made(path, tmp_path / "b", limits=limits, faults=Faults(skip=True))
    assert prepared.root == plain_root(DOCUMENTS[:2])
    assert check_batch(prepared.path).manifest.size == 2
    assert sorted(file.name for file in (prepared.path / "documents").iterdir()) == ["00000.arrow", "00001.arrow"]


def test_a_run_travels_between_processes(upload: Path, tmp_path: Path) -> None:
    import pickle

    from creditchain.batch.making.worker import Job
    from creditchain.batch.readers import pieces

    (tmp_path / "documents").mkdir()
    job = Job(RULES, SEALS, tmp_path, spill=False)
    piece = next(pieces(find_upload(upload), RULES, lambda _: 10_000))
    run = pickle.loads(pickle.dumps(make_run(pickle.loads(pickle.dumps(job)), (0, piece))))  # noqa: S301
    assert run.rows == run.lines > 10
    assert PRODUCT.digest == job.rules.product.digest
