"""A publisher's part of a report, as one exchange gives it to another (docs/format.md, section 7).

The part of a node can be told from a report package alone, so whoever has the package checks what the node signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from creditchain.documents import JsonLimits, canonical_bytes
from creditchain.errors import Place
from creditchain.hashing import keccak256
from creditchain.log.facts import EntryPlace
from creditchain.messages import Countersignature, LogDomain
from creditchain.packages.delivery import LONGEST_SIGNATURE
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import HASH, PACKAGE_LIMITS, PackageLimits, hexed, load_json
from creditchain.packages.reading import require_format
from creditchain.packages.report_package import (
    MOST_RANGES,
    Countersigned,
    LeafOrigin,
    PackagedRange,
    RangedRecord,
    ReportPackage,
    read_place,
    read_shown,
    shown_json,
)
from creditchain.packages.request_file import RequestFile, parse_request

PART_FORMAT: Final = "creditchain/report-part@1"
ORDER_FORMAT: Final = "creditchain/part-order@1"
ORDER_MEMBERS: Final = ("request", "node", "entries")
_JCS_LIMITS: Final = JsonLimits(max_bytes=PACKAGE_LIMITS.package_bytes, max_depth=PACKAGE_LIMITS.depth)
#: A request file with its texts, and the entries.
_ORDER_LIMITS: Final = PackageLimits(package_bytes=1 << 20, values=100_000, depth=10)


@dataclass(frozen=True, slots=True)
class PublisherPart:
    """What a report shows of one node: ranges of its books and batches, and the records that these open."""

    node: int
    ranges: tuple[PackagedRange, ...]
    records: tuple[RangedRecord, ...]  #: `range` is the place among these ranges
    origins: tuple[LeafOrigin, ...]

    @property
    def digest(self) -> bytes:
        """keccak-256 of the JCS bytes of the part, 32 bytes: what the node signs."""
        value = {"node": self.node, **shown_json(self.ranges, self.records, self.origins)}
        return keccak256(canonical_bytes(value, _JCS_LIMITS))

    def countersignature(self, log_id: bytes, request: bytes, given_at: int) -> Countersignature:
        """The message that the node signs. `request`: struct hash of the request; `given_at`: unix seconds."""
        return Countersignature(LogDomain(log_id), self.node, request, self.digest, given_at)


def part_of(package: ReportPackage, node: int) -> PublisherPart:
    """What a report package shows of a node, in the package's order."""
    places = [place for place, one in enumerate(package.ranges) if one.node == node]
    own = {place: number for number, place in enumerate(places)}
    return PublisherPart(
        node,
        tuple(package.ranges[place] for place in places),
        tuple(replace(one, range=own[one.range]) for one in package.records if one.range in own),
        tuple(one for one in package.origins if one.node == node),
    )


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part with its node's countersignature: what a publisher's exchange answers."""

    log_id: bytes  #: 32 bytes
    request: bytes  #: struct hash of the request that it was given for, 32 bytes
    part: PublisherPart
    signed: Countersigned

    @property
    def message(self) -> Countersignature:
        """What was signed."""
        return self.part.countersignature(self.log_id, self.request, self.signed.given_at)

    def to_json(self) -> bytes:
        """The bytes that `parse_part` reads."""
        part, signed = self.part, self.signed
        value: dict[str, Any] = {
            "format": PART_FORMAT,
            "hash": HASH,
            "log_id": hexed(self.log_id),
            "request": hexed(self.request),
            "node": part.node,
            **shown_json(part.ranges, part.records, part.origins),
            "given_at": signed.given_at,
            "signature": hexed(signed.signature),
        }
        return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def parse_part(raw: bytes, tags: Mapping[int, bytes], limits: PackageLimits = PACKAGE_LIMITS) -> SignedPart:
    """Parse a part. Raises PackageError, also if a range or an origin is of another node.

    Args:
        tags: the subject's tag (32 bytes) by key epoch, from the reader's own hands.
    """
    value = load_json(raw, limits)
    require_format(value, PART_FORMAT)
    names = ("log_id", "request", "node", "records", "ranges", "origins", "given_at", "signature")
    fields = Fields(value, "", ("format", "hash", *names))
    fields.choice("hash", [HASH])
    node = fields.number("node", least=1, most=2**24 - 1)
    ranges, records, origins = read_shown(fields, tags, limits)
    for name, nodes in (("ranges", [one.node for one in ranges]), ("origins", [one.node for one in origins])):
        if any(one != node for one in nodes):
            raise PackageError("a part shows another node's leaves", expected=f"node {node}", place=Place(field=name))
    given_at = fields.number("given_at", most=2**40 - 1)
    signature = fields.blob("signature", most=LONGEST_SIGNATURE)
    part = PublisherPart(node, ranges, records, origins)
    return SignedPart(fields.digest("log_id"), fields.digest("request"), part, Countersigned(node, given_at, signature))


@dataclass(frozen=True, slots=True)
class PartOrder:
    """What a provider asks a publisher's exchange for: the part of a node, from these books and batches."""

    file: RequestFile  #: the institution's request, to the provider
    node: int
    entries: tuple[EntryPlace, ...]  #: of Book and Anchor entries

    @property
    def digest(self) -> bytes:
        """keccak-256 of the node's number (3 bytes) and of the entries' indexes (7 bytes each), 32 bytes."""
        return keccak256(self.node.to_bytes(3) + b"".join(one.index.to_bytes(7) for one in self.entries))

    def to_json(self) -> bytes:
        """The bytes that `parse_part_order` reads."""
        value = {
            "format": ORDER_FORMAT,
            "request": json.loads(self.file.to_json()),
            "node": self.node,
            "entries": [[one.index, one.block] for one in self.entries],
        }
        return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def parse_part_order(raw: bytes) -> PartOrder:
    """Parse what a provider asks for. Raises PackageError with the field."""
    value = load_json(raw, _ORDER_LIMITS)
    require_format(value, ORDER_FORMAT)
    fields = Fields(value, "", ("format", *ORDER_MEMBERS))
    file = parse_request(json.dumps(fields.mapping("request")).encode())
    entries = tuple(read_place(one, path) for path, one in fields.items("entries", most=MOST_RANGES))
    if not entries or len({one.index for one in entries}) != len(entries):
        raise PackageError("the entries have to be one or more, each once", place=Place(field="entries"))
    return PartOrder(file, fields.number("node", least=1, most=2**24 - 1), entries)
