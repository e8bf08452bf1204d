"""The report package: a report, the records behind it, proof that there are no others (docs/format.md, section 7).

Like a record package it chooses nothing: the verifier compares what it claims with its own choices.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from creditchain.documents import SECTIONS, Section
from creditchain.errors import Place
from creditchain.merkle import MAX_RUN_PROOF, Leaf, RangeProof
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery, read_consent, read_delivery
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import (
    HASH,
    PACKAGE_LIMITS,
    PackagedBatch,
    PackagedRecord,
    PackagedTag,
    PackageLimits,
    batch_json,
    hexed,
    joined,
    load_json,
    read_batch,
    read_record,
    read_tag,
    record_json,
    tag_json,
)
from creditchain.packages.record_package import RECORD_FORMAT, RecordPackage, read_package

REPORT_FORMAT: Final = "creditchain/report-package@1"
#: As many as a report may name (docs/products.md).
MOST_RECORDS: Final = 2000
#: An opened leaf of a range: its product's number, and its commitment. Tag and section are those of the range.
_LEAF_BYTES: Final = 4 + 32
MOST_RANGES: Final = 100_000
MOST_TAGS: Final = 1000


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record behind the report, and where it was anchored."""

    record: PackagedRecord
    batch: PackagedBatch


@dataclass(frozen=True, slots=True)
class PackagedRange:
    """Proof of all leaves that a batch has for the subject in one section, or that there are none."""

    node: int
    root: bytes  #: of the batch, 32 bytes
    section: Section
    subject_tag: bytes  #: the subject's tag, 32 bytes
    proof: RangeProof

    @property
    def place(self) -> tuple[int, bytes, Section]:
        """What the range covers: node, root and section."""
        return self.node, self.root, self.section


@dataclass(frozen=True, slots=True)
class EpochTag:
    """The subject's tag under one key epoch."""

    key_epoch: int
    tag: PackagedTag


