"""A folder of files: the bytes of each file are a document; `manifest.csv` says about whom.

Columns of the manifest: file, number, section, domain, media_type, and optionally scheme (USCC by default).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from creditchain.batch.accepting.loaded import Collector, Loaded
from creditchain.batch.accepting.rules import Rules, accept_file
from creditchain.batch.accepting.table import shown
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers.csv_rows import header, read_rows
from creditchain.batch.readers.pieces import FilesPiece, ManifestRow
from creditchain.batch.readers.upload import MANIFEST, Upload, is_url, open_at
from creditchain.batch.records import Record
from creditchain.documents import DOMAINS, SECTIONS
from creditchain.errors import Place
from creditchain.identifiers import USCC, IdentifierError, parse_subject

COLUMNS = ("file", "number", "section", "domain", "media_type")
#: Size limit of a file, in bytes.
MAX_FILE_BYTES = 256 << 20
_FILES = 256
#: What the system says where a name is not that of a file.
_NO_FILE = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


def pieces(upload: Upload, piece_bytes: int) -> Iterator[FilesPiece]:
    """Lines of the manifest, a few hundred at a time. Raises UploadError for a wrong header."""
    del piece_bytes  # sizes of the files are not known here; the number of them bounds a piece
    names, rows = _manifest(upload)
    for start in range(0, len(rows), _FILES):
        part = tuple(rows[start : start + _FILES])
        yield FilesPiece(upload.url, names, part, max(1, upload.size * len(part) // max(1, len(rows))))


def urls(upload: Upload) -> tuple[str, ...]:
    """The URLs of the files that the manifest names, in its order. Raises UploadError."""
    names, rows = _manifest(upload)
    at = names.index("file")
    return tuple(
        _url(upload.url, row.cells[at]) for row in rows if not isinstance(row.cells, Problem) and _safe(row.cells[at])
    )


def load(piece: FilesPiece, rules: Rules) -> Loaded:
    """The records of the files."""
    collector = Collector()
    for row in piece.rows:
        if isinstance(row.cells, Problem):
            collector.problems.append(row.cells)
            continue
        cells = dict(zip(piece.names, row.cells, strict=True))
        collector.take(row.line, lambda cells=cells: _record(piece.url, cells, rules))  # type: ignore[misc]
    return collector.loaded(len(piece.rows), numbered=True)


def _manifest(upload: Upload) -> tuple[tuple[str, ...], list[ManifestRow]]:
    with storage("the manifest"), open_at(f"{upload.url.rstrip('/')}/{MANIFEST}") as handle:
        read = read_rows(handle, MANIFEST)
        names = header(read, MANIFEST)
        for name in COLUMNS:
            if name not in names:
                raise UploadError("the manifest lacks a column", expected=name, place=Place(MANIFEST, 1, name))
        if extra := [name for name in names if name not in (*COLUMNS, "scheme")]:
            expected = ", ".join((*COLUMNS, "scheme"))
            place = Place(MANIFEST, 1, shown(extra[0]))
            raise UploadError("the manifest has a column that it cannot have", expected=expected, place=place)
        rows = [ManifestRow(line, cells) for line, cells in read]
    if not rows:
        raise UploadError("the manifest names no file", place=Place(MANIFEST))
    return names, rows


def _record(folder: str, cells: dict[str, str], rules: Rules) -> Record:
    if not _safe(cells["file"]) or not _inside(folder, cells["file"]):
        expected = "a relative path without .. and without links that lead out"
        raise UploadError("not a path inside the folder", expected=expected, place=Place(field="file"))
    for name, known in (("section", SECTIONS), ("domain", DOMAINS)):
        if cells[name] not in known:
            raise UploadError(f"no such {name}", expected=", ".join(known), place=Place(field=name))
    try:
        subject = parse_subject(cells.get("scheme") or USCC, cells["number"], rules.exceptions)
    except IdentifierError as error:
        raise error.at(Place(field="number")) from None
    content = _content(_url(folder, cells["file"]))
    return accept_file(
        content, cells["media_type"], subject, SECTIONS[cells["section"]], DOMAINS[cells["domain"]], rules
    )


def _content(url: str) -> bytes:
    try:
        with open_at(url) as handle:
            content = handle.read(MAX_FILE_BYTES + 1)
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _NO_FILE:
            raise UploadError("there is no such file in the folder", place=Place(field="file")) from error
        raise
    if len(content) > MAX_FILE_BYTES:
        raise UploadError(
            "the file is too large", expected=f"at most {MAX_FILE_BYTES} bytes", place=Place(field="file")
        )
    return content


def _url(folder: str, file: str) -> str:
    return f"{folder.rstrip('/')}/{PurePosixPath(file)}"  # a path, so that `x://y` in it is no address


def _inside(folder: str, file: str) -> bool:
    """Whether a file of a local folder is inside it once links are followed: a received folder may hold any."""
    if is_url(folder):
        return True
    try:
        return Path(_url(folder, file)).resolve().is_relative_to(Path(folder).resolve())
    except (OSError, RuntimeError):  # links that lead to each other
        return False


def _safe(file: str) -> bool:
    path = PurePosixPath(file)
    return bool(file) and not path.is_absolute() and ".." not in path.parts and "\\" not in file and "\x00" not in file
