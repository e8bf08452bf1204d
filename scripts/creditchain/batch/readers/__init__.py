"""Readers: an upload into pieces, and one piece into good records and problems. One module a kind of upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import UploadError
from creditchain.batch.readers import csv_rows, files, json_lines, mapped, parquet, rows, workbook
from creditchain.batch.readers.pieces import (
    CellsPiece,
    FilesPiece,
    GroupsPiece,
    LinesPiece,
    MappedPiece,
    Piece,
    TablePiece,
    TextPiece,
)
from creditchain.batch.readers.upload import Upload
from creditchain.errors import Place

__all__ = ["Loaded", "Piece", "column_names", "file_urls", "load", "pieces"]

#: Pieces of records that may have an institution's own fields.
_OWN = (LinesPiece, TextPiece, GroupsPiece, TablePiece)


def pieces(upload: Upload, rules: Rules, piece_bytes: Callable[[int], int]) -> Iterator[Piece]:
    """The upload as pieces, in the order of its lines. Raises UploadError for a wrong head.

    `piece_bytes` is told how many bytes of documents there are, about, and says how many make a piece.
    """
    own, mapping = _pieces(upload, rules, piece_bytes), upload.reading.mapping
    if mapping is None:
        return own
    return (MappedPiece(each, mapping) if isinstance(each, _OWN) else each for each in own)


def _pieces(upload: Upload, rules: Rules, piece_bytes: Callable[[int], int]) -> Iterator[Piece]:
    if upload.kind == "jsonl":
        return json_lines.pieces(upload, piece_bytes(upload.size))
    if upload.kind == "csv":
        return csv_rows.pieces(upload, rules, piece_bytes(upload.size))
    if upload.kind == "xlsx":
        return workbook.pieces(upload, rules, piece_bytes)
    if upload.kind == "parquet":
        return parquet.pieces(upload, rules, piece_bytes)
    return files.pieces(upload, piece_bytes(upload.size))


def column_names(upload: Upload) -> tuple[str, ...]:
    """The names of a table's columns, whatever they are. Raises UploadError for an upload that is no table."""
    if upload.kind == "csv":
        return csv_rows.column_names(upload)
    if upload.kind == "xlsx":
        return workbook.column_names(upload)
    if upload.kind == "parquet":
        return parquet.column_names(upload)
    raise UploadError("not a table", expected="CSV, .xlsx or Parquet", place=Place(upload.name))


def file_urls(upload: Upload) -> tuple[str, ...]:
    """The URLs of the files in a folder, in the manifest's order."""
    return files.urls(upload)


def load(piece: Piece, rules: Rules) -> Iterator[Loaded]:
    """Read and check one piece, block by block: what is worked on at a time should fit the caches."""
    match piece:
        case MappedPiece():
            yield from mapped.load(piece, rules)
        case LinesPiece():
            yield from json_lines.load(piece, rules)
        case CellsPiece():
            yield rows.load(piece, rules)
        case TextPiece():
            yield json_lines.load_text(piece, rules)
        case GroupsPiece() | TablePiece():
            yield from parquet.load(piece, rules)
        case FilesPiece():
            yield files.load(piece, rules)
