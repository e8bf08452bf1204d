"""The record package: the file a verifier gets for one record (docs/format.md, section 7).

Parsing is verification step 1. The verifier chooses chain, contracts and hash; what the package says about them is
compared with that choice, never followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.packages.fields import Fields
from creditchain.packages.parts import (
    HASH,
    PACKAGE_LIMITS,
    PackagedBatch,
    PackagedRecord,
    PackagedTag,
    PackageLimits,
    SignedTagStatement,
    batch_json,
    load_json,
    parse_statement,
    read_batch,
    read_record,
    read_tag,
    record_json,
    tag_json,
)

RECORD_FORMAT: Final = "creditchain/record-package@1"

__all__ = [
    "HASH",
    "PACKAGE_LIMITS",
    "RECORD_FORMAT",
    "PackageLimits",
    "PackagedBatch",
    "PackagedRecord",
    "PackagedTag",
    "RecordPackage",
    "SignedTagStatement",
    "load_json",
    "parse_package",
    "parse_statement",
]


@dataclass(frozen=True, slots=True)
class RecordPackage:
    """One record with its place in a batch and its subject tag."""

    record: PackagedRecord
    batch: PackagedBatch
    tag: PackagedTag
    #: Cells and entries under a checkpoint, as JSON gave them (`checkpoints.facts` reads them); None: none.
    facts: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_json(self) -> bytes:
        """The file's bytes: indented JSON in UTF-8, a line end at its end."""
        return (json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n").encode()

    def as_json(self) -> dict[str, Any]:
        """The package as one JSON object."""
        return {
            "format": RECORD_FORMAT,
            "hash": HASH,
            "record": record_json(self.record),
            "batch": batch_json(self.batch),
            "tag": tag_json(self.tag),
            **({} if self.facts is None else {"facts": self.facts}),
        }


def parse_package(raw: bytes, limits: PackageLimits = PACKAGE_LIMITS) -> RecordPackage:
    """Parse one record package.

    Raises PackageError with the field: too large, too deep, not JSON, duplicate names, missing or extra fields, another
    format or hash, values of the wrong shape.
    """
    return read_package(load_json(raw, limits), limits)


def read_package(value: Mapping[str, Any], limits: PackageLimits = PACKAGE_LIMITS) -> RecordPackage:
    """A record package from its JSON object. Raises PackageError."""
    fields = Fields(value, "", ("format", "hash", "record", "batch", "tag"), ("facts",))
    fields.choice("format", [RECORD_FORMAT])
    fields.choice("hash", [HASH])
    return RecordPackage(
        record=read_record(fields.raw("record"), "record"),
        batch=read_batch(fields.raw("batch"), "batch", limits),
        tag=read_tag(fields.raw("tag"), "tag"),
        facts=fields.mapping("facts") if fields.has("facts") else None,
    )
