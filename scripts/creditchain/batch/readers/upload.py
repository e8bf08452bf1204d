"""An upload: its location, its kind, and the digest by which the same upload is recognised.

Any fsspec URL works (`s3://…`, `https://…`); a plain path is a local file.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import fsspec
from fsspec.core import url_to_fs

from creditchain.batch.errors import StorageError, UploadError, storage
from creditchain.batch.ordered import ordered
from creditchain.batch.readers.reading import USUAL, Reading
from creditchain.errors import Place

Kind = Literal["jsonl", "csv", "xlsx", "parquet", "folder"]
SUFFIXES: dict[str, Kind] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
MANIFEST = "manifest.csv"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)")

#: Bytes of a block of the digest; part of its definition.
_BLOCK = 16 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, or a folder of files with its manifest. `size` is in bytes; of a folder, that of the manifest."""

    url: str
    kind: Kind
    size: int
    reading: Reading = USUAL

    @property
    def name(self) -> str:
        """Its name in errors: the last part of the URL."""
        return public_name(self.url).rstrip("/").rsplit("/", 1)[-1]


def find_upload(url: str | Path, reading: Reading = USUAL) -> Upload:
    """Find an upload. Raises UploadError for an unknown kind, StorageError if there is no such file."""
    text = str(url)
    _require_utf8(text)
    files, path = _locate(text)
    try:
        if files.isdir(path):
            manifest = f"{path.rstrip('/')}/{MANIFEST}"
            if not files.exists(manifest):
                raise UploadError(
                    "a folder of files needs its manifest", expected=MANIFEST, place=Place(public_name(text))
                )
            return Upload(text, "folder", int(files.size(manifest) or 0), reading)
        size = files.size(path)
    except OSError as error:
        raise StorageError(
            "the upload cannot be read", found=error.strerror or type(error).__name__, place=Place(public_name(text))
        ) from error
    suffix = "." + path.rsplit("/", 1)[-1].rsplit(".", 1)[-1].lower()
    if suffix not in SUFFIXES:
        raise UploadError(
            "an unknown kind of upload",
            expected=", ".join((*SUFFIXES, "a folder with " + MANIFEST)),
            place=Place(public_name(text)),
        )
    if size is None:
        raise StorageError("the store does not say how large the upload is", place=Place(public_name(text)))
    if size == 0:
        raise UploadError("the upload is empty", place=Place(public_name(text)))
    return Upload(text, SUFFIXES[suffix], int(size), reading)


def absolute(url: str) -> str:
    """The same upload, named so that it is found from any folder."""
    return url if "://" in url else str(Path(url).absolute())


def open_at(url: str, start: int = 0) -> IO[bytes]:
    """The upload's bytes from `start` on. Raises StorageError."""
    with storage("the upload"):
        if not is_url(url):
            handle: IO[bytes] = _open_local(Path(url))
        else:
            handle = fsspec.open(url, "rb").open()
        handle.seek(start)
        return handle


def is_url(text: str) -> bool:
    """Whether a text is a URL, also one of several stores (`simplecache::s3://…`), rather than a local path."""
    return _URL.match(text) is not None


def public_name(url: str) -> str:
    """An upload's address as errors may show it: of a URL neither user and password nor the query, which sign it."""
    return re.sub(r"//[^/]*@", "//", url.split("?", 1)[0]) if is_url(url) else url


def _open_local(path: Path) -> IO[bytes]:
    # A pipe would be waited for without end, and is gone once it was read.
    if not stat.S_ISREG(mode := path.stat().st_mode) and not stat.S_ISDIR(mode):
        raise UploadError("not a file", hint="Pipes and devices cannot be read twice: save the upload as a file.")
    return path.open("rb")


def upload_digest(upload: Upload, files: tuple[str, ...] = ()) -> bytes:
    """32 bytes that stand for the upload's content: sha256 over the sha256 of each 16 MiB, in order.

    Where the upload is read in another way than usual, that is mixed in: other documents come of the same bytes.
    `files` are the URLs of a folder's files in the manifest's order; they follow the manifest.
    """
    whole = hashlib.sha256()
    main = f"{upload.url.rstrip('/')}/{MANIFEST}" if upload.kind == "folder" else upload.url
    with ThreadPoolExecutor(2) as pool:
        for url in (main, *files):
            for digest in ordered(pool, _block_digest, _blocks(url), window=4):
                whole.update(digest)
    return upload.reading.identify(whole.digest())


def _block_digest(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def _blocks(url: str) -> Iterator[bytes]:
    with storage("the upload"), open_at(url) as handle:
        while block := handle.read(_BLOCK):
            yield block


def _require_utf8(text: str) -> None:
    """Names of files are bytes. One that is no text cannot be written down, shown or backed up."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise UploadError(
            "the name of the upload is not UTF-8",
            place=Place(shown),
            hint="Rename it; `convmv -f gbk -t utf-8 --notest FILE` does so for a name written in GBK.",
        ) from error


def _locate(url: str) -> tuple[Any, str]:
    try:
        files, path = url_to_fs(url)
    except (ValueError, ImportError, OSError) as error:
        raise UploadError("such a URL cannot be read", found=str(error), place=Place(public_name(url))) from error
    return files, str(path)
