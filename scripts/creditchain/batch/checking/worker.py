"""What one worker does: read and judge a piece, and count what its good records hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from creditchain.batch import readers
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.checking.preview import MappedCell, preview
from creditchain.batch.checking.summary import FieldTally, Summary, field_kinds
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.readers import Piece
from creditchain.batch.readers.pieces import CellsPiece
from creditchain.batch.records import RECORD_ID
from creditchain.documents import JSON_MEDIA_TYPE

#: Bytes by which two documents, or two record ids, are told apart.
KEY_BYTES = 16
Keys = npt.NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class CheckedPiece:
    """A piece as it was found; lines as in `Loaded`. Keys are (n,) of 16 bytes, one a good record, with its line."""

    lines: int
    numbered: bool
    problems: tuple[Problem, ...]
    tallies: tuple[FieldTally, ...]
    places: npt.NDArray[np.int64]
    documents: Keys
    record_ids: Keys
    size: int
    preview: tuple[MappedCell, ...]


def check_piece(rules: Rules, numbered_piece: tuple[int, Piece]) -> CheckedPiece:
    """Read and judge one piece. Damage that ends the reading is one more problem."""
    number, piece = numbered_piece
    summary = Summary(field_kinds(rules.product))
    problems: list[Problem] = []
    places: list[npt.NDArray[np.int64]] = []
    keys: list[bytes] = []
    record_ids: list[bytes] = []
    lines, numbered = 0, True
    try:
        for block in readers.load(piece, rules):
            numbered = block.numbered
            before = 0 if numbered else lines
            problems += [problem.shifted(before) for problem in block.problems]
            places.append(block.records.column("line").to_numpy() + before)
            keys += map(_document_key, *_columns(block.records, "scheme", "number", "media_type", "content"))
            record_ids += map(_text_key, block.records.column(RECORD_ID).to_pylist())
            summary.add(_documents(block.records))
            lines += block.lines
    except UploadError as error:
        problems.append(Problem.of(error, error.place.line if error.place is not None else None))
    return CheckedPiece(
        lines=lines,
        numbered=numbered,
        problems=tuple(problems),
        tallies=tuple(summary.tallies),
        places=np.concatenate(places) if places else np.empty(0, np.int64),
        documents=_keys(keys),
        record_ids=_keys(record_ids),
        size=piece.size,
        preview=tuple(preview(piece, rules.product)) if number == 0 and isinstance(piece, CellsPiece) else (),
    )


def _columns(records: pa.RecordBatch, *names: str) -> list[list[object]]:
    return [records.column(name).to_pylist() for name in names]


def _documents(records: pa.RecordBatch) -> list[dict[str, object]]:
    kinds, contents = _columns(records, "media_type", "content")
    return [
        orjson.loads(content)  # type: ignore[arg-type]
        for kind, content in zip(kinds, contents, strict=True)
        if kind == JSON_MEDIA_TYPE
    ]


def _document_key(scheme: object, number: object, media_type: object, content: object) -> bytes:
    """Documents about one subject have one key if they would have one commitment: equal bytes of one media type."""
    key = hashlib.blake2b(f"{scheme}\0{number}\0{media_type}\0".encode(), digest_size=KEY_BYTES)
    assert isinstance(content, bytes)  # noqa: S101 - the column's type
    key.update(content)
    return key.digest()


def _text_key(text: str | None) -> bytes:
    """A key for a record id; zeros where there is none."""
    return bytes(KEY_BYTES) if text is None else hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _keys(keys: list[bytes]) -> Keys:
    return np.frombuffer(b"".join(keys), dtype=f"V{KEY_BYTES}")
