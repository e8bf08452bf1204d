"""The report package: a report, the records behind it, proof that there are no others (docs/format.md, section 7).

Like a record package it chooses nothing: the verifier compares what it claims with its own choices. What it says of
blocks, cells and entries only tells a verifier what to ask for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from creditchain.documents import SECTIONS, Section
from creditchain.errors import Place
from creditchain.log.facts import EntryPlace
from creditchain.merkle import MAX_RUN_PROOF, Leaf, RangeProof
from creditchain.packages.delivery import (
    LONGEST_SIGNATURE,
    PackagedConsent,
    PackagedDelivery,
    read_consent,
    read_delivery,
)
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import (
    HASH,
    PACKAGE_LIMITS,
    PackagedRecord,
    PackagedTag,
    PackageLimits,
    hexed,
    joined,
    load_json,
    read_record,
    read_tag,
    record_json,
    tag_json,
)
from creditchain.packages.record_package import RECORD_FORMAT, RecordPackage, read_package

REPORT_FORMAT: Final = "creditchain/report-package@1"
#: As many as a report may name (docs/products.md).
MOST_RECORDS: Final = 2000
#: An opened leaf of a range: its section, its product's number, its commitment. The tag is that of the key epoch.
_LEAF_BYTES: Final = 1 + 4 + 32
#: A leaf beside a range: tag, section, product, commitment.
_KEY_BYTES: Final = 32 + _LEAF_BYTES
MOST_RANGES: Final = 20_000
#: Leaves that all ranges open together: each is hashed, and its life and disputes are looked up.
MOST_LEAVES: Final = 20_000
MOST_TAGS: Final = 1000
#: Publishers that countersign.
MOST_PARTS: Final = 1000
#: Cells and entries that a verifier is told to ask for.
MOST_CELLS: Final = 100_000
MOST_ENTRIES: Final = 20_000


@dataclass(frozen=True, slots=True)
class RangedRecord:
    """A record behind the report, and which range of the package opens its leaf: its place in `ranges`, from 0."""

    record: PackagedRecord
    range: int


@dataclass(frozen=True, slots=True)
class PackagedRange:
    """Proof of all leaves that a book or a batch has for the subject in some sections, or that there are none."""

    node: int  #: whose book or batch
    key_epoch: int
    place: EntryPlace  #: of the book or of the batch's anchor in the log
    sections: tuple[Section, Section]  #: the first and the last one, by their numbers
    proof: RangeProof

    def covers(self, section: Section) -> bool:
        """Whether the range shows all leaves of this section."""
        return self.sections[0] <= section <= self.sections[1]


@dataclass(frozen=True, slots=True)
class LeafOrigin:
    """Which batch holds a leaf that a range of a book opens, with an inclusion proof: since when it was published."""

    node: int
    leaf: bytes  #: leaf hash, 32 bytes
    place: EntryPlace  #: of the batch's anchor
    index: int  #: of the leaf in the batch, from 0
    proof: tuple[bytes, ...]  #: sibling hashes from the leaf up, 32 bytes each


@dataclass(frozen=True, slots=True)
class Countersigned:
    """A publisher's signature under its part of the report: all that the package shows of its books and batches."""

    node: int
    given_at: int  #: unix seconds, by the publisher's word
    signature: bytes  #: over `Countersignature`

    def as_json(self) -> dict[str, Any]:
        """What `read_report_package` reads."""
        return {"node": self.node, "given_at": self.given_at, "signature": hexed(self.signature)}


