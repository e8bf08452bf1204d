"""Statements about a region that are valid on every chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.identifiers import Subject
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class TagStatement(TypedMessage):
    """A platform's signed word that a number has this tag under this key epoch. Never goes on chain."""

    TYPE: ClassVar[str] = "TagStatement"
    MEMBERS: ClassVar[MemberTypes] = (
        ("platform", "uint24"),
        ("keyEpoch", "uint32"),
        ("subjectTag", "bytes32"),
        ("scheme", "string"),
        ("number", "string"),
        ("issuedAt", "uint64"),
    )

    domain: LogDomain
    platform: int  #: node number
    key_epoch: int
    subject_tag: bytes = field(repr=False)  #: 32 bytes
    scheme: str
    number: str = field(repr=False)
    issued_at: int  #: unix seconds

    def __post_init__(self) -> None:
        require_hash(self.subject_tag, "subject_tag")

    @property
    def subject(self) -> Subject:
        """The enterprise that the statement is about, as signed; check digits are not checked again."""
        return Subject(self.scheme, self.number)
