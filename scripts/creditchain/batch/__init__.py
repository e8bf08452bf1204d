"""Batches: read an upload, seal it, sort it, build its tree, and keep it as a folder named by its root."""

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import BatchError, Problem, StorageError, UploadError
from creditchain.batch.folder.manifest import Manifest, Terms
from creditchain.batch.folder.opened import BatchFolder, StoredDocument, open_batch
from creditchain.batch.making.pipeline import Prepared, Series, prepare
from creditchain.batch.making.task import Faults, Limits
from creditchain.batch.readers.upload import Upload, find_upload
from creditchain.batch.sealing import Seals

__all__ = [
    "BatchError",
    "BatchFolder",
    "Faults",
    "Limits",
    "Manifest",
    "Prepared",
    "Problem",
    "Rules",
    "Seals",
    "Series",
    "StorageError",
    "StoredDocument",
    "Terms",
    "Upload",
    "UploadError",
    "find_upload",
    "open_batch",
    "prepare",
]
