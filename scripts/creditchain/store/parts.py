"""Parts of reports that a publisher gave to other providers: each is here, durably, before anybody sees it.

A row holds what was asked, by whom and for what, and the digest that was signed; nothing says which enterprise it is
about. What was given is kept for a while beside it, sealed, so that the same order gets the same part again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sqlalchemy import Index, LargeBinary, String, Text, UniqueConstraint, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditchain.home.journal import Base, Journal
from creditchain.home.sealing import Sealed
from creditchain.messages import QueryRequest
from creditchain.packages.delivery import message_json


class GivenPartRow(Base):
    """One part. Digests are 32 bytes, times unix seconds, the message the JSON of its members."""

    __tablename__ = "given_parts"
    __table_args__ = (
        UniqueConstraint("log_id", "request", "node", "order"),
        Index("given_parts_by_consent", "log_id", "consent"),
        Index(
            "parts_to_drop",
            "drop_after",
            sqlite_where=text("drop_after IS NOT NULL"),
            postgresql_where=text("drop_after IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    request: Mapped[bytes] = mapped_column(LargeBinary(32))
    node: Mapped[int]
    order: Mapped[bytes] = mapped_column(LargeBinary(32))
    institution: Mapped[int]
    provider: Mapped[int]
    consent: Mapped[bytes] = mapped_column(LargeBinary(32))
    request_message: Mapped[str] = mapped_column(Text)
    request_signature: Mapped[bytes] = mapped_column(LargeBinary)
    part: Mapped[bytes] = mapped_column(LargeBinary(32))
    records: Mapped[int]
    given_at: Mapped[int]
    sealing_key: Mapped[str | None] = mapped_column(String(32), index=True)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    drop_after: Mapped[int | None]  #: unix seconds, where a consent allows less than the key lasts


@dataclass(frozen=True, slots=True)
class GivenPart:
    """What was given: for which request, whose part, of how many records. Digests have 32 bytes."""

    request: QueryRequest
    signature: bytes  #: of the request, by the institution
    node: int
    order: bytes  #: digest of the order
    part: bytes  #: digest of the part
    records: int
    given_at: int  #: unix seconds


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A part that was given before, as it was answered; None once that was dropped."""

    given_at: int  #: unix seconds
    answer: Sealed | None = field(repr=False)


class GivenParts:
    """The parts that were given from one region's log."""

    def __init__(self, journal: Journal, log_id: bytes) -> None:
        self._journal, self._log_id = journal, log_id

    def find(self, request: bytes, node: int, order: bytes) -> KnownPart | None:
        """The part for an order; None if it was not given. Raises JournalError."""
        with self._journal.read() as session:
            return self._known(session, request, node, order)

    def give(self, made: GivenPart, answer: Sealed, drop_after: int | None = None) -> KnownPart | None:
        """Write a part down, durably. None: it is; else the one that was written for the same order before.

        `drop_after`: until when the answer may be kept (unix seconds); None: as long as its key.
        """
        request = made.request
        with self._journal.write() as session:
            known = self._known(session, request.id, made.node, made.order)
            if known is not None:
                return known
            session.add(
                GivenPartRow(
                    log_id=self._log_id,
                    request=request.id,
                    node=made.node,
                    order=made.order,
                    institution=request.institution,
                    provider=request.provider,
                    consent=request.consent,
                    request_message=json.dumps(message_json(request)),
                    request_signature=made.signature,
                    part=made.part,
                    records=made.records,
                    given_at=made.given_at,
                    sealing_key=answer.key,
                    data=answer.data,
                    drop_after=drop_after,
                )
            )
        return None

    def count(self) -> int:
        """How many parts were given."""
        with self._journal.read() as session:
            rows = select(func.count()).where(GivenPartRow.log_id == self._log_id)
            return int(session.execute(rows).scalar_one())

    def drop_answers(self, sealing_key: str) -> int:
        """Forget what was answered under a key. Returns how many answers that were."""
        with self._journal.write() as session:
            found = session.scalars(
                update(GivenPartRow)
                .where(GivenPartRow.sealing_key == sealing_key)
                .values(sealing_key=None, data=None, drop_after=None)
                .returning(GivenPartRow.id)
            )
            return len(found.all())

    def drop_due(self, time: int) -> int:
        """Forget what was answered and may not be kept at `time` (unix seconds). Returns how many answers that were."""
        with self._journal.write() as session:
            found = session.scalars(
                update(GivenPartRow)
                .where(GivenPartRow.log_id == self._log_id, GivenPartRow.drop_after < time)
                .values(sealing_key=None, data=None, drop_after=None)
                .returning(GivenPartRow.id)
            )
            return len(found.all())

    def _known(self, session: Session, request: bytes, node: int, order: bytes) -> KnownPart | None:
        row = session.scalars(
            select(GivenPartRow).where(
                GivenPartRow.log_id == self._log_id,
                GivenPartRow.request == request,
                GivenPartRow.node == node,
                GivenPartRow.order == order,
            )
        ).one_or_none()
        if row is None:
            return None
        kept = row.sealing_key is not None and row.data is not None
        return KnownPart(row.given_at, Sealed(row.sealing_key or "", row.data or b"") if kept else None)
