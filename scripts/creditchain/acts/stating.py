"""A platform states whose tag it is. The statement is judged as a verifier will judge it, before it is handed out.

A statement of somebody who is no platform in good standing is worth nothing, and in a package it would take the place
of one that counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.errors import ConfigError, InputError, NotValidError, Place, RefusedError
from creditchain.evidence.record import EvidenceFetcher, live_evidence
from creditchain.identifiers import Subject, epoch_digest, subject_tag
from creditchain.log.reading import StateReading
from creditchain.messages import LogDomain, TagStatement
from creditchain.packages.parts import SignedTagStatement
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.subject import check_signature
from creditchain.verification.verdict import Outcome, Step
from creditchain.vocabulary import NodeStatus, Role


def state_tag(region: Region, signer: Signer, platform: int, subject: Subject, key: bytes) -> SignedTagStatement:
    """Sign that a subject has the tag that `key` (32 bytes) gives, under the key's epoch.

    Raises:
        InputError: the signer is not the current key of this platform, or the node is no active platform. Nothing was
            signed.
        ConfigError: the key is of no epoch of this region.
    """
    return state_tag_in(live_evidence(region), signer, platform, subject, key)


def state_tag_in(
    fetcher: EvidenceFetcher, signer: Signer, platform: int, subject: Subject, key: bytes
) -> SignedTagStatement:
    """The same by facts as of a final block. Raises as `state_tag`."""
    block, reading = fetcher.block, fetcher.reading
    _require_platform(reading, signer, platform)
    epoch = _epoch_of(reading, key)
    tag = subject_tag(key, subject)
    domain = LogDomain(fetcher.origin.log_id)
    message = TagStatement(domain, platform, epoch, tag, subject.scheme, subject.number, block.time)
    statement = SignedTagStatement(platform, epoch, tag, subject, block.time, signer.sign_typed(message.typed_data()))
    step = _judged(fetcher, statement)
    if step.outcome is not Outcome.PASSED:  # pragma: no cover - membership changed while this ran
        raise RefusedError(f"the statement would not be believed: {step.reason.en}")
    return statement


def put_statement(
    region: Region, package: RecordPackage, statement: SignedTagStatement, *, instead: bool = False
) -> RecordPackage:
    """The package with the statement in it.

    Args:
        instead: take the place of another platform's statement that holds.
    Raises:
        InputError: the package's tag is not the one that is stated.
        RefusedError: the package has a statement of another platform, which holds.
    """
    if package.tag.subject_tag != statement.subject_tag or package.batch.key_epoch != statement.key_epoch:
        raise InputError(
            "the package's tag is not this subject's under this key epoch",
            hint="Is it the key of the package's epoch?",
            place=Place(field="tag.subject_tag"),
        )
    known = package.tag.statement
    if known is not None and known.platform != statement.platform and not instead and _holds(region, package, known):
        raise RefusedError(
            f"the package has a statement of platform {known.platform}, which holds",
            hint="It is enough for a verifier. Replace it with --force.",
        )
    return replace(package, tag=replace(package.tag, statement=statement))


@dataclass(frozen=True, slots=True)
class CheckedStatement:
    """A statement that a platform in good standing signed; `computed` says whether the key gave the same tag."""

    statement: SignedTagStatement
    computed: bool


def check_statement(region: Region, statement: SignedTagStatement, key: bytes | None = None) -> CheckedStatement:
    """Check that an active platform of this region signed it and, with the epoch's key, that it is true.

    Raises:
        NotValidError: no. ConfigError: the key is not that of the statement's epoch.
    """
    fetcher = live_evidence(region)
    step = _judged(fetcher, statement)
    if step.outcome is not Outcome.PASSED:
        raise NotValidError(step.reason.en)
    if key is None:
        return CheckedStatement(statement, computed=False)
    if epoch_digest(key) != fetcher.key_epoch_digest(statement.key_epoch):
        raise ConfigError("the tag key given is not the key of the statement's epoch")
    if subject_tag(key, statement.subject) != statement.subject_tag:
        raise NotValidError("the platform signed a tag that is not this subject's")
    return CheckedStatement(statement, computed=True)


def _judged(fetcher: EvidenceFetcher, statement: SignedTagStatement) -> Step:
    return check_signature(statement, fetcher.origin, fetcher.signer(statement))


def _holds(region: Region, package: RecordPackage, known: SignedTagStatement) -> bool:
    about = (known.subject_tag, known.key_epoch, known.subject)
    right = about == (package.tag.subject_tag, package.batch.key_epoch, package.record.subject)
    return right and _judged(live_evidence(region), known).outcome is Outcome.PASSED


def _require_platform(reading: StateReading, signer: Signer, platform: int) -> None:
    node = reading.members.node(platform)
    if node is None or node.role != Role.PLATFORM or node.status != NodeStatus.ACTIVE:
        role = "no node" if node is None else f"{NodeStatus(node.status).label} {Role(node.role).label}"
        raise InputError(f"node {platform} cannot state tags", expected="an active platform", found=role)
    if node.operator is None or node.operator.lower() != signer.address.lower():
        raise InputError(
            "the signer is not the key of this platform",
            expected=f"the operator of node {platform}",
            found=f"a key of node {reading.members.node_of(signer.address) or 'nobody'}",
        )


def _epoch_of(reading: StateReading, key: bytes) -> int:
    digest = epoch_digest(key)
    for epoch in range(reading.current_key_epoch(), 0, -1):
        if reading.key_epoch_digest(epoch) == digest:
            return epoch
    raise ConfigError("the tag key given is not the key of any epoch of this region", hint="See `creditchain epoch`.")
