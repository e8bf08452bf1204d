"""Complaints of enterprises about an exchange, and its answers: due within 30 days (Regulation, art. 26)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Index, LargeBinary, Select, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.errors import InputError, RefusedError
from creditchain.home.journal import Base, Journal

#: Seconds within which a complaint has to be answered.
ANSWER_WITHIN: Final = 30 * 86_400


class ComplaintRow(Base):
    """One complaint."""

    __tablename__ = "complaints"
    __table_args__ = (Index("complaints_by_consent", "log_id", "consent"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    consent: Mapped[bytes] = mapped_column(LargeBinary(32))
    text: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[int]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[int | None]


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint. Times are unix seconds."""

    number: int
    consent: bytes  #: by which the enterprise showed who it is
    text: str = field(repr=False)
    filed_at: int
    answer: str | None = field(repr=False)
    answered_at: int | None

    @property
    def due_at(self) -> int:
        """Until when it has to be answered."""
        return self.filed_at + ANSWER_WITHIN

    def overdue(self, time: int) -> bool:
        """Whether it is not answered, and should be."""
        return self.answered_at is None and time > self.due_at


class ComplaintUnknownError(InputError):
    """There is no complaint of this number."""


class ComplaintAnsweredError(RefusedError):
    """The complaint was answered before, with other words."""


class Complaints:
    """The complaints at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def file(self, consent: bytes, text: str, time: int) -> Complaint:
        """Write a complaint down, durably; the same words under the same consent, not answered yet, are one."""
        with self._journal.write() as session:
            same = self._rows().where(
                ComplaintRow.consent == consent, ComplaintRow.text == text, ComplaintRow.answered_at.is_(None)
            )
            row = session.scalars(same.limit(1)).one_or_none()
            if row is None:
                row = ComplaintRow(
                    log_id=self._log_id, exchange=self._exchange, consent=consent, text=text, filed_at=time
                )
                session.add(row)
                session.flush()
            return _complaint(row)

    def answer(self, number: int, text: str, time: int) -> Complaint:
        """Answer a complaint; once. Raises ComplaintUnknownError, ComplaintAnsweredError, JournalError."""
        with self._journal.write() as session:
            row = session.scalars(self._rows().where(ComplaintRow.id == number)).one_or_none()
            if row is None:
                raise ComplaintUnknownError("there is no such complaint", found=str(number))
            if row.answered_at is not None and row.answer != text:
                raise ComplaintAnsweredError("the complaint was answered before, with other words")
            if row.answered_at is None:
                row.answer, row.answered_at = text, time
            return _complaint(row)

    def of(self, consents: Collection[bytes]) -> Sequence[Complaint]:
        """Those that were filed by these consents, the oldest first."""
        return self._found(self._rows().where(ComplaintRow.consent.in_(list(consents))))

    def all(self, *, unanswered: bool) -> Sequence[Complaint]:
        """All, or those that are not answered, the oldest first."""
        return self._found(self._rows().where(ComplaintRow.answered_at.is_(None)) if unanswered else self._rows())

    def _found(self, query: Select[ComplaintRow]) -> Sequence[Complaint]:
        with self._journal.read() as session:
            return [_complaint(row) for row in session.scalars(query.order_by(ComplaintRow.id))]

    def _rows(self) -> Select[ComplaintRow]:
        return select(ComplaintRow).where(ComplaintRow.log_id == self._log_id, ComplaintRow.exchange == self._exchange)


def _complaint(row: ComplaintRow) -> Complaint:
    return Complaint(row.id, row.consent, row.text, row.filed_at, row.answer, row.answered_at)