@dataclass(frozen=True, slots=True)
class Reads:
    """What a verifier will need from the log besides what follows from the rest of the package."""

    cells: tuple[bytes, ...] = ()  #: keys, 32 bytes each
    entries: tuple[EntryPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class EpochTag:
    """The subject's tag under one key epoch."""

    key_epoch: int
    tag: PackagedTag


@dataclass(frozen=True)
class ReportPackage:
    """A report with everything needed to verify it against the chain."""

    log_id: bytes  #: the region's log, 32 bytes
    report: PackagedRecord
    records: tuple[RangedRecord, ...]
    ranges: tuple[PackagedRange, ...]
    tags: tuple[EpochTag, ...]
    origins: tuple[LeafOrigin, ...] = ()
    countersigned: tuple[Countersigned, ...] = ()
    reads: Reads = Reads()
    consent: PackagedConsent | None = None
    delivery: PackagedDelivery | None = None
    #: Cells and entries under a checkpoint, as JSON gave them (`checkpoints.facts` reads them); None: none.
    facts: Mapping[str, Any] | None = field(default=None, repr=False)

    def tag(self, key_epoch: int) -> PackagedTag | None:
        """The subject's tag under an epoch, if the package has it."""
        return self._tags.get(key_epoch)

    @cached_property
    def _tags(self) -> Mapping[int, PackagedTag]:
        return {one.key_epoch: one.tag for one in self.tags}

    @cached_property
    def gaps(self) -> Mapping[int, str] | None:
        """Publishers whose part the report says it lacks, each with the reason; None if that cannot be read."""
        try:
            listed = json.loads(self.report.content)["data"].get("gaps", [])
            return {int(one["node"]): str(one["reason"]) for one in listed}
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    @property
    def named_entries(self) -> tuple[EntryPlace, ...]:
        """Every entry that the package names."""
        return (
            *(one.place for one in self.ranges),
            *(one.place for one in self.origins),
            *self.reads.entries,
        )

    def to_json(self) -> bytes:
        """The file's bytes: JSON in UTF-8 without spaces, since hundreds of kilobytes go over the wire; a line end."""
        return (json.dumps(self.as_json(), ensure_ascii=False, separators=(",", ":")) + "\n").encode()

    def as_json(self) -> dict[str, Any]:
        """The package as one JSON object."""
        return {
            "format": REPORT_FORMAT,
            "hash": HASH,
            "log_id": hexed(self.log_id),
            "report": record_json(self.report),
            **shown_json(self.ranges, self.records, self.origins),
            "countersigned": [one.as_json() for one in self.countersigned],
            "tags": [{"key_epoch": one.key_epoch, **tag_json(one.tag)} for one in self.tags],
            "reads": {
                "cells": joined(self.reads.cells),
                "entries": [[one.index, one.block] for one in self.reads.entries],
            },
            "consent": None if self.consent is None else self.consent.as_json(),
            "delivery": None if self.delivery is None else self.delivery.as_json(),
            **({} if self.facts is None else {"facts": self.facts}),
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
    names = (
        *("format", "hash", "log_id", "report", "records", "ranges", "origins", "countersigned", "tags", "reads"),
        *("consent", "delivery"),
    )
    fields = Fields(value, "", names, ("facts",))
    fields.choice("format", [REPORT_FORMAT])
    fields.choice("hash", [HASH])
    tags = tuple(_tag(value, path) for path, value in fields.items("tags", most=MOST_TAGS))
    _unique("tags", (one.key_epoch for one in tags))
    by_epoch = {one.key_epoch: one.tag.subject_tag for one in tags}
    ranges, records, origins = read_shown(fields, by_epoch, limits)
    signed = tuple(_countersigned(value, path) for path, value in fields.items("countersigned", most=MOST_PARTS))
    _unique("countersigned", (one.node for one in signed))
    return ReportPackage(
        log_id=fields.digest("log_id"),
        report=read_record(fields.raw("report"), "report"),
        records=records,
        ranges=ranges,
        tags=tags,
        origins=origins,
        countersigned=signed,
        reads=_reads(fields.raw("reads")),
        consent=read_consent(fields.raw("consent"), "consent") if fields.has("consent") else None,
        delivery=read_delivery(fields.raw("delivery"), "delivery") if fields.has("delivery") else None,
        facts=fields.mapping("facts") if fields.has("facts") else None,
    )


def read_shown(
    fields: Fields, tags: Mapping[int, bytes], limits: PackageLimits
) -> tuple[tuple[PackagedRange, ...], tuple[RangedRecord, ...], tuple[LeafOrigin, ...]]:
    """`ranges`, `records` and `origins` of an object. `tags`: of the subject, by key epoch. Raises PackageError."""
    ranges = _ranges(fields, tags)
    _unique("ranges", ((one.place.index, one.sections) for one in ranges))
    records = tuple(_record(value, path, len(ranges)) for path, value in fields.items("records", most=MOST_RECORDS))
    _unique("records", ((one.range, one.record.product, one.record.section, one.record.commitment) for one in records))
    origins = tuple(_origin(value, path, limits) for path, value in fields.items("origins", most=MOST_RECORDS))
    _unique("origins", ((one.node, one.leaf) for one in origins))
    return ranges, records, origins


def shown_json(
    ranges: Iterable[PackagedRange], records: Iterable[RangedRecord], origins: Iterable[LeafOrigin]
) -> dict[str, Any]:
    """What `read_shown` reads."""
    return {
        "records": [{"record": record_json(one.record), "range": one.range} for one in records],
        "ranges": [_range_json(one) for one in ranges],
        "origins": [_origin_json(one) for one in origins],
    }


def _unique(name: str, keys: Iterable[object]) -> None:
    """No duplicates: two answers to one question would let a verifier and a reader see different ones."""
    listed = list(keys)
    if len(set(listed)) != len(listed):
        raise PackageError("an item is listed twice", expected="each once", place=Place(field=name))


def _record(value: object, path: str, ranges: int) -> RangedRecord:
    fields = Fields(value, path, ("record", "range"))
    if not ranges:
        raise PackageError("a record without a range", expected="a range", place=Place(field=f"{path}.range"))
    return RangedRecord(read_record(fields.raw("record"), f"{path}.record"), fields.number("range", most=ranges - 1))


def _tag(value: object, path: str) -> EpochTag:
    fields = Fields(value, path, ("key_epoch", "subject_tag", "statement"))
    tag = read_tag({name: fields.raw(name) for name in ("subject_tag", "statement")}, path)
    return EpochTag(fields.number("key_epoch", least=1, most=2**32 - 1), tag)


def _ranges(fields: Fields, tags: Mapping[int, bytes]) -> tuple[PackagedRange, ...]:
    found, leaves = [], 0
    for path, value in fields.items("ranges", most=MOST_RANGES):
        found.append(_range(value, path, tags))
        leaves += len(found[-1].proof.leaves)
        if leaves > MOST_LEAVES:
            raise PackageError(
                "the ranges open too many leaves",
                expected=f"at most {MOST_LEAVES} in all ranges together",
                found=f"{leaves} up to this range",
                place=Place(field=f"{path}.leaves"),
            )
    return tuple(found)


def _range(value: object, path: str, tags: Mapping[int, bytes]) -> PackagedRange:
    names = ("node", "key_epoch", "entry", "block", "sections", "first", "leaves", "left", "right", "proof")
    fields = Fields(value, path, names)
    epoch = fields.number("key_epoch", least=1, most=2**32 - 1)
    if epoch not in tags:
        raise PackageError(
            "the package has no tag for this key epoch",
            expected=f"key epoch {epoch} among the tags",
            place=Place(field=f"{path}.key_epoch"),
        )
    return PackagedRange(
        node=_node(fields),
        key_epoch=epoch,
        place=_place(fields),
        sections=_sections(fields),
        proof=RangeProof(
            first=fields.number("first"),
            leaves=tuple(_leaf(tags[epoch] + one) for one in fields.pieces("leaves", _LEAF_BYTES, most=MOST_RECORDS)),
            left=_neighbour(fields, "left"),
            right=_neighbour(fields, "right"),
            proof=fields.hashes("proof", most=MAX_RUN_PROOF),
        ),
    )


def _node(fields: Fields) -> int:
    return fields.number("node", least=1, most=2**24 - 1)


def _place(fields: Fields) -> EntryPlace:
    return EntryPlace(fields.number("entry"), fields.number("block"))


def _sections(fields: Fields) -> tuple[Section, Section]:
    """The first and the last section, each by name."""
    items = [value for _, value in fields.items("sections", most=2)]
    named = [SECTIONS[name] for name in items if isinstance(name, str) and name in SECTIONS]
    if len(items) != 2 or len(named) != 2 or named[0] > named[1]:
        raise PackageError(
            "the value has the wrong shape",
            expected="names of the first and the last section of the range",
            place=Place(field=f"{fields.path}.sections"),
        )
    return named[0], named[1]


def _leaf(key: bytes) -> Leaf:
    return Leaf(key[:32], key[32], int.from_bytes(key[33:37], "big"), key[37:])


def _neighbour(fields: Fields, name: str) -> Leaf | None:
    if not fields.has(name):
        return None
    pieces = fields.pieces(name, _KEY_BYTES, most=1)
    if not pieces:
        raise PackageError(
            "the value has the wrong shape",
            expected=f"base64 of {_KEY_BYTES} bytes, or null",
            place=Place(field=f"{fields.path}.{name}"),
        )
    return _leaf(pieces[0])


def _origin(value: object, path: str, limits: PackageLimits) -> LeafOrigin:
    fields = Fields(value, path, ("node", "leaf", "entry", "block", "index", "proof"))
    return LeafOrigin(
        node=_node(fields),
        leaf=fields.digest("leaf"),
        place=_place(fields),
        index=fields.number("index"),
        proof=fields.hashes("proof", most=limits.path),
    )


def _countersigned(value: object, path: str) -> Countersigned:
    fields = Fields(value, path, ("node", "given_at", "signature"))
    signature = fields.blob("signature", most=LONGEST_SIGNATURE)
    return Countersigned(_node(fields), fields.number("given_at", most=2**40 - 1), signature)


def _reads(value: object) -> Reads:
    fields = Fields(value, "reads", ("cells", "entries"))
    return Reads(
        cells=fields.pieces("cells", 32, most=MOST_CELLS),
        entries=tuple(read_place(one, path) for path, one in fields.items("entries", most=MOST_ENTRIES)),
    )


def read_place(value: object, path: str) -> EntryPlace:
    """An entry of the log and its block, `[index, block]`. Raises PackageError."""
    if isinstance(value, list) and len(value) == 2 and all(type(one) is int and 0 <= one < 2**53 for one in value):
        return EntryPlace(*value)
    raise PackageError(
        "the value has the wrong shape", expected="an entry's index and its block", place=Place(field=path)
    )


def _range_json(one: PackagedRange) -> dict[str, Any]:
    proof = one.proof
    return {
        "node": one.node,
        "key_epoch": one.key_epoch,
        "entry": one.place.index,
        "block": one.place.block,
        "sections": [section.label for section in one.sections],
        "first": proof.first,
        "leaves": joined(_key(leaf)[32:] for leaf in proof.leaves),
        "left": None if proof.left is None else joined([_key(proof.left)]),
        "right": None if proof.right is None else joined([_key(proof.right)]),
        "proof": joined(proof.proof),
    }


def _key(leaf: Leaf) -> bytes:
    return leaf.tag + bytes([leaf.section]) + leaf.product.to_bytes(4, "big") + leaf.commitment


def _origin_json(one: LeafOrigin) -> dict[str, Any]:
    return {
        "node": one.node,
        "leaf": hexed(one.leaf),
        "entry": one.place.index,
        "block": one.place.block,
        "index": one.index,
        "proof": joined(one.proof),
    }
