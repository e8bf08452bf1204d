"""The message by which an exchange signs a file that it gave to a regulator. No contract checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class QueryExport(TypedMessage):
    """This file is all that an exchange answered in a period. Signed by the exchange's operator, or its host's."""

    TYPE: ClassVar[str] = "QueryExport"
    MEMBERS: ClassVar[MemberTypes] = (
        ("exchange", "uint24"),
        ("file", "bytes32"),
        ("since", "uint40"),
        ("until", "uint40"),
        ("rows", "uint40"),
        ("madeAt", "uint40"),
    )

    domain: LogDomain
    exchange: int  #: the node that serves the exchange
    file: bytes  #: sha-256 of the file's bytes, 32 bytes
    since: int  #: first second of the period, unix seconds
    until: int  #: end of the period, not included, unix seconds
    rows: int  #: queries in the file
    made_at: int  #: unix seconds

    def __post_init__(self) -> None:
        require_hash(self.file, "file")