@dataclass(frozen=True, slots=True)
class ReportPackage:
    """A report with everything needed to verify it against the chain."""

    report: PackagedRecord
    records: tuple[OpenedRecord, ...]
    ranges: tuple[PackagedRange, ...]
    tags: tuple[EpochTag, ...]
    consent: PackagedConsent | None = None
    delivery: PackagedDelivery | None = None

    def tag(self, key_epoch: int) -> PackagedTag | None:
        """The subject's tag under an epoch, if the package has it."""
        return next((one.tag for one in self.tags if one.key_epoch == key_epoch), None)

    def packages(self) -> tuple[RecordPackage, ...]:
        """Each record as a package of its own. KeyError if a tag is missing, which parsing refuses."""
        tags = {one.key_epoch: one.tag for one in self.tags}
        return tuple(RecordPackage(one.record, one.batch, tags[one.batch.key_epoch]) for one in self.records)

    def to_json(self) -> bytes:
        """The file's bytes: indented JSON in UTF-8, a line end at its end."""
        return (json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n").encode()

    def as_json(self) -> dict[str, Any]:
        """The package as one JSON object."""
        return {
            "format": REPORT_FORMAT,
            "hash": HASH,
            "report": record_json(self.report),
            "records": [{"record": record_json(one.record), "batch": batch_json(one.batch)} for one in self.records],
            "ranges": [_range_json(one) for one in self.ranges],
            "tags": [{"key_epoch": one.key_epoch, **tag_json(one.tag)} for one in self.tags],
            "consent": None if self.consent is None else self.consent.as_json(),
            "delivery": None if self.delivery is None else self.delivery.as_json(),
        }


def parse_any(raw: bytes, limits: PackageLimits = PACKAGE_LIMITS) -> RecordPackage | ReportPackage:
    """Parse a package of either kind, by the format that it names. Raises PackageError."""
    value = load_json(raw, limits)
    if value.get("format") not in (RECORD_FORMAT, REPORT_FORMAT):
        raise PackageError(
            "this is not a package", expected=f"{RECORD_FORMAT} or {REPORT_FORMAT}", place=Place(field="format")
        )
    return (read_report_package if value["format"] == REPORT_FORMAT else read_package)(value, limits)


def parse_report_package(raw: bytes, limits: PackageLimits = PACKAGE_LIMITS) -> ReportPackage:
    """Parse one report package. Raises PackageError with the field, as `parse_package` does."""
    return read_report_package(load_json(raw, limits), limits)


def read_report_package(value: Mapping[str, Any], limits: PackageLimits = PACKAGE_LIMITS) -> ReportPackage:
    """A report package from its JSON object. Raises PackageError."""
    names = ("format", "hash", "report", "records", "ranges", "tags", "consent", "delivery")
    fields = Fields(value, "", names)
    fields.choice("format", [REPORT_FORMAT])
    fields.choice("hash", [HASH])
    tags = tuple(_tag(value, path) for path, value in fields.items("tags", most=MOST_TAGS))
    _unique("tags", (one.key_epoch for one in tags))
    epochs = {one.key_epoch for one in tags}
    records = tuple(_record(value, path, limits, epochs) for path, value in fields.items("records", most=MOST_RECORDS))
    _unique("records", ((one.batch.node, one.batch.root, one.batch.index) for one in records))
    ranges = tuple(_range(value, path) for path, value in fields.items("ranges", most=MOST_RANGES))
    _unique("ranges", (one.place for one in ranges))
    return ReportPackage(
        report=read_record(fields.raw("report"), "report"),
        records=records,
        ranges=ranges,
        tags=tags,
        consent=read_consent(fields.raw("consent"), "consent") if fields.has("consent") else None,
        delivery=read_delivery(fields.raw("delivery"), "delivery") if fields.has("delivery") else None,
    )


def _unique(name: str, keys: Iterable[object]) -> None:
    """No duplicates: two answers to one question would let a verifier and a reader see different ones."""
    listed = list(keys)
    if len(set(listed)) != len(listed):
        raise PackageError("an item is listed twice", expected="each once", place=Place(field=name))


def _record(value: object, path: str, limits: PackageLimits, epochs: set[int]) -> OpenedRecord:
    fields = Fields(value, path, ("record", "batch"))
    batch = read_batch(fields.raw("batch"), f"{path}.batch", limits)
    if batch.key_epoch not in epochs:
        raise PackageError(
            "the package has no tag for this key epoch",
            expected=f"key epoch {batch.key_epoch} among the tags",
            place=Place(field=f"{path}.batch.key_epoch"),
        )
    return OpenedRecord(read_record(fields.raw("record"), f"{path}.record"), batch)


def _tag(value: object, path: str) -> EpochTag:
    fields = Fields(value, path, ("key_epoch", "subject_tag", "statement"))
    tag = read_tag({name: fields.raw(name) for name in ("subject_tag", "statement")}, path)
    return EpochTag(fields.number("key_epoch", least=1, most=2**32 - 1), tag)


def _range(value: object, path: str) -> PackagedRange:
    names = ("node", "root", "section", "subject_tag", "first", "leaves", "left", "right", "proof")
    fields = Fields(value, path, names)
    section, tag = SECTIONS[fields.choice("section", SECTIONS)], fields.digest("subject_tag")
    return PackagedRange(
        node=fields.number("node", least=1, most=2**24 - 1),
        root=fields.digest("root"),
        section=section,
        subject_tag=tag,
        proof=RangeProof(
            first=fields.number("first"),
            leaves=tuple(
                Leaf(tag, section, int.from_bytes(one[:4], "big"), one[4:])
                for one in fields.pieces("leaves", _LEAF_BYTES, most=MOST_RECORDS)
            ),
            left=_neighbour(fields, "left"),
            right=_neighbour(fields, "right"),
            proof=fields.hashes("proof", most=MAX_RUN_PROOF),
        ),
    )


def _neighbour(outer: Fields, name: str) -> Leaf | None:
    if not outer.has(name):
        return None
    fields = Fields(outer.raw(name), f"{outer.path}.{name}", ("subject_tag", "section", "product", "commitment"))
    return Leaf(
        tag=fields.digest("subject_tag"),
        section=fields.number("section", most=255),
        product=fields.number("product", most=2**32 - 1),
        commitment=fields.digest("commitment"),
    )


def _range_json(one: PackagedRange) -> dict[str, Any]:
    proof = one.proof
    return {
        "node": one.node,
        "root": hexed(one.root),
        "section": one.section.label,
        "subject_tag": hexed(one.subject_tag),
        "first": proof.first,
        "leaves": joined(leaf.product.to_bytes(4, "big") + leaf.commitment for leaf in proof.leaves),
        "left": _neighbour_json(proof.left),
        "right": _neighbour_json(proof.right),
        "proof": joined(proof.proof),
    }


def _neighbour_json(leaf: Leaf | None) -> Mapping[str, Any] | None:
    if leaf is None:
        return None
    return {
        "subject_tag": hexed(leaf.tag),
        "section": leaf.section,
        "product": leaf.product,
        "commitment": hexed(leaf.commitment),
    }
