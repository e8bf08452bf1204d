"""A batch folder notices every change, and a document can be erased while the proofs remain."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from making import SEALS, document, lines, made, number

from creditchain.batch.errors import BatchError, StorageError
from creditchain.batch.folder.check import check_batch
from creditchain.batch.folder.files import file_digest
from creditchain.batch.folder.manifest import parse_manifest, read_manifest
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.purging import erase
from creditchain.errors import CreditchainError
from creditchain.identifiers import Subject, subject_tag
from creditchain.merkle import inclusion_path, prove_range, verify_inclusion, verify_range


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(50)]))
    return made(upload, tmp_path / "batches").path


def test_an_untouched_folder_is_intact(folder: Path) -> None:
    checked = check_batch(folder)
    assert (checked.manifest.size, checked.purged) == (50, 0)


@pytest.mark.parametrize(
    "name", ["leaves/00000.arrow", "documents/00000.arrow", "levels.bin", "order.bin", "manifest.json"]
)
def test_one_flipped_bit_anywhere_is_noticed(folder: Path, name: str) -> None:
    path = folder / name
    right = path.read_bytes()
    draw = random.Random(name)  # noqa: S311
    for _ in range(60):
        raw = bytearray(right)
        raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(raw))
        with pytest.raises(CreditchainError):
            check_batch(folder)


def test_a_changed_document_is_noticed_though_the_digests_were_made_to_fit(folder: Path) -> None:
    """Whoever changes a file can change its digest too, but not what the root binds."""
    manifest, path = read_manifest(folder), folder / "documents" / "00000.arrow"
    path.write_bytes(path.read_bytes().replace(b'"status":"operating"', b'"status":"cancelled"', 1))
    fitted = replace(manifest, documents=(replace(manifest.documents[0], sha256=file_digest(path)),))
    (folder / "manifest.json").write_bytes(fitted.to_bytes())
    with pytest.raises(BatchError, match="does not match its commitment"):
        check_batch(folder)


def test_a_changed_inner_node_is_noticed_though_the_digests_were_made_to_fit(folder: Path) -> None:
    manifest, path = read_manifest(folder), folder / "levels.bin"
    raw = bytearray(path.read_bytes())
    raw[32 * 60] ^= 1
    path.write_bytes(bytes(raw))
    (folder / "manifest.json").write_bytes(replace(manifest, levels=file_digest(path)).to_bytes())
    with pytest.raises(BatchError, match="an inner node"):
        check_batch(folder)


def test_leaves_with_the_number_of_another_product_are_noticed(folder: Path) -> None:
    manifest = read_manifest(folder)
    terms = replace(manifest.terms, product_number=18)
    (folder / "manifest.json").write_bytes(replace(manifest, terms=terms).to_bytes())
    with pytest.raises(BatchError, match="a leaf has the number of another product") as caught:
        check_batch(folder)
    assert (caught.value.expected, caught.value.found) == ("18", "17")


def test_a_renamed_folder_is_noticed(folder: Path) -> None:
    other = folder.with_name("00" * 32)
    folder.rename(other)
    for look in (check_batch, open_batch):
        with pytest.raises(BatchError, match="the name of the folder"):
            look(other)


def test_a_missing_file_is_noticed(folder: Path) -> None:
    (folder / "levels.bin").unlink()
    with pytest.raises(StorageError):
        check_batch(folder)
    with pytest.raises(StorageError):
        open_batch(folder)


def test_a_folder_travels(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, moved)
    assert check_batch(moved).manifest.root.hex() == folder.name


def test_purge_erases_one_document_and_no_proof(folder: Path) -> None:
    tag = subject_tag(SEALS.tag_key, Subject("USCC", number(3)))
    with open_batch(folder) as batch:
        gone = batch.find(tag)[2]
        kept = {index: batch.document(index) for index in range(50) if index != gone}
        erased, manifest = batch.document(gone), batch.manifest
    erase(folder, manifest, [gone])
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert json.loads(erased.content)["data"]["name"].encode() not in raw
            assert erased.salt not in raw
    with open_batch(folder) as batch:
        with pytest.raises(BatchError, match="purged"):
            batch.document(gone)
        assert {index: batch.document(index) for index in kept} == kept
        assert verify_range(prove_range(batch.tree, batch.leaves, tag, 1), tag, 1, 50, manifest.root)
        path_ = inclusion_path(batch.tree, gone)
        assert verify_inclusion(batch.leaves[gone].hash(), gone, 50, path_, manifest.root)
    assert check_batch(folder).purged == 1
    erase(folder, manifest, [gone])
    assert check_batch(folder).purged == 1


def test_a_purge_that_was_cut_short_is_finished_by_doing_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from creditchain.batch.folder import purging

    manifest = read_manifest(folder)

    def cut(path: Path) -> str:
        if path.parent.name == "documents":  # when the document is overwritten, but the new digest is not kept yet
            raise OSError(5, "cut")
        return file_digest(path)

    with monkeypatch.context() as patched:
        patched.setattr(purging, "file_digest", cut)
        with pytest.raises(StorageError):
            erase(folder, manifest, [7])
    with pytest.raises(BatchError):
        check_batch(folder)
    erase(folder, manifest, [7])
    assert check_batch(folder).purged == 1


def test_content_that_was_erased_without_saying_so_is_noticed(folder: Path) -> None:
    erase(folder, read_manifest(folder), [7])
    (folder / "purged.json").unlink()
    with pytest.raises(BatchError):
        check_batch(folder)


def test_nothing_is_purged_where_the_rows_of_the_documents_were_changed(folder: Path) -> None:
    order = folder / "order.bin"
    order.write_bytes(order.read_bytes()[8:] + order.read_bytes()[:8])
    before = (folder / "documents" / "00000.arrow").read_bytes()
    with pytest.raises(BatchError, match="has changed since it was written"):
        erase(folder, read_manifest(folder), [7])
    assert (folder / "documents" / "00000.arrow").read_bytes() == before


def test_rows_that_do_not_fit_are_noticed_though_the_digests_were_made_to_fit(folder: Path) -> None:
    manifest, order = read_manifest(folder), folder / "order.bin"
    rows = np.fromfile(order, "<i8")
    for wrong, message in (
        (np.where(rows == 3, 50, rows), "that no document has"),
        (np.where(rows == 3, 4, rows), "has no leaf"),
        (np.roll(rows, 1), "does not match its commitment"),
        (rows[1:], "wrong length"),
    ):
        wrong.astype("<i8").tofile(order)
        (folder / "manifest.json").write_bytes(replace(manifest, order=file_digest(order)).to_bytes())
        with pytest.raises(BatchError, match=message):
            check_batch(folder)


def test_documents_past_those_of_the_manifest_are_noticed_though_the_digest_was_made_to_fit(tmp_path: Path) -> None:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record, enterprises=900) for record in range(4096)]))
    folder = made(upload, tmp_path / "b").path
    path = folder / "documents" / "00000.arrow"
    with pa.OSFile(str(path)) as source:
        (whole,) = pa.ipc.open_file(source).read_all().combine_chunks().to_batches()
    with pa.OSFile(str(path), "w") as sink, pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_batch(whole)
        writer.write_batch(whole.slice(0, 9))
    manifest = read_manifest(folder)
    fitted = replace(manifest, documents=(replace(manifest.documents[0], sha256=file_digest(path)),))
    (folder / "manifest.json").write_bytes(fitted.to_bytes())
    with pytest.raises(BatchError, match="number of rows differs"):
        check_batch(folder)


def test_another_documents_content_is_never_handed_out(folder: Path) -> None:
    order = folder / "order.bin"
    np.roll(np.fromfile(order, "<i8"), 1).tofile(order)
    with open_batch(folder) as batch:
        for index in range(50):
            with pytest.raises(BatchError, match="damaged"):
                batch.document(index)


def test_a_row_past_the_documents_is_an_error(folder: Path) -> None:
    np.full(50, 50, "<i8").tofile(folder / "order.bin")
    with open_batch(folder) as batch, pytest.raises(BatchError, match="damaged"):
        batch.document(0)


def test_purging_what_is_not_there(folder: Path) -> None:
    with pytest.raises(IndexError):
        erase(folder, read_manifest(folder), [50])


def test_how_an_upload_was_read_stands_in_the_manifest_only_where_it_was_unusual(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert b'"reading"' not in manifest.to_bytes()
    reading = {"encoding": "gb18030", "sheet": "2", "header_row": 3, "mapping": "0x" + "11" * 32}
    told = replace(manifest, terms=replace(manifest.terms, reading=reading))
    assert parse_manifest(told.to_bytes()) == told
    for wrong in ({"encoding": 1}, {"colour": "red"}):
        bad = replace(manifest, terms=replace(manifest.terms, reading=wrong))
        with pytest.raises(BatchError):
            parse_manifest(bad.to_bytes())
