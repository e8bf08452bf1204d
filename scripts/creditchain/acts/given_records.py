"""The records that acts are given: by name, and with their package where one is at hand."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.anchors import find_anchor
from creditchain.chain.region import Region
from creditchain.errors import InputError, Place
from creditchain.log.views import RecordName
from creditchain.merkle import verify_inclusion
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of


@dataclass(frozen=True, slots=True)
class GivenRecord:
    """A record by its name and, if one is at hand, its package: with it a wrong file is noticed."""

    name: RecordName
    package: RecordPackage | None = None


def given_package(package: RecordPackage) -> GivenRecord:
    """The record that a package holds."""
    return GivenRecord(RecordName(package.batch.node, leaf_of(package)), package)


def require_of_region(region: Region, record: GivenRecord) -> None:
    """Raise InputError if the record's package is of another region's log."""
    ours = region.deployment.log_id
    if record.package is not None and record.package.batch.log_id != ours:
        raise InputError(
            "the package is of another region's log",
            expected="0x" + ours.hex(),
            found="0x" + record.package.batch.log_id.hex(),
            place=Place(field="batch.log_id"),
        )


def require_anchored(region: Region, record: GivenRecord) -> None:
    """Raise InputError if the record's package does not show a record that its node anchored.

    The contract takes any leaf. With a package at hand a wrong file is noticed before anything is written.
    """
    require_of_region(region, record)
    package, name = record.package, record.name
    if package is None:
        return
    batch = package.batch
    anchor = find_anchor(region, name.node, batch.key_epoch, batch.root, near=batch.block)
    named = (batch.node, leaf_of(package)) == (name.node, name.leaf)
    if (
        not named
        or anchor is None
        or not verify_inclusion(name.leaf, batch.index, anchor.size, batch.proof, batch.root)
    ):
        raise InputError(
            "the package does not show a record that this node anchored", hint="Check it with `creditchain verify`."
        )
