"""Messages that enterprises sign about consents. ConsentToken checks both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import keccak256, require_hash
from creditchain.messages.domains import LogDomain, require_address
from creditchain.messages.typed import MemberTypes, TypedMessage

#: Values of `key` and of digests that mean "none".
NO_KEY = "0x" + "00" * 20
NO_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Consent(TypedMessage):
    """What an enterprise agrees to. Signed by its key and a platform; by the platform alone if on paper."""

    TYPE: ClassVar[str] = "Consent"
    MEMBERS: ClassVar[MemberTypes] = (
        ("log", "bytes32"),
        ("institution", "uint24"),
        ("platform", "uint24"),
        ("key", "address"),
        ("subject", "bytes32"),
        ("sections", "uint8"),
        ("domains", "uint32"),
        ("purpose", "uint8"),
        ("dataFrom", "uint32"),
        ("dataTo", "uint32"),
        ("notBefore", "uint40"),
        ("notAfter", "uint40"),
        ("uses", "uint32"),
        ("keepDays", "uint16"),
        ("notice", "bytes32"),
        ("paper", "bytes32"),
        ("deadline", "uint40"),
    )

    domain: LogDomain
    log: bytes  #: id of the region's log, 32 bytes
    institution: int  #: node that may ask
    platform: int  #: node that endorses
    key: str  #: the enterprise's key for this institution, an address with its EIP-55 checksum; NO_KEY on paper
    subject: bytes  #: subject digest, 32 bytes, with a salt of its own
    sections: int  #: bit n for section n
    domains: int  #: bit set
    purpose: int  #: purpose code
    data_from: int  #: first day the records may be about, YYYYMMDD
    data_to: int  #: last such day
    not_before: int  #: unix seconds, inclusive
    not_after: int  #: unix seconds, inclusive
    uses: int  #: number of deliveries
    keep_days: int  #: days after a delivery for which the institution may keep it
    notice: bytes  #: digest of the notice the enterprise was shown, 32 bytes
    paper: bytes  #: digest of the signed paper; NO_DIGEST when `key` signs
    deadline: int  #: unix seconds until which it can be granted, inclusive

    def __post_init__(self) -> None:
        require_address(self.key, "key")
        for name in ("log", "subject", "notice", "paper"):
            require_hash(getattr(self, name), name)

    @property
    def id(self) -> bytes:
        """The token id, 32 bytes: the struct hash."""
        return self.struct_hash()

    @property
    def on_paper(self) -> bool:
        """Whether the enterprise signed on paper, so that only the platform's signature is needed."""
        return self.key == NO_KEY


@dataclass(frozen=True, slots=True)
class Revocation(TypedMessage):
    """An enterprise revokes its consent for good. Signed by the consent's key."""

    TYPE: ClassVar[str] = "Revocation"
    MEMBERS: ClassVar[MemberTypes] = (("consent", "bytes32"),)

    domain: LogDomain
    consent: bytes  #: token id, 32 bytes

    def __post_init__(self) -> None:
        require_hash(self.consent, "consent")


@dataclass(frozen=True, slots=True)
class Pause(TypedMessage):
    """An enterprise pauses its consent. Signed by the consent's key."""

    TYPE: ClassVar[str] = "Pause"
    MEMBERS: ClassVar[MemberTypes] = (("consent", "bytes32"), ("turn", "uint16"), ("deadline", "uint40"))

    domain: LogDomain
    consent: bytes  #: token id, 32 bytes
    turn: int  #: one more than the number of pauses and resumptions so far, so odd
    deadline: int  #: unix seconds until which it can be relayed, inclusive

    def __post_init__(self) -> None:
        require_hash(self.consent, "consent")


@dataclass(frozen=True, slots=True)
class Resumption(TypedMessage):
    """An enterprise resumes its consent. Members as of `Pause`; `turn` is even. Signed by the consent's key."""

    TYPE: ClassVar[str] = "Resumption"
    MEMBERS: ClassVar[MemberTypes] = Pause.MEMBERS

    domain: LogDomain
    consent: bytes
    turn: int
    deadline: int

    def __post_init__(self) -> None:
        require_hash(self.consent, "consent")


def subject_digest(subject_tag: bytes, salt: bytes) -> bytes:
    """keccak256(0x05 || subject_tag[32] || salt[32]), 32 bytes: how consents and requests name a subject on chain."""
    return keccak256(b"\x05" + require_hash(subject_tag, "subject_tag") + require_hash(salt, "salt"))


def salted_digest(salt: bytes, content: bytes) -> bytes:
    """keccak256(0x06 || salt[32] || content): used for staff, lists of queries, reasons, notices and papers."""
    return keccak256(b"\x06" + require_hash(salt, "salt") + content)
