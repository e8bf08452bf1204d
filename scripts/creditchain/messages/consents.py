"""Messages that enterprises sign about consents. ConsentToken checks both."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Final

from creditchain.errors import InputError
from creditchain.hashing import checksummed, keccak256, require_hash
from creditchain.messages.domains import LogDomain, require_address
from creditchain.messages.typed import MemberTypes, TypedMessage

#: Values of `key` and of digests that mean "none".
NO_KEY = "0x" + "00" * 20
NO_DIGEST = bytes(32)

#: A consent as calls and log hold it (docs/format.md section 5): institution, platform, sections, domains, purpose,
#: dataFrom, dataTo, notBefore, notAfter, uses, keepDays, deadline, subject, notice; then key or paper. Numbers of three
#: and five bytes are split: the upper byte, and the rest.
_FORM: Final = struct.Struct(">BHBHBBHBIIIIHHBI32s32s")
_FORM_BITS: Final = {
    **{"institution": 24, "platform": 24, "sections": 8, "domains": 24, "purpose": 8, "data_from": 32, "data_to": 32},
    **{"not_before": 32, "not_after": 32, "uses": 16, "keep_days": 16, "deadline": 40},
}
_KEY_BYTES: Final = 20
#: Bytes of a consent that a key signs, and of one on paper.
FORM_BYTES: Final = (_FORM.size + _KEY_BYTES, _FORM.size + 32)


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

    def form(self) -> bytes:
        """What calls and the log hold of it: all members but `log`, 120 bytes with a key, 132 on paper.

        InputError if a number does not fit, or if it has both a key and a paper.
        """
        if not self.on_paper and self.paper != NO_DIGEST:
            raise InputError("a consent has both a key and a paper", expected="one of them")
        for name, bits in _FORM_BITS.items():
            if not 0 <= getattr(self, name) < 1 << bits:
                expected, found = f"from 0 to {(1 << bits) - 1}", str(getattr(self, name))
                raise InputError(f"{name} of a consent does not fit into the log", expected=expected, found=found)
        numbers = _FORM.pack(
            *(self.institution >> 16, self.institution & 0xFFFF, self.platform >> 16, self.platform & 0xFFFF),
            *(self.sections, self.domains >> 16, self.domains & 0xFFFF, self.purpose),
            *(self.data_from, self.data_to, self.not_before, self.not_after, self.uses, self.keep_days),
            *(self.deadline >> 32, self.deadline & 0xFFFFFFFF, self.subject, self.notice),
        )
        return numbers + (self.paper if self.on_paper else bytes.fromhex(self.key[2:]))

    @classmethod
    def of_form(cls, form: bytes, log: bytes) -> Consent:
        """The consent with this form, for a log (its id, 32 bytes). ValueError if it is none."""
        if len(form) not in FORM_BYTES:
            raise ValueError(f"a consent has {FORM_BYTES[0]} or {FORM_BYTES[1]} bytes, not {len(form)}")
        one, two, three, four, sections, five, six, purpose, *days, high, low, subject, notice = _FORM.unpack_from(form)
        data_from, data_to, not_before, not_after, uses, keep_days = days
        last = form[_FORM.size :]
        key = checksummed(last) if len(last) == _KEY_BYTES else NO_KEY
        return cls(
            LogDomain(log), log, one << 16 | two, three << 16 | four, key, subject, sections, five << 16 | six, purpose,
            data_from, data_to, not_before, not_after, uses, keep_days, notice,
            last if len(last) > _KEY_BYTES else NO_DIGEST, high << 32 | low,
        )  # fmt: skip


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
