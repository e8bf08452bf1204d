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
from creditchain.batch.readers.encodings import SAMPLE_BYTES, UTF_8, UTF_8_MARK, decoded_lines, wrong_encoding
from creditchain.batch.readers.pieces import LinesPiece, TextPiece
from creditchain.batch.readers.upload import Upload, open_at, public_name
from creditchain.documents import DOCUMENT_LIMITS
from creditchain.errors import Place

_STEP = 64 << 10
#: Bytes of lines that are decoded at a time.
BLOCK_BYTES = 2 << 20


def pieces(upload: Upload, piece_bytes: int) -> Iterator[LinesPiece | TextPiece]:
    """Byte ranges of about `piece_bytes`, or decoded text. Raises UploadError for a wrong encoding."""
    if upload.reading.encoding != UTF_8:
        yield from _decoded(upload, piece_bytes)
        return
    origin = _origin(upload)
    for start in range(origin, upload.size, piece_bytes):
        stop = min(start + piece_bytes, upload.size)
        yield LinesPiece(upload.url, start, stop, last=stop == upload.size, origin=origin)


def _decoded(upload: Upload, piece_bytes: int) -> Iterator[TextPiece]:
    """The lines as UTF-8, decoded in order: not every encoding shows a worker where a line begins."""
    gathered: list[bytes] = []
    size = 0
    with storage("the upload"), open_at(upload.url) as handle:
        for line in decoded_lines(handle, upload.reading.encoding, upload.name):
            gathered.append(line.encode("utf-8", "surrogatepass"))
            size += len(gathered[-1])
            if size >= piece_bytes:
                yield TextPiece(b"".join(gathered), size, last=False)
                gathered, size = [], 0
    if gathered:
        yield TextPiece(b"".join(gathered), size, last=True)


def load_text(piece: TextPiece, rules: Rules) -> Loaded:
    """The records of decoded lines."""
    lines = Lines(piece.text)
    loaded = accept_lines(lines, rules)
    return replace(loaded, problems=_torn(lines, loaded.problems)) if piece.last else loaded


def load(piece: LinesPiece, rules: Rules) -> Iterator[Loaded]:
    """The records of the lines that begin in the piece, block by block; lines count from 1 in each."""
    for block in _cut(piece):
        lines = read_lines(block)
        loaded = accept_lines(lines, rules)
        yield replace(loaded, problems=torn(block, lines, loaded.problems))


def blocks(piece: LinesPiece) -> Iterator[Lines]:
    """The lines that begin in the piece, block by block."""
    return map(read_lines, _cut(piece))


def _cut(piece: LinesPiece) -> Iterator[LinesPiece]:
    for start in range(piece.start, piece.stop, BLOCK_BYTES):
        stop = min(start + BLOCK_BYTES, piece.stop)
        yield LinesPiece(piece.url, start, stop, last=piece.last and stop == piece.stop, origin=piece.origin)


def read_lines(piece: LinesPiece) -> Lines:
    """The lines that begin in the piece. The last may reach past it; one longer than a document may be is cut."""
    before = 0 if piece.start == piece.origin else 1  # one byte more tells whether a line begins where the piece does
    with storage("the upload"), open_at(piece.url, piece.start - before) as handle:
        length = piece.stop - piece.start + before
        raw = handle.read(length + _STEP)
        if len(raw) < length:
            raise UploadError("the upload became shorter while it was read", place=Place(public_name(piece.url)))
        begin = raw.find(b"\n", 0, length) + 1 if before else 0
        if before and begin == 0:
            return Lines(b"")  # one long line that began earlier covers the piece
        end = raw.find(b"\n", length - 1)
        if end < 0 and len(raw) == length + _STEP:
            raw, end = _with_rest_of_line(raw, handle)
    return Lines(memoryview(raw)[begin : len(raw) if end < 0 else end + 1])


def torn(piece: LinesPiece, lines: Lines, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Explain a bad last line without a line feed: most likely the file was cut off."""
    return _torn(lines, problems) if piece.last else problems


def _torn(lines: Lines, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    last = problems[-1] if problems else None
    if last is None or last.line != len(lines) or last.field is not None or lines.ended:
        return problems
    message = "the last line is torn: the file ends in the middle of it"
    return (*problems[:-1], replace(last, message=message, hint="Send the upload again."))


def _with_rest_of_line(raw: bytes, handle: IO[bytes]) -> tuple[bytes, int]:
    """What was read and what follows up to the next line feed, and its place; -1 if there is none."""
    read = bytearray(raw)
    while block := handle.read(_STEP):
        read += block
        if (end := block.find(b"\n")) >= 0:
            return bytes(read), len(read) - len(block) + end
        if len(read) > len(raw) + DOCUMENT_LIMITS.max_bytes:
            break  # too long for a document whatever follows; accept_text will say so
    return bytes(read), -1


def _origin(upload: Upload) -> int:
    """Where the text begins: after a byte order mark. Raises UploadError where the file as a whole is not UTF-8."""
    with storage("the upload"), open_at(upload.url) as handle:
        head = handle.read(SAMPLE_BYTES)
    if head.startswith(UTF_8_MARK):
        return len(UTF_8_MARK)
    lines = head.split(b"\n")[: -1 if len(head) == SAMPLE_BYTES else None]
    # A few such lines are faults of those lines; if it is most of them, the file has another encoding.
    if b"\x00" in head[:4] or sum(map(_is_utf_8, lines)) < len(lines) / 2:
        raise wrong_encoding(UTF_8, [head], upload.name, 1, 0)
    return 0


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
