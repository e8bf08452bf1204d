"""JSON Lines: one document a line, UTF-8, lines end with a line feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from creditchain.batch.accepting.bulk_lines import Lines
from creditchain.batch.accepting.lines import accept_lines
from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers.pieces import LinesPiece
from creditchain.batch.readers.upload import Upload, open_at
from creditchain.documents import DOCUMENT_LIMITS
from creditchain.errors import Place

_BOM = b"\xef\xbb\xbf"
_STEP = 64 << 10
#: Bytes of lines that are decoded at a time.
BLOCK_BYTES = 2 << 20


def pieces(upload: Upload, piece_bytes: int) -> Iterator[LinesPiece]:
    """Byte ranges of about `piece_bytes`. Raises UploadError for a byte order mark or an encoding that is no UTF-8."""
    _check_head(upload)
    for start in range(0, upload.size, piece_bytes):
        stop = min(start + piece_bytes, upload.size)
        yield LinesPiece(upload.url, start, stop, last=stop == upload.size)


def load(piece: LinesPiece, rules: Rules) -> Iterator[Loaded]:
    """The records of the lines that begin in the piece, block by block; lines count from 1 in each."""
    for start in range(piece.start, piece.stop, BLOCK_BYTES):
        stop = min(start + BLOCK_BYTES, piece.stop)
        block = LinesPiece(piece.url, start, stop, last=piece.last and stop == piece.stop)
        lines = read_lines(block)
        loaded = accept_lines(lines, rules)
        yield replace(loaded, problems=torn(block, lines, loaded.problems))


def read_lines(piece: LinesPiece) -> Lines:
    """The lines that begin in the piece. The last may reach past it; one longer than documents may be is cut."""
    before = min(piece.start, 1)  # one byte more tells whether a line begins where the piece does
    with storage("the upload"), open_at(piece.url, piece.start - before) as handle:
        length = piece.stop - piece.start + before
        raw = handle.read(length + _STEP)
        if len(raw) < length:
            raise UploadError("the upload became shorter while it was read", place=Place(piece.url))
        begin = raw.find(b"\n", 0, length) + 1 if before else 0
        if before and begin == 0:
            return Lines(b"")  # one long line that began earlier covers the piece
        end = raw.find(b"\n", length - 1)
        if end < 0 and len(raw) == length + _STEP:
            raw, end = _with_rest_of_line(raw, handle)
    return Lines(memoryview(raw)[begin : len(raw) if end < 0 else end + 1])


def torn(piece: LinesPiece, lines: Lines, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Say of a bad last line that ends the file without a line feed what it most likely is."""
    last = problems[-1] if problems else None
    if not piece.last or last is None or last.line != len(lines) or last.field is not None:
        return problems
    with storage("the upload"), open_at(piece.url, piece.stop - 1) as handle:
        ended = handle.read(1) == b"\n"
    if ended:
        return problems
    told = replace(
        last, message="the last line is torn: the file ends in the middle of it", hint="Send the upload again."
    )
    return (*problems[:-1], told)


def _with_rest_of_line(raw: bytes, handle: IO[bytes]) -> tuple[bytes, int]:
    """What was read with what follows up to a line feed, and where that is; -1 where there is none."""
    read = bytearray(raw)
    while block := handle.read(_STEP):
        read += block
        if (end := block.find(b"\n")) >= 0:
            return bytes(read), len(read) - len(block) + end
        if len(read) > len(raw) + DOCUMENT_LIMITS.max_bytes:
            break  # too long for a document whatever follows; accept_text will say so
    return bytes(read), -1


def _check_head(upload: Upload) -> None:
    with storage("the upload"), open_at(upload.url) as handle:
        head = handle.read(4)
    place = Place(upload.name, 1)
    if head.startswith(_BOM):
        raise UploadError("the file starts with a byte order mark", expected="UTF-8 without one", place=place)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in head:
        raise UploadError(
            "the file is not UTF-8", expected="UTF-8", found="what looks like UTF-16 or UTF-32", place=place
        )
