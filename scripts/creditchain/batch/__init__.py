"""Batches: read an upload, seal it, sort it, build its tree, and keep it as a folder named by its root."""

from creditchain.batch.accept import Rules
from creditchain.batch.errors import BatchError, Problem, StorageError, UploadError
from creditchain.batch.folder import BatchFolder, StoredDocument, open_batch
from creditchain.batch.making import Faults, Limits
from creditchain.batch.manifest import Manifest, Terms
from creditchain.batch.pipeline import Prepared, prepare
from creditchain.batch.seal import Seals
from creditchain.batch.upload import Upload, find_upload

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
    "StorageError",
    "StoredDocument",
    "Terms",
    "Upload",
    "UploadError",
    "find_upload",
    "open_batch",
    "prepare",
]
